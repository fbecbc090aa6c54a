"""A results file as files for others: JSON Lines, CSV, Markdown, Parquet, or a folder of HTML pages.

Documents go through one after the other, so that a file of any size can be written. What each format shows is that of
`claims check`; a reviewed finding has its verdict beside it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from claims.errors import ClaimsError
from claims.findings import VERDICTS, Finding, Report
from claims.render import Options, render
from claims.render.data import cell
from claims.results import Results

CHOICES = (*VERDICTS, "reviewed", "unreviewed")
"""Which findings can be chosen by their verdict."""

DOCUMENTS_PER_ROW_GROUP = 500  # of a Parquet file

PAGES = "documents"  # folder of the pages of an HTML export


@dataclass(frozen=True, slots=True)
class Choice:
    """Which findings to write."""

    only: str | None = None
    """One of `CHOICES`; None: all."""
    min_confidence: float | None = None
    """From which confidence on; None: from the threshold."""

    def __call__(self, report: Report) -> Report:
        """A report with nothing but the chosen findings."""
        if self.only is None:
            return report
        return replace(report, scored=tuple(filter(self._takes, report.scored)))

    def _takes(self, finding: Finding) -> bool:
        if self.only in ("reviewed", "unreviewed"):
            return (finding.verdict is None) is (self.only == "unreviewed")
        return finding.verdict is not None and finding.verdict.verdict == self.only


def chosen(results: Results, choice: Choice) -> Iterator[Report]:
    """The reports with the chosen findings; where they are chosen by verdict, only of documents that have some."""
    for report in map(choice, results.reports()):
        if choice.only is None or report.listed(choice.min_confidence):
            yield report


def lines_of(reports: Iterable[Report], format: str, options: Options) -> Iterator[str]:
    """The reports in one format as `render` writes them, piece by piece. Formats: jsonl, csv, md."""
    if format == "jsonl":
        yield from (render([report], format, options) for report in reports)
        return
    head = render([], format, options) if format == "csv" else "# Possible contradictions\n"
    yield head
    for report in reports:
        piece = render([report], format, options)
        yield piece.removeprefix(head)


def failure_lines(failures: Mapping[str, str], format: str) -> Iterator[str]:
    """The sources that could not be read and why, as csv, else a JSON object a line."""
    if format == "csv":
        table = io.StringIO()
        csv.writer(table).writerows([("source", "error"), *((cell(s), cell(e)) for s, e in failures.items())])
        yield table.getvalue()
        return
    for source, error in failures.items():
        yield json.dumps({"source": source, "error": error}) + "\n"


def write_pages(reports: Iterable[Report], folder: Path, options: Options) -> int:
    """A folder with a page for each report and pages that list them in several orders; the number of reports.

    Raises: ClaimsError when it cannot be written.
    """
    from claims.render.html import Entry, render_index
    from claims.render.shown import confidence_words

    entries = []
    with _writing(folder):
        (folder / PAGES).mkdir(parents=True, exist_ok=True)
        of_one = replace(options, index="../index.html")
        for report in reports:
            page = f"{PAGES}/{report.document.id[:16]}.html"
            (folder / page).write_text(render([report], "html", of_one), encoding="utf-8")
            listed = report.listed(options.min_confidence)
            highest = listed[0].confidence if listed else 0.0
            n_reviewed = sum(finding.verdict is not None for finding in listed)
            words = confidence_words(report, highest)
            entries.append(Entry(page, replace(report.document, text=""), len(listed), n_reviewed, highest, words))
        for name, page in render_index(entries).items():
            (folder / name).write_text(page, encoding="utf-8")
    return len(entries)


def write_parquet(reports: Iterable[Report], path: Path, options: Options) -> int:
    """A Parquet file with a row for each listed finding, columns as in CSV but typed; the number of rows.

    Raises: ClaimsError when pyarrow is missing or the file cannot be written.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise ClaimsError(f"{path}: Parquet needs pyarrow; install claims[parquet]") from None
    text, number, real = pa.string(), pa.int32(), pa.float64()
    side = [("start", number), ("end", number), ("text", text), ("speaker", text)]
    schema = pa.schema(
        [
            *((name, text) for name in ("source", "document_id", "language", "title", "date")),
            *(("confidence", real), ("calibrated", pa.bool_()), ("threshold", real), ("kind", text)),
            ("reasons", pa.list_(text)),
            *((f"{letter}_{name}", kind) for letter in "ab" for name, kind in side),
            *((name, text) for name in ("verdict", "reviewer", "note")),
        ]
    )
    n_rows = 0
    with _writing(path), parquet.ParquetWriter(path, schema) as writer:
        for rows in _in_groups(_rows(reports, options), DOCUMENTS_PER_ROW_GROUP):
            writer.write_table(pa.Table.from_pylist(rows, schema))
            n_rows += len(rows)
    return n_rows


def _rows(reports: Iterable[Report], options: Options) -> Iterator[list[dict[str, Any]]]:
    for report in reports:
        document = report.document
        of_document = {
            "source": document.source,
            "document_id": document.id,
            "language": document.language,
            "title": document.title,
            "date": document.date,
            "calibrated": report.calibrated,
            "threshold": report.threshold,
        }
        yield [
            {
                **of_document,
                "confidence": finding.confidence,
                "kind": finding.kind,
                "reasons": list(finding.reasons),
                **{
                    f"{letter}_{name}": getattr(statement, name)
                    for letter, statement in (("a", finding.a), ("b", finding.b))
                    for name in ("start", "end", "text", "speaker")
                },
                **(
                    {name: getattr(finding.verdict, name) for name in ("verdict", "reviewer", "note")}
                    if finding.verdict
                    else {}
                ),
            }
            for finding in report.listed(options.min_confidence)
        ]


def _in_groups(lists: Iterable[list[dict[str, Any]]], n: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of n lists at a time."""
    group: list[dict[str, Any]] = []
    for number, rows in enumerate(lists, start=1):
        group += rows
        if number % n == 0:
            yield group
            group = []
    yield group


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ClaimsError(f"{path}: cannot be written ({error.strerror}); choose another place with -o") from error
