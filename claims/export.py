"""A results file as files for others: JSON Lines, CSV, Markdown, Parquet, or a folder of HTML pages.

Documents go through one after the other, so that a file of any size can be written. What each format shows is that of
`claims check`; a reviewed finding has its verdict beside it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from claims.detect import model_input
from claims.document import Document
from claims.errors import ClaimsError
from claims.findings import RIGHT, SCHEMA, VERDICTS, Finding, Report, document_json, finding_json
from claims.nli import CONTRADICTION, ENTAILMENT, LABELS, NEUTRAL
from claims.render import Options, render, shown
from claims.render.data import cell, dumps
from claims.render.markdown import escape
from claims.results import Results

CHOICES = (*VERDICTS, "reviewed", "unreviewed")
"""Which findings can be chosen by their verdict."""

GROUPS_AT_ONCE = 500  # documents, or findings between documents, that a row group of a Parquet file holds

_SIDE_COLUMNS = ("source", "document_id", "start", "end", "text", "speaker")
_VERDICT_COLUMNS = ("verdict", "reviewer", "note")
ACROSS_COLUMNS = (
    *("confidence", "kind", "reasons"),
    *(f"{letter}_{name}" for letter in "ab" for name in _SIDE_COLUMNS),
    *_VERDICT_COLUMNS,
)

REPORTS_HELD = 64  # while findings between documents are written
PAGES = "documents"  # folder of the pages of an HTML export

Across = tuple[Document, Document, Finding]
"""A finding between two documents, and those."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which findings to write."""

    only: str | None = None
    """One of `CHOICES`; None: all."""
    min_confidence: float | None = None
    """From which confidence on; None: as `Report.listed` has it."""

    def __call__(self, report: Report) -> Report:
        """A report with nothing but the chosen findings."""
        if self.only is None:
            return report
        return replace(report, scored=tuple(filter(self._takes, report.scored)))

    def takes(self, across: Across) -> bool:
        """Whether a finding between two documents is chosen."""
        return self.only is None or self._takes(across[2])

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


def across_lines(found: Iterable[Across], format: str) -> Iterator[str]:
    """Findings between documents, piece by piece. Formats: jsonl, csv, md."""
    if format == "csv":
        yield _csv_line(ACROSS_COLUMNS)
    elif format == "md":
        yield "# Possible contradictions between articles\n"
    for one, other, finding in found:
        if format == "jsonl":
            written = {"schema": SCHEMA, "documents": [document_json(one), document_json(other)]}
            yield dumps({**written, **finding_json(finding)}) + "\n"
        elif format == "csv":
            row = _across_row(one, other, finding)
            row |= {"confidence": f"{finding.confidence:.4f}", "reasons": "; ".join(finding.reasons)}
            yield _csv_line(["" if row.get(name) is None else str(row[name]) for name in ACROSS_COLUMNS])
        else:
            yield f"\n## {finding.confidence * 100:.0f} %: {escape(shown.kind_words(finding))}\n\n"
            for document, side in ((one, finding.a), (other, finding.b)):
                yield f"- **{escape(shown.title(document))}**: {escape(side.text)}\n"
            if finding.verdict:
                yield f"- Verdict: {escape(shown.verdict_words(finding))}\n"


def _across_row(one: Document, other: Document, finding: Finding) -> dict[str, Any]:
    """A finding between two documents by column; empty ones may be missing."""
    sides = {"a": (one, finding.a), "b": (other, finding.b)}
    return {
        "confidence": finding.confidence,
        "kind": finding.kind,
        "reasons": list(finding.reasons),
        **{f"{letter}_source": document.source for letter, (document, _) in sides.items()},
        **{f"{letter}_document_id": document.id for letter, (document, _) in sides.items()},
        **_sides_row(finding),
    }


def _sides_row(finding: Finding) -> dict[str, Any]:
    """The statements of a finding and what was decided on it, by column."""
    row = {
        f"{letter}_{name}": getattr(statement, name)
        for letter, statement in (("a", finding.a), ("b", finding.b))
        for name in ("start", "end", "text", "speaker")
    }
    if finding.verdict:
        row |= {name: getattr(finding.verdict, name) for name in _VERDICT_COLUMNS}
    return row


def _csv_line(cells: Sequence[str]) -> str:
    table = io.StringIO()
    csv.writer(table).writerow([cell(each) for each in cells])
    return table.getvalue()


def nli_lines(results: Results) -> Iterator[str]:
    """Every reviewed pair once, as training data for an NLI model: a JSON object a line.

    The texts are what the model reads of the two statements. A right finding is labelled contradiction; of a false
    alarm nobody said what it is, so it is neutral, or entailment where the model leans to that.
    """
    told = set()
    for document in results.document_ids():
        kept = [each for each in results.kept(document) if each.finding.verdict and each.document == document]
        one = results.document(document) if kept else None
        for each in kept:
            if each.pair in told or one is None or each.finding.verdict is None:
                continue
            told.add(each.pair)
            finding = each.finding
            other = results.document(each.other) if each.other else None
            premise, hypothesis = model_input(one, finding.a, finding.b, other)
            leans = LABELS[ENTAILMENT if finding.forward[ENTAILMENT] > finding.forward[NEUTRAL] else NEUTRAL]
            label = LABELS[CONTRADICTION] if each.finding.verdict.verdict in RIGHT else leans
            row = {"premise": premise, "hypothesis": hypothesis, "label": label, "language": one.language}
            yield json.dumps(row, ensure_ascii=False) + "\n"


def failure_lines(failures: Mapping[str, str], format: str) -> Iterator[str]:
    """The sources that could not be read and why, as csv, else a JSON object a line."""
    if format == "csv":
        yield _csv_line(("source", "error"))
        yield from map(_csv_line, failures.items())
        return
    for source, error in failures.items():
        yield json.dumps({"source": source, "error": error}) + "\n"


def reports_across(results: Results, choice: Choice) -> Iterator[tuple[Report, Report, Finding]]:
    """The chosen findings between documents, with the report of each of the two."""
    report_of = lru_cache(REPORTS_HELD)(results.report)
    for one, other, finding in filter(choice.takes, results.across(choice.min_confidence)):
        yield report_of(one.id), report_of(other.id), finding


def write_pages(
    reports: Iterable[Report],
    folder: Path,
    options: Options,
    across: Iterable[tuple[Report, Report, Finding]] = (),
) -> int:
    """A folder with a page for each report, pages that list them in several orders, and one for findings between
    documents, where there are any; the number of reports.

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
            of_list = replace(report.document, text="")
            entries.append(Entry(page, report.document.id, of_list, len(listed), n_reviewed, highest, words))
        for name, page in render_index(entries, across).items():
            (folder / name).write_text(page, encoding="utf-8")
    return len(entries)


def write_parquet(reports: Iterable[Report], path: Path, options: Options) -> int:
    """A Parquet file with a row for each listed finding, columns as in CSV but typed; the number of rows.

    Raises: ClaimsError when pyarrow is missing or the file cannot be written.
    """
    columns = (
        *("source", "document_id", "language", "title", "date", "confidence", "calibrated", "threshold", "kind"),
        *("reasons", *(f"{letter}_{name}" for letter in "ab" for name in ("start", "end", "text", "speaker"))),
        *_VERDICT_COLUMNS,
    )
    return _write_table(path, columns, _rows(reports, options))


def write_parquet_across(found: Iterable[Across], path: Path) -> int:
    """The same for findings between documents, as in their CSV. Raises: as `write_parquet`."""
    return _write_table(path, ACROSS_COLUMNS, ([_across_row(*across)] for across in found))


def _write_table(path: Path, columns: Sequence[str], groups: Iterable[list[dict[str, Any]]]) -> int:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise ClaimsError(f"{path}: Parquet needs pyarrow; install claims[parquet]") from None
    kinds = {"confidence": pa.float64(), "threshold": pa.float64(), "calibrated": pa.bool_()}
    kinds |= {"reasons": pa.list_(pa.string())}
    kinds |= {f"{letter}_{name}": pa.int32() for letter in "ab" for name in ("start", "end")}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
    n_rows = 0
    with _writing(path), parquet.ParquetWriter(path, schema) as writer:
        for rows in _in_groups(groups, GROUPS_AT_ONCE):
            writer.write_table(pa.Table.from_pylist(rows, schema))
            n_rows += len(rows)
    return n_rows


def _rows(reports: Iterable[Report], options: Options) -> Iterator[list[dict[str, Any]]]:
    """The rows of each report."""
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
                **_sides_row(finding),
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
