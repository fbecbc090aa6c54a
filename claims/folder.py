"""The articles of files, folders and tables, one after the other in a fixed order, to be read when their turn comes.

Text, Markdown and HTML files are an article each; JSON Lines, CSV and Parquet files hold one in each row. What cannot
be read comes as a source that raises when it is read, so that nothing is lost and nothing stops the rest. Knows
articles, nothing of models or results.
"""

from __future__ import annotations

import csv
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

from claims.document import ENDINGS, MAX_BYTES, Document, source_name
from claims.errors import DocumentError
from claims.language import language_code

TABLES = (".jsonl", ".jsonl.gz", ".ndjson", ".csv", ".parquet")
"""Endings of files that hold an article in each row."""

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

    name: str
    """The path as given, for a row with its id or number behind it."""
    stamp: str
    """Changes when the file does."""
    n_bytes: int
    """About how much there is to read."""
    read: Callable[[], Document]
    """Reads it. Raises: DocumentError."""


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
            if path.is_dir():
                yield from (found for found in _walk(path, set()) if self._takes(found, path))
            elif os.path.lexists(path):
                yield path
            else:
                raise DocumentError(f"{source_name(path)}: no such file or folder; check the path")

    def has_tables(self) -> bool:
        """Whether there are more sources than files, perhaps."""
        return any(_ending(path) in TABLES for path in self.files())

    def n_others(self) -> int:
        """How many files of the folders are left aside, for their endings or the glob."""
        folders = [path for path in self.paths if path.is_dir()]
        return sum(not self._takes(found, folder) for folder in folders for found in _walk(folder, set()))

    def _takes(self, path: Path, folder: Path) -> bool:
        """Whether to read a file of a folder. A folder that cannot be listed is taken too, so that it is reported."""
        if self.glob is None:
            return _ending(path) in (*ENDINGS, *TABLES) or path.is_dir()
        from_folder = str(path.relative_to(folder))
        return fnmatchcase(from_folder, self.glob) or fnmatchcase(path.name, self.glob) or path.is_dir()

    def _sources(self, path: Path) -> Iterator[Source]:
        name = source_name(path)
        try:
            status = path.stat()
        except OSError as error:
            yield _failing(name, "", DocumentError(f"{name}: cannot be read ({error.strerror}); check the path"))
            return
        stamp = f"{status.st_size}-{status.st_mtime_ns}"
        if stat.S_ISDIR(status.st_mode):
            yield _failing(
                name, stamp, DocumentError(f"{name}: a folder that cannot be listed; change its permissions")
            )
        elif not stat.S_ISREG(status.st_mode):
            yield _failing(name, stamp, DocumentError(f"{name}: not a regular file; leave it out or make it one"))
        elif _ending(path) in TABLES:
            yield from self._rows(path, name, stamp)
        else:
            yield Source(name, stamp, status.st_size, partial(Document.read, path, language=self.language))

    def _rows(self, path: Path, name: str, stamp: str) -> Iterator[Source]:
        seen: set[int] = set()
        number = 0
        try:
            for number, row in enumerate(_READERS[_ending(path)](path, self.columns), start=1):
                of_row = f"{name}#{number}"
                if isinstance(row, DocumentError):
                    yield _failing(of_row, stamp, DocumentError(f"{of_row}: {row}"))
                    continue
                key = row.get(self.columns.id or "id")
                if key is not None and key != "":
                    of_row = f"{name}#{key}"
                elif self.columns.id:
                    trouble = f"{of_row}: no {self.columns.id!r} in this row; choose another with --id-column"
                    yield _failing(of_row, stamp, DocumentError(trouble))
                    continue
                if hash(of_row) in seen:
                    twice = f"{of_row} ({number})"
                    yield _failing(
                        twice, stamp, DocumentError(f"{twice}: an earlier row has the same id; make it another")
                    )
                    continue
                seen.add(hash(of_row))
                text = row.get(self.columns.text)
                n_bytes = len(text) if isinstance(text, str) else 0
                yield Source(of_row, stamp, n_bytes, partial(self._document, of_row, row))
        except (OSError, EOFError, csv.Error, UnicodeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            where = f"after row {number}, " if number else ""
            yield _failing(name, stamp, DocumentError(f"{name}: {where}cannot be read ({reason}); mend the file"))
        except DocumentError as error:
            yield _failing(name, stamp, error)

    def _document(self, name: str, row: Mapping[str, Any]) -> Document:
        text = row.get(self.columns.text)
        if not isinstance(text, str):
            others = ", ".join(map(repr, list(row)[:8])) or "none"
            raise DocumentError(
                f"{name}: no text in column {self.columns.text!r}; choose one with --text-column (there are: {others})"
            )
        if not text.strip():
            raise DocumentError(f"{name}: no text in it; leave the row out")
        title, date = (value if isinstance(value, str) else None for value in (row.get("title"), row.get("date")))
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


def _failing(name: str, stamp: str, error: DocumentError) -> Source:
    def read() -> Document:
        raise error

    return Source(name, stamp, 0, read)


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
        if entry.is_dir():
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
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames is not None and columns.text not in rows.fieldnames:
            raise _no_column(path, columns.text, rows.fieldnames)
        yield from rows


def _parquet(path: Path, columns: Columns) -> Iterator[dict[str, Any] | DocumentError]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DocumentError(f"{source_name(path)}: Parquet needs pyarrow; install claims[parquet]") from None
    try:
        file = parquet.ParquetFile(path)
        names = file.schema_arrow.names
        if columns.text not in names:
            raise _no_column(path, columns.text, names)
        wanted = [
            name for name in (columns.text, columns.id or "id", "language", "lang", "title", "date") if name in names
        ]
        for batch in file.iter_batches(batch_size=256, columns=list(dict.fromkeys(wanted))):
            yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise DocumentError(f"{source_name(path)}: not a Parquet file ({error}); mend or leave it out") from None


def _no_column(path: Path, column: str, others: Iterable[str]) -> DocumentError:
    there = ", ".join(map(repr, list(others)[:8]))
    return DocumentError(
        f"{source_name(path)}: no column {column!r}; choose one with --text-column (there are: {there})"
    )


_READERS: Mapping[str, Callable[[Path, Columns], Iterator[dict[str, Any] | DocumentError]]] = {
    ".jsonl": _json_lines,
    ".jsonl.gz": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _csv,
    ".parquet": _parquet,
}
