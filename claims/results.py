"""The results file: one SQLite file that batch writes, review edits and export reads.

Holds documents by the hash of their text, the sources they were read from, their statements and likely contradictions,
the verdicts of reviewers, and the runs that scored them. A document is written in one transaction: a process that dies
leaves whole documents or none. Knows nothing of folders, models or screens.

A verdict belongs to a pair of texts (`pair_key`), not to a row: it outlives a new model and a changed article.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from claims.document import Document
from claims.errors import ResultsError
from claims.findings import (
    VERDICTS,
    Counts,
    Finding,
    Report,
    Verdict,
    ranked,
    statement_from_json,
    statement_json,
)
from claims.statements import Statement

APPLICATION_ID = 0x636C6D73  # "clms": tells a results file from any other SQLite file
SECONDS_WAITED = 60.0  # for another process that is writing
SECONDS_BETWEEN_TRIES = 0.02  # to make a new file, while another process does the same
_SQLITE = b"SQLite format 3\0"  # how every SQLite file begins
KEPT_FROM = 0.01
"""Confidence from which pairs are kept, though a threshold lies above it, so that another needs no second scoring."""

# One entry a version: what brings a file from the version before to it.
_MIGRATIONS = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        model TEXT NOT NULL,
        model_version TEXT NOT NULL,
        calibrated INTEGER NOT NULL,
        threshold REAL NOT NULL,
        options TEXT NOT NULL,
        began TEXT NOT NULL,
        ended TEXT
    ) STRICT;

    CREATE TABLE documents (
        id TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        language TEXT NOT NULL,
        title TEXT,
        date TEXT,
        text TEXT NOT NULL,
        skipped_chars INTEGER NOT NULL,
        run INTEGER NOT NULL REFERENCES runs (id),
        scored TEXT NOT NULL,
        counts TEXT NOT NULL,
        compared TEXT
    ) STRICT;

    CREATE TABLE sources (
        source TEXT PRIMARY KEY,
        stamp TEXT NOT NULL,
        document TEXT REFERENCES documents (id) ON DELETE CASCADE,
        error TEXT,
        CHECK ((document IS NULL) != (error IS NULL))
    ) STRICT;
    CREATE INDEX sources_of_document ON sources (document);

    CREATE TABLE statements (
        id INTEGER PRIMARY KEY,
        document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        text TEXT NOT NULL,
        rest TEXT NOT NULL,
        UNIQUE (document, place)
    ) STRICT;
    CREATE VIRTUAL TABLE words USING fts5 (
        text, content = 'statements', content_rowid = 'id', tokenize = "unicode61 remove_diacritics 2"
    );
    CREATE TRIGGER statement_added AFTER INSERT ON statements BEGIN
        INSERT INTO words (rowid, text) VALUES (new.id, new.text);
    END;
    CREATE TRIGGER statement_removed AFTER DELETE ON statements BEGIN
        INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text);
    END;

    CREATE TABLE findings (
        id INTEGER PRIMARY KEY,
        document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        other TEXT REFERENCES documents (id) ON DELETE CASCADE,
        pair TEXT NOT NULL,
        a INTEGER NOT NULL REFERENCES statements (id) ON DELETE CASCADE,
        b INTEGER NOT NULL REFERENCES statements (id) ON DELETE CASCADE,
        confidence REAL NOT NULL,
        kind TEXT NOT NULL,
        reasons TEXT NOT NULL,
        probabilities TEXT NOT NULL
    ) STRICT;
    CREATE INDEX findings_by_confidence ON findings (confidence);
    CREATE INDEX findings_of_document ON findings (document);
    CREATE INDEX findings_of_other ON findings (other);
    CREATE INDEX findings_of_pair ON findings (pair);
    CREATE INDEX findings_of_a ON findings (a);
    CREATE INDEX findings_of_b ON findings (b);

    CREATE TABLE verdicts (
        id INTEGER PRIMARY KEY,
        pair TEXT NOT NULL,
        verdict TEXT CHECK (verdict IN ('confirmed', 'false_alarm', 'dismissed')),
        reviewer TEXT NOT NULL,
        note TEXT NOT NULL,
        given TEXT NOT NULL
    ) STRICT;
    CREATE INDEX verdicts_of_pair ON verdicts (pair, id);
    """,
    # a failure stands beside what was read from its source before
    """
    CREATE TABLE failures (
        source TEXT PRIMARY KEY,
        stamp TEXT NOT NULL,
        error TEXT NOT NULL
    ) STRICT;
    INSERT INTO failures SELECT source, stamp, error FROM sources WHERE error IS NOT NULL;
    CREATE TABLE read_sources (
        source TEXT PRIMARY KEY,
        stamp TEXT NOT NULL,
        document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE
    ) STRICT;
    INSERT INTO read_sources SELECT source, stamp, document FROM sources WHERE error IS NULL;
    DROP TABLE sources;
    ALTER TABLE read_sources RENAME TO sources;
    CREATE INDEX sources_of_document ON sources (document);
    """,
)


@dataclass(frozen=True)
class Run:
    """How documents are scored."""

    model: str
    model_version: str
    calibrated: bool
    threshold: float
    options: Mapping[str, Any]
    """What else changes the outcome: the budget of pairs, the language given, the calibration."""

    @property
    def kept_from(self) -> float:
        """The confidence from which on pairs are kept."""
        return min(self.threshold, KEPT_FROM) if self.calibrated else self.threshold

    @cached_property
    def key(self) -> str:
        """The same for runs that keep the same pairs with the same confidence, whatever their thresholds."""
        told = (self.model, self.model_version, self.calibrated, self.kept_from, dict(self.options))
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Totals:
    """What a results file holds."""

    documents: int
    failures: int
    """Sources that could not be read."""
    findings: int
    """Pairs of one document at or above the threshold of the run that scored them."""
    across: int
    """The same of two documents."""


def is_results(path: Path) -> bool:
    """Whether a file is an SQLite file, as results files are; a file that cannot be read is none."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def folded(text: str | None) -> str | None:
    """A text to search in: no capitals, no accents."""
    if text is None or (text.isascii() and text.islower()):
        return text
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))


def pair_key(a: str, b: str) -> str:
    """What identifies a pair of statements whatever the order, the document and the model.

    Two texts are the same when they have the same letters and digits: SHA-256 of both, in hexadecimal.

    >>> pair_key("It is open.", "It is shut") == pair_key("it is  shut", "It is open")
    True
    """
    sides = sorted(_plain(text) for text in (a, b))
    return hashlib.sha256("\n".join(sides).encode("utf-8", "replace")).hexdigest()


def _plain(text: str) -> str:
    """The letters, marks and digits of a text, in small letters; where there are none, the text."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if unicodedata.category(sign)[0] in "LMN") or folded


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer did about a pair at one time."""

    number: int
    """The later, the higher; of its own in a file."""
    verdict: str | None
    """What is decided then; None where a verdict was taken back, or a note was written on a pair without one."""
    reviewer: str
    note: str
    """What this reviewer had written on the pair then."""
    given: str


def standing(decisions: Iterable[Decision]) -> Verdict | None:
    """The verdict that stands after all decisions on a pair, the first first; None where there is none.

    It is of the reviewer who gave it first: nobody becomes its author by agreeing, by writing a note on it, or by
    taking an own verdict back so that it stands again. Its note is the last one of its reviewer, and below it the last
    ones of others, with their names.
    """
    stands: Decision | None = None
    before: Decision | None = None  # what stood before all that the last reviewer decided in a row
    reviewer = None
    notes: dict[str, str] = {}
    for decision in decisions:
        if decision.reviewer != reviewer:
            before, reviewer = stands, decision.reviewer
        if before and before.verdict == decision.verdict:
            stands = before
        elif stands is None or stands.verdict != decision.verdict:
            stands = decision
        notes[decision.reviewer] = decision.note
    if stands is None or stands.verdict is None:
        return None
    own = notes.pop(stands.reviewer)
    others = [f"{name}: {note}" for name, note in notes.items() if note]
    return Verdict(stands.verdict, stands.reviewer, "\n".join([own, *others] if own else others), stands.given)


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding with its place in the file."""

    id: int
    """Its row; another one after its document was scored again."""
    pair: str
    """What verdicts on it belong to, as `pair_key` gives it."""
    document: str
    other: str | None
    """The document of its second statement, where that is another."""
    finding: Finding


@dataclass(frozen=True, slots=True)
class PairAcross:
    """Two statements of different documents, each by its place among the statements of its document."""

    document_a: str
    a: int
    document_b: str
    b: int


class Results:
    """An open results file; a context manager that closes it. For the thread that opened it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._connection = connection

    @classmethod
    def open(
        cls, path: str | Path, *, create: bool = False, read_only: bool = False, patience: float | None = None
    ) -> Self:
        """The results of a file; with `create` an empty file is made where there is none.

        `patience`: seconds to wait for another process that is writing; None: `SECONDS_WAITED`.

        Raises: ResultsError when the file is missing, of another kind, damaged, of a newer version, or in use.
        """
        path = Path(path)
        try:
            is_folder, exists, has_parent = path.is_dir(), path.exists(), path.parent.is_dir()
            has_log = path.with_name(f"{path.name}-wal").exists()
        except OSError as error:
            raise ResultsError(f"{path}: cannot be opened ({error.strerror}); look at its permissions") from error
        if is_folder:
            raise ResultsError(f"{path}: a folder; name a file")
        if not exists and not create:
            raise ResultsError(f"{path}: no such file; `claims batch FOLDER -o {path}` writes one")
        if not has_parent:
            raise ResultsError(f"{path}: there is no folder {path.parent}; make it first")
        mode = "ro" if read_only else "rwc" if create else "rw"
        if read_only and not has_log and not os.access(path.parent, os.W_OK):
            mode += "&immutable=1"  # where there can be no file for its lock, as on a read-only disk
        timeout = SECONDS_WAITED if patience is None else patience
        with _clear_errors(path):
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=timeout, isolation_level=None
            )
        connection.create_function("folded", 1, folded, deterministic=True)
        results = cls(path, connection, read_only=read_only)
        try:
            with _clear_errors(path):
                results._prepare(timeout)
        except BaseException:
            connection.close()
            raise
        return results

    def _prepare(self, patience: float) -> None:
        self._connection.execute("PRAGMA foreign_keys = ON")
        (n_tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        (kind,) = self._connection.execute("PRAGMA application_id").fetchone()
        version, newest = self._version(), len(_MIGRATIONS)
        if n_tables and kind != APPLICATION_ID:
            raise ResultsError(f"{self.path}: an SQLite file, but no results file; name another file")
        if version > newest:
            raise ResultsError(f"{self.path}: of version {version}, newer than {newest}; install a newer claims")
        if self.read_only:
            if version < newest:
                way_out = f"of version {version}, not {newest}; `claims review {self.path}` brings it up to date"
                raise ResultsError(f"{self.path}: {way_out if version else 'empty; name another file'}")
            self._connection.execute("BEGIN")  # from here on all is read as it stands now, whoever writes meanwhile
            self._version()
            return
        self._write_ahead(time.monotonic() + patience)
        self._connection.execute("PRAGMA synchronous = NORMAL")
        while self._version() < newest:
            with self._writing() as connection:
                if (version := self._version()) < newest:  # another process may have been faster
                    for statement in _statements(_MIGRATIONS[version]):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    connection.execute(f"PRAGMA user_version = {version + 1}")

    def _write_ahead(self, until: float) -> None:
        """Turn the file into one that is read while it is written; SQLite does not wait for others with that itself."""
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(SECONDS_BETWEEN_TRIES)

    def _version(self) -> int:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    def __enter__(self) -> Self:
        """The same results."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; what was written is in it."""
        self._connection.close()

    # --- writing ------------------------------------------------------------------------------------------------------

    def begin_run(self, run: Run) -> None:
        """Note that a run begins. Its threshold holds from now on for all documents scored by runs of the same key."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO runs (key, model, model_version, calibrated, threshold, options, began)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (key) DO UPDATE SET threshold = excluded.threshold, began = excluded.began, ended = NULL",
                (
                    *(run.key, run.model, run.model_version, run.calibrated, run.threshold),
                    *(_dump(dict(run.options)), _now()),
                ),
            )

    def end_run(self, run: Run) -> None:
        """Note that a run came to its end, and drop the documents that no source has any more."""
        with self._writing() as connection:
            connection.execute("UPDATE runs SET ended = ? WHERE key = ?", (_now(), run.key))
            connection.execute(
                "DELETE FROM documents WHERE NOT EXISTS (SELECT 1 FROM sources WHERE sources.document = documents.id)"
            )

    def add_report(self, run: Run, report: Report, sources: Mapping[str, str], scored: str | None = None) -> None:
        """Put in what a run found in a document, in place of what another run did: all of it or nothing.

        `sources`: where the text was read from, each with a stamp that changes when the source does. `scored`: when;
        None: now.
        """
        document = report.document
        with self._writing() as connection:
            (run_id,) = connection.execute("SELECT id FROM runs WHERE key = ?", (run.key,)).fetchone()
            if self._any(
                "SELECT 1 FROM documents WHERE id = ? AND run = ? AND language = ?",
                *(document.id, run_id, document.language),
            ):  # another process was faster; what it wrote says the same
                for source, stamp in sources.items():
                    self._put_source(source, stamp, document.id)
                return
            connection.execute(
                "UPDATE documents SET compared = NULL WHERE id IN (SELECT document FROM findings WHERE other = ?)",
                (document.id,),
            )
            connection.execute(
                "INSERT INTO documents VALUES (:id, :source, :language, :title, :date, :text, :skipped_chars, :run,"
                " :scored, :counts, NULL) ON CONFLICT (id) DO UPDATE SET language = :language, title = :title,"
                " date = :date, skipped_chars = :skipped_chars, run = :run, scored = :scored, counts = :counts,"
                " compared = NULL",
                {
                    "id": document.id,
                    "source": document.source,
                    "language": document.language,
                    "title": document.title,
                    "date": document.date,
                    "text": document.text,
                    "skipped_chars": document.skipped_chars,
                    "run": run_id,
                    "scored": scored or _now(),
                    "counts": _dump(asdict(report.counts)),
                },
            )
            connection.execute("DELETE FROM statements WHERE document = ?", (document.id,))  # and their findings
            rows: dict[tuple[int, int], int | None] = {}
            for place, statement in enumerate(report.statements):
                written = statement_json(statement)
                added = connection.execute(
                    "INSERT INTO statements (document, place, text, rest) VALUES (?, ?, ?, ?)",
                    (document.id, place, written.pop("text"), _dump(written)),
                )
                rows[statement.start, statement.end] = added.lastrowid
            connection.executemany(
                "INSERT INTO findings (document, pair, a, b, confidence, kind, reasons, probabilities)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        document.id,
                        pair_key(finding.a.text, finding.b.text),
                        rows[finding.a.start, finding.a.end],
                        rows[finding.b.start, finding.b.end],
                        finding.confidence,
                        finding.kind,
                        _dump(finding.reasons),
                        _dump((finding.forward, finding.backward)),
                    )
                    for finding in report.listed(run.kept_from) or report.scored[:1]  # the closest is shown too
                ),
            )
            for source, stamp in sources.items():
                self._put_source(source, stamp, document.id)

    def add_across(self, document: str, found: Sequence[tuple[PairAcross, Finding]], run: str) -> None:
        """Put in what was found between a document and others, in place of what was there: all of it or nothing.

        `run`: key of the run that compared it.
        """
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM findings WHERE other IS NOT NULL AND (document = ?1 OR other = ?1)", (document,)
            )
            connection.executemany(
                _ADD_ACROSS,
                (
                    (
                        *(pair.document_a, pair.document_b, pair_key(finding.a.text, finding.b.text), pair.a, pair.b),
                        *(finding.confidence, finding.kind, _dump(finding.reasons)),
                        _dump((finding.forward, finding.backward)),
                    )
                    for pair, finding in found
                ),
            )
            connection.execute("UPDATE documents SET compared = ? WHERE id = ?", (run, document))

    def add_source(self, source: str, stamp: str, document: str) -> None:
        """Note that a source holds a document that is here already."""
        with self._writing():
            self._put_source(source, stamp, document)

    def add_failure(self, source: str, stamp: str, error: str) -> None:
        """Note that a source could not be read or scored, and why; what was read from it before stays."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (source, stamp, error))

    def clear_failure(self, source: str) -> None:
        """Note that a source fails no more."""
        if self._any("SELECT 1 FROM failures WHERE source = ?", source):
            with self._writing() as connection:
                connection.execute("DELETE FROM failures WHERE source = ?", (source,))

    def forget_source(self, source: str) -> None:
        """Note that a source holds nothing any more that belongs here."""
        if self._any("SELECT 1 FROM sources WHERE source = ?", source):
            with self._writing() as connection:
                connection.execute("DELETE FROM sources WHERE source = ?", (source,))

    def add_about(self, document: Document) -> None:
        """Note another title or date of a document that is here already."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE documents SET title = :title, date = :date,"
                " compared = CASE WHEN date IS :date THEN compared END WHERE id = :id",
                {"title": document.title, "date": document.date, "id": document.id},
            )

    def add_verdict(
        self, pair: str, verdict: str | None, *, reviewer: str, note: str = "", seen: int | None = None
    ) -> int:
        """Note what a reviewer decided on a pair; None takes the last verdict back. What was decided before stays.

        The answer is the number of the decision. `seen`: the number of the last one that the reviewer knows of, 0 for
        none. When there is a later one, nothing is noted and the answer is 0. Raises: ValueError for a verdict that is
        not one of `VERDICTS`.
        """
        if verdict is not None and verdict not in VERDICTS:
            raise ValueError(f"{verdict!r}: not a verdict; use one of {', '.join(VERDICTS)}")
        with self._writing() as connection:
            added = connection.execute(
                "INSERT INTO verdicts (pair, verdict, reviewer, note, given) SELECT ?1, ?2, ?3, ?4, ?5"
                " WHERE ?6 IS NULL OR ?6 = (SELECT coalesce(max(id), 0) FROM verdicts WHERE pair = ?1)",
                (pair, verdict, reviewer, note, _now(), seen),
            )
            return _number(added)

    def add_note(self, pair: str, note: str, *, reviewer: str) -> int:
        """Note what a reviewer writes on a pair, beside what others wrote; its verdict stays as it is, and whose it is.

        The answer is the number of the decision, 0 where the reviewer wrote the same before.
        """
        with self._writing() as connection:
            added = connection.execute(
                "INSERT INTO verdicts (pair, verdict, reviewer, note, given)"
                " SELECT ?1, (SELECT verdict FROM verdicts WHERE pair = ?1 ORDER BY id DESC LIMIT 1), ?2, ?3, ?4"
                " WHERE ?3 != coalesce((SELECT note FROM verdicts WHERE pair = ?1 AND reviewer = ?2"
                " ORDER BY id DESC LIMIT 1), '')",
                (pair, reviewer, note, _now()),
            )
            return _number(added)

    def merge(self, other: Results) -> None:
        """Put in all that another file holds. Of a document that both have, what was scored last stays.

        Documents of different files are not compared with each other by this: another `claims batch --across` does.
        """
        for run in other.runs():
            if not any(mine.key == run.key for mine in self.runs()):
                self.begin_run(run)
        for document in other.document_ids():
            run = other.run_of(document)
            [(scored,)] = other._ask("SELECT scored FROM documents WHERE id = ?", document)
            if not self.holds(document, run) and not self._any(
                "SELECT 1 FROM documents WHERE id = ? AND scored > ?", document, scored
            ):
                self.add_report(run, other.report(document), {}, scored)
            for source, stamp in other._ask("SELECT source, stamp FROM sources WHERE document = ?", document):
                if self._any("SELECT 1 FROM sources WHERE source = ? AND document != ?", source, document):
                    source = f"{source} ({document[:8]})"  # two articles of one name, from two machines
                self.add_source(source, stamp, document)
        across = other._ask(
            "SELECT findings.document, other, pair, one.place, two.place, confidence, kind, reasons, probabilities"
            " FROM findings JOIN statements one ON one.id = a JOIN statements two ON two.id = b WHERE other IS NOT NULL"
        )
        with self._writing() as connection:
            connection.executemany(
                f"{_ADD_ACROSS} AND EXISTS (SELECT 1 FROM documents WHERE id IN (?1, ?2) AND compared IS NULL)"
                " AND NOT EXISTS (SELECT 1 FROM findings WHERE document = ?1 AND other = ?2 AND pair = ?3)",
                across,
            )
        for source, error in other.failures().items():
            if not self._any("SELECT 1 FROM sources WHERE source = ?", source):
                self.add_failure(source, "", error)
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO verdicts (pair, verdict, reviewer, note, given) SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS"
                " (SELECT 1 FROM verdicts WHERE (pair, verdict, reviewer, note, given) IS (?1, ?2, ?3, ?4, ?5))",
                other._ask("SELECT pair, verdict, reviewer, note, given FROM verdicts ORDER BY given, id"),
            )

    def _put_source(self, source: str, stamp: str, document: str) -> None:
        before = self._connection.execute("SELECT document FROM sources WHERE source = ?", (source,)).fetchone()
        self._connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?)", (source, stamp, document))
        self._connection.execute("DELETE FROM failures WHERE source = ?", (source,))
        if before and before[0] != document:  # the article changed; its old text may be that of another
            self._connection.execute(
                "UPDATE documents SET source = coalesce((SELECT min(source) FROM sources WHERE document = id), source)"
                " WHERE id = ?",
                before,
            )

    # --- reading ------------------------------------------------------------------------------------------------------

    def is_done(self, source: str, stamp: str, run: Run) -> bool:
        """Whether a source with this stamp was scored by a run of the same key."""
        return self._any(
            "SELECT 1 FROM sources JOIN documents ON documents.id = sources.document JOIN runs ON runs.id = run"
            " WHERE sources.source = ? AND stamp = ? AND key = ?",
            *(source, stamp, run.key),
        )

    def holds(self, document: str, run: Run) -> bool:
        """Whether a document was scored by a run of the same key, whatever source it was read from."""
        return self._any(
            "SELECT 1 FROM documents JOIN runs ON runs.id = run WHERE documents.id = ? AND key = ?", document, run.key
        )

    def is_of(self, document: str, source: str) -> bool:
        """Whether a document was read from a source."""
        return self._any("SELECT 1 FROM sources WHERE source = ? AND document = ?", source, document)

    def totals(self) -> Totals:
        """What is in the file."""
        [(documents,)] = self._ask("SELECT count(*) FROM documents")
        [(failures,)] = self._ask("SELECT count(*) FROM failures")
        [(findings, across)] = self._ask(
            "SELECT count(*) FILTER (WHERE other IS NULL), count(other) FROM findings"
            " JOIN documents ON documents.id = findings.document JOIN runs ON runs.id = documents.run"
            " WHERE confidence >= threshold"
        )
        return Totals(documents, failures, findings, across)

    def sources(self) -> dict[str, tuple[str, str]]:
        """Each source that was read, with its stamp and the id of its document."""
        rows = self._ask("SELECT source, stamp, document FROM sources ORDER BY source")
        return {source: (stamp, document) for source, stamp, document in rows}

    def failures(self) -> dict[str, str]:
        """Each source that could not be read, with what was wrong."""
        return dict(self._ask("SELECT source, error FROM failures ORDER BY source"))

    def runs(self) -> tuple[Run, ...]:
        """The runs whose documents are here, the last one last."""
        rows = self._ask("SELECT model, model_version, calibrated, threshold, options FROM runs ORDER BY began, id")
        return tuple(_run(*row) for row in rows)

    def run_of(self, document: str) -> Run:
        """The run that scored a document. Raises: ResultsError when it is not here."""
        found = self._ask(
            "SELECT model, model_version, calibrated, threshold, options FROM documents JOIN runs ON runs.id = run"
            " WHERE documents.id = ?",
            document,
        )
        if not found:
            raise ResultsError(f"{self.path}: holds no document {document}")
        return _run(*found[0])

    def document_ids(self) -> list[str]:
        """The ids of all documents, by source."""
        return [document for (document,) in self._ask("SELECT id FROM documents ORDER BY source, id")]

    def reports(self) -> Iterator[Report]:
        """The reports of all documents by source, with the pairs that were kept and the verdicts on them."""
        for document in self.document_ids():
            yield self.report(document)

    def report(self, document: str) -> Report:
        """The report of a document, as it was put in, with verdicts. Raises: ResultsError when it is not here."""
        read, run = self.document(document), self.run_of(document)
        [(counts,)] = self._ask("SELECT counts FROM documents WHERE id = ?", document)
        statements = self._statements_of(document)
        verdicts = self._verdicts_where("pair IN (SELECT pair FROM findings WHERE document = ?)", document)
        findings = []
        for pair, a, b, *rest in self._ask(
            f"SELECT {_FINDING} FROM findings WHERE document = ? AND other IS NULL", document
        ):
            findings.append(_finding(statements[a], statements[b], verdicts.get(pair), *rest))
        return Report(
            *(read, run.model, run.model_version, run.calibrated, run.threshold),
            Counts(**json.loads(counts)),
            ranked(findings),
            tuple(statements.values()),
        )

    def document(self, document: str) -> Document:
        """A document. Raises: ResultsError when it is not here."""
        found = self._ask(
            "SELECT text, source, language, title, date, skipped_chars FROM documents WHERE id = ?", document
        )
        if not found:
            raise ResultsError(f"{self.path}: holds no document {document}")
        return Document(*found[0])

    def statements_of(self, document: str) -> list[Statement]:
        """The statements of a document, in order."""
        return list(self._statements_of(document).values())

    def not_compared(self, run: str) -> list[str]:
        """The documents that the run of a key has not compared with the others."""
        rows = self._ask("SELECT id FROM documents WHERE compared IS NOT ? ORDER BY id", run)
        return [document for (document,) in rows]

    def across(self, min_confidence: float | None = None) -> Iterator[tuple[Document, Document, Finding]]:
        """What was found between documents, surest first, chosen as `Report.listed` does."""
        verdicts = self.verdicts()
        rows = self._ask(
            f"SELECT confidence >= threshold, findings.document, other, {_FINDING} FROM findings"
            " JOIN documents ON documents.id = document JOIN runs ON runs.id = run"
            " WHERE other IS NOT NULL AND confidence >= coalesce(?, 0) ORDER BY confidence DESC, pair",
            min_confidence,
        )
        for reaches, one, other, pair, a, b, *rest in rows:
            if min_confidence is None and not reaches and pair not in verdicts:
                continue
            sides = self._statements_of(one)[a], self._statements_of(other)[b]
            yield self.document(one), self.document(other), _finding(*sides, verdicts.get(pair), *rest)

    def _statements_of(self, document: str) -> dict[int, Statement]:
        rows = self._ask("SELECT id, text, rest FROM statements WHERE document = ? ORDER BY place", document)
        return {row: statement_from_json({**json.loads(rest), "text": text}) for row, text, rest in rows}

    def verdicts(self) -> dict[str, Verdict]:
        """The last verdict on each pair; pairs whose last verdict was taken back are left out."""
        return self._verdicts_where("TRUE")

    def verdicts_on(self, pairs: Sequence[str]) -> dict[str, Verdict]:
        """The verdicts that stand on some pairs."""
        return self._verdicts_where(f"pair IN ({', '.join('?' * len(pairs))})", *pairs)

    def decisions(self, pair: str) -> list[Decision]:
        """All that was decided on a pair, the first first."""
        return [
            Decision(*row) for row in self._ask(f"SELECT {_DECISION} FROM verdicts WHERE pair = ? ORDER BY id", pair)
        ]

    def last_decision(self) -> int:
        """The number of the last decision on any pair; another one when somebody has decided since."""
        [(number,)] = self._ask("SELECT coalesce(max(id), 0) FROM verdicts")
        return int(number)

    def decided_since(self, number: int, n_most: int) -> list[str]:
        """The pairs decided on after a decision, each once."""
        rows = self._ask(
            "SELECT pair FROM verdicts WHERE id > ? GROUP BY pair ORDER BY max(id) LIMIT ?", number, n_most
        )
        return [pair for (pair,) in rows]

    def knows(self, pair: str) -> bool:
        """Whether there is a finding of a pair."""
        return self._any("SELECT 1 FROM findings WHERE pair = ?", pair)

    def kept(self, document: str) -> list[Kept]:
        """All findings in which a document has a part, whatever their confidence, surest first."""
        rows = self._ask(
            f"SELECT id, document, other, {_FINDING} FROM findings WHERE document = ?1 OR other = ?1"
            " ORDER BY confidence DESC, id",
            document,
        )
        ids = {one for row in rows for one in row[1:3] if one}
        statements = {row: statement for one in ids for row, statement in self._statements_of(one).items()}
        verdicts = self._verdicts_where(
            "pair IN (SELECT pair FROM findings WHERE document = ?1 OR other = ?1)", document
        )
        return [
            Kept(id, pair, one, other, _finding(statements[a], statements[b], verdicts.get(pair), *rest))
            for id, one, other, pair, a, b, *rest in rows
        ]

    def ask(self, query: str, *values: object) -> list[Any]:
        """The rows of a query that only reads: for modules that put questions of their own, as `claims.queue`."""
        return self._ask(query, *values)

    def _verdicts_where(self, condition: str, *values: object) -> dict[str, Verdict]:
        decisions: dict[str, list[Decision]] = {}
        for pair, *row in self._ask(f"SELECT pair, {_DECISION} FROM verdicts WHERE {condition} ORDER BY id", *values):
            decisions.setdefault(pair, []).append(Decision(*row))
        stand = {pair: standing(of_pair) for pair, of_pair in decisions.items()}
        return {pair: verdict for pair, verdict in stand.items() if verdict}

    def _ask(self, query: str, *values: object) -> list[Any]:
        with _clear_errors(self.path):
            return self._connection.execute(query, values).fetchall()

    def _any(self, query: str, *values: object) -> bool:
        return bool(self._ask(query, *values))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All that is written inside, or nothing of it."""
        if self.read_only:
            raise ResultsError(f"{self.path}: {_TROUBLES[sqlite3.SQLITE_READONLY]}")
        with _clear_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk ends it by itself
                    self._connection.execute("ROLLBACK")
                raise


_TROUBLES = {
    sqlite3.SQLITE_NOTADB: "not a results file; name another file",
    sqlite3.SQLITE_CORRUPT: "damaged; restore a copy, or start a new one",
    sqlite3.SQLITE_BUSY: "in use by another process; wait for it and try again",
    sqlite3.SQLITE_LOCKED: "in use by another process; wait for it and try again",
    sqlite3.SQLITE_READONLY: "cannot be written; change its permissions or copy it",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; look at its permissions and those of its folder",
    sqlite3.SQLITE_FULL: "the disk is full; what was finished is kept, make room and run again",
    sqlite3.SQLITE_IOERR: "cannot be read or written (a failing or full disk); what was finished is kept",
}


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    """Say of SQLite's errors what they mean for the user."""
    try:
        yield
    except sqlite3.Error as error:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise ResultsError(
            f"{path}: {_TROUBLES.get(primary, f'cannot be used ({error}); it is left as it is')}"
        ) from error


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; one with a trigger in it ends at the END of the trigger."""
    whole = ""
    for line in script.splitlines(keepends=True):
        whole += line
        if sqlite3.complete_statement(whole):
            yield whole
            whole = ""


_ADD_ACROSS = (
    "INSERT INTO findings (document, other, pair, a, b, confidence, kind, reasons, probabilities)"
    " SELECT ?1, ?2, ?3, (SELECT id FROM statements WHERE document = ?1 AND place = ?4),"
    " (SELECT id FROM statements WHERE document = ?2 AND place = ?5), ?6, ?7, ?8, ?9"
    " WHERE EXISTS (SELECT 1 FROM statements WHERE document = ?1 AND place = ?4)"
    " AND EXISTS (SELECT 1 FROM statements WHERE document = ?2 AND place = ?5)"  # it may have gone meanwhile
)
_FINDING = "pair, a, b, confidence, kind, reasons, probabilities"
_DECISION = "id, verdict, reviewer, note, given"


def _finding(
    a: Statement, b: Statement, verdict: Verdict | None, confidence: float, kind: str, reasons: str, probabilities: str
) -> Finding:
    forward, backward = json.loads(probabilities)
    return Finding(
        *(a, b, confidence, kind, tuple(json.loads(reasons))),
        *(tuple(forward), tuple(backward) if backward else None, verdict),
    )


def _run(model: str, version: str, calibrated: int, threshold: float, options: str) -> Run:
    return Run(model, version, bool(calibrated), threshold, json.loads(options))


def _number(added: sqlite3.Cursor) -> int:
    """Of the row that was added; 0 where none was."""
    return added.lastrowid or 0 if added.rowcount == 1 else 0


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
