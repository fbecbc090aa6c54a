"""The articles of files, folders and tables, one after the other in a fixed order, to be read when their turn comes.

Text, Markdown and HTML files are an article each; JSON Lines, CSV and Parquet files hold one in each row. What cannot
be read comes as a source that raises when it is read, so that nothing is lost and nothing stops the rest. Knows
articles, nothing of models or results.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from claims.decoding import encoding_of
from claims.document import ENDINGS, MAX_BYTES, Document, source_name
from claims.errors import DocumentError
from claims.language import language_code

TABLES = (".jsonl", ".jsonl.gz", ".ndjson", ".csv", ".parquet")
"""Endings of files that hold an article in each row."""

SAMPLE_BYTES = 1_000_000  # of a table of text, by which its encoding is told
LONGEST_ROW = 2 * MAX_BYTES  # bytes; a longer line is no article


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table hold what; `language`, `title` and `date` are used where there are such columns."""

    text: str = "text"
    id: str | None = None
    """What tells the rows apart; None: `id` where there is such a column, else their numbers."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where one article is read from."""

    key: str
    """The whole path, for a row with its id or number behind it: the same wherever a command runs."""
    name: str
    """The same with the path as it was given."""
    stamp: str
    """Changes when the file does."""
    n_bytes: int
    """About how much there is to read."""
    read: Callable[[], Document]
    """Reads it. Raises: DocumentError."""
    table: str | None = None
    """The key of the file of which it is a row."""


@dataclass
class Listing:
    """The sources of some files and folders; iterated as often as you like."""

    paths: Sequence[Path]
    glob: str | None = None
    """Which files of a folder to read, by the path from there, as in `*.txt` or `2024/*`; None: by their endings."""
    language: str | None = None
    """The language of all articles; None: of each as it says or as is detected."""
    columns: Columns = Columns()

    def __iter__(self) -> Iterator[Source]:
        """Each source, files of a folder by name, rows of a table as they stand."""
        for path in self.files():
            yield from self._sources(path)

    def files(self) -> Iterator[Path]:
        """The files, tables not opened. Raises: DocumentError when a path does not exist."""
        for path in self.paths:
            if not os.path.lexists(path):
                raise DocumentError(f"{source_name(path)}: no such file or folder; check the path")
        for path in self.paths:
            if _is_folder(path):
                yield from (found for found in _walk(path, set()) if self._takes(found, path))
            else:
                yield path

    def has_tables(self) -> bool:
        """Whether there are more sources than files, perhaps."""
        return any(_ending(path) in TABLES for path in self.files())

    def n_others(self) -> int:
        """How many files of the folders are left aside, for their endings or the glob."""
        folders = list(filter(_is_folder, self.paths))
        return sum(not self._takes(found, folder) for folder in folders for found in _walk(folder, set()))

    def _takes(self, path: Path, folder: Path) -> bool:
        """Whether to read a file of a folder. A folder that cannot be listed is taken too, so that it is reported."""
        if self.glob is None:
            return _ending(path) in (*ENDINGS, *TABLES) or _is_folder(path)
        from_folder = str(path.relative_to(folder))
        return fnmatchcase(from_folder, self.glob) or fnmatchcase(path.name, self.glob) or _is_folder(path)

    def _sources(self, path: Path) -> Iterator[Source]:
        name, key = source_name(path), source_key(path)
        try:
            status = path.stat()
        except OSError as error:
            yield _failing(key, name, "", f"cannot be read ({error.strerror}); check the path")
            return
        stamp = f"{status.st_size}-{status.st_mtime_ns}"
        if stat.S_ISDIR(status.st_mode):
            yield _failing(key, name, stamp, "a folder that cannot be listed; change its permissions")
        elif not stat.S_ISREG(status.st_mode):
            yield _failing(key, name, stamp, "not a regular file; leave it out or make it one")
        elif _ending(path) in TABLES:
            yield from self._rows(path, name, stamp)
        else:
            yield Source(key, name, stamp, status.st_size, partial(Document.read, path, language=self.language))

    def _rows(self, path: Path, name: str, stamp: str) -> Iterator[Source]:
        table = source_key(path)
        seen: set[int] = set()
        number = 0
        try:
            for number, row in enumerate(_READERS[_ending(path)](path, self.columns), start=1):
                id = f"#{number}"
                if isinstance(row, DocumentError):
                    yield _failing(table + id, name + id, stamp, str(row))
                    continue
                stated = row.get(self.columns.id or "id")
                if stated is not None and stated != "":
                    id = f"#{_plain(str(stated))}"
                elif self.columns.id:
                    trouble = f"no {self.columns.id!r} in this row; choose another with --id-column"
                    yield _failing(table + id, name + id, stamp, trouble)
                    continue
                if hash(id) in seen:
                    id = f"{id} ({number})"
                    yield _failing(table + id, name + id, stamp, "an earlier row has the same id; make it another")
                    continue
                seen.add(hash(id))
                text = row.get(self.columns.text)
                n_bytes = len(text) if isinstance(text, str) else 0
                yield Source(table + id, name + id, stamp, n_bytes, partial(self._document, name + id, row), table)
        except (OSError, EOFError, csv.Error, UnicodeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            where = f"after row {number}, " if number else ""
            yield _failing(table, name, stamp, f"{where}cannot be read ({reason}); mend the file")
        except DocumentError as error:
            yield _failing(table, name, stamp, str(error))

    def _document(self, name: str, row: Mapping[str, Any]) -> Document:
        text = row.get(self.columns.text)
        if self.columns.text in row and (text is None or text == "" or (isinstance(text, str) and not text.strip())):
            raise DocumentError(f"{name}: no text in it; leave the row out")
        if not isinstance(text, str):
            others = ", ".join(map(repr, list(row)[:8])) or "none"
            raise DocumentError(
                f"{name}: no text in column {self.columns.text!r}; choose one with --text-column (there are: {others})"
            )
        title = stated if isinstance(stated := row.get("title"), str) else None
        day = row.get("date")
        date = day.isoformat()[:10] if isinstance(day, datetime.date) else _plain(day) if isinstance(day, str) else None
        document = Document.from_text(text, source=name, language=self.language or _language(row), title=title)
        if not document.text.strip():
            raise DocumentError(f"{name}: no text in it; leave the row out")
        return replace(document, date=date) if date else document


def _language(row: Mapping[str, Any]) -> str | None:
    """The language of a row, where it names one."""
    for column in ("language", "lang"):
        if isinstance(stated := row.get(column), str):
            try:
                return language_code(stated)
            except DocumentError:
                continue
    return None


def source_key(path: str | Path) -> str:
    """The whole path as text, as `source_name` writes it: the same in whichever folder a command runs."""
    return source_name(os.path.abspath(path))  # noqa: PTH100  # leaves links as they are


def _plain(text: str) -> str:
    """A text of a table that can be written anywhere; half a surrogate as `\\ud83d`."""
    return text.encode("utf-8", "backslashreplace").decode()


def _is_folder(path: Path | os.DirEntry[str]) -> bool:
    """Whether it is a folder, as far as one is let to know."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _failing(key: str, name: str, stamp: str, trouble: str) -> Source:
    def read() -> Document:
        raise DocumentError(f"{name}: {trouble}")

    return Source(key, name, stamp, 0, read)


def _ending(path: Path) -> str:
    name = path.name.lower()
    return ".jsonl.gz" if name.endswith(".jsonl.gz") else path.suffix.lower()


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    """The files below a folder by name, no hidden ones; each folder once, however many links lead there.

    A folder that cannot be listed comes itself.
    """
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError:
        yield folder
        return
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if _is_folder(entry):
            yield from _walk(folder / entry.name, seen)
        else:
            yield folder / entry.name


def _json_lines(path: Path, columns: Columns) -> Iterator[dict[str, Any] | DocumentError]:
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with cast(IO[bytes], opened(path, "rb")) as file:
        while line := file.readline(LONGEST_ROW + 1):
            if len(line) > LONGEST_ROW:
                while line and not line.endswith(b"\n"):
                    line = file.readline(LONGEST_ROW)
                yield DocumentError(f"longer than {LONGEST_ROW:,} bytes; leave it out")
                continue
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield DocumentError(f"not a line of JSON ({error}); mend it")
                continue
            yield row if isinstance(row, dict) else DocumentError("not a JSON object; mend it")


def _csv(path: Path, columns: Columns) -> Iterator[dict[str, Any] | DocumentError]:
    csv.field_size_limit(LONGEST_ROW)
    with path.open("rb") as start:
        encoding = encoding_of(start.read(SAMPLE_BYTES))
    if encoding is None:
        raise DocumentError("in an encoding that cannot be told; save it as UTF-8")
    with path.open(encoding=encoding, newline="") as file:
        rows = csv.DictReader(file, strict=True)  # else a quotation mark without its pair swallows all that follows
        if rows.fieldnames is not None and columns.text not in rows.fieldnames:
            raise _no_column(columns.text, rows.fieldnames)
        yield from rows


def _parquet(path: Path, columns: Columns) -> Iterator[dict[str, Any] | DocumentError]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DocumentError("Parquet needs pyarrow; install claims[parquet]") from None
    try:
        file = parquet.ParquetFile(path)
        names = file.schema_arrow.names
        if columns.text not in names:
            raise _no_column(columns.text, names)
        wanted = [
            name for name in (columns.text, columns.id or "id", "language", "lang", "title", "date") if name in names
        ]
        for batch in file.iter_batches(batch_size=256, columns=list(dict.fromkeys(wanted))):
            yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise DocumentError(f"not a Parquet file ({error}); mend or leave it out") from None


def _no_column(column: str, others: Iterable[str]) -> DocumentError:
    there = ", ".join(map(repr, list(others)[:8]))
    return DocumentError(f"no column {column!r}; choose one with --text-column (there are: {there})")


_READERS: Mapping[str, Callable[[Path, Columns], Iterator[dict[str, Any] | DocumentError]]] = {
    ".jsonl": _json_lines,
    ".jsonl.gz": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _csv,
    ".parquet": _parquet,
}
