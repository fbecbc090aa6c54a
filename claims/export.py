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

DOCUMENTS_PER_ROW_GROUP = 500  # of a Parquet file

ACROSS_COLUMNS = (
    *("confidence", "kind", "reasons", "a_source", "a_document_id", "a_start", "a_end", "a_text"),
    *("b_source", "b_document_id", "b_start", "b_end", "b_text", "verdict"),
)

PAGES = "documents"  # folder of the pages of an HTML export


Across = tuple[Document, Document, Finding]
"""A finding between two documents, and those."""


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
        verdict = shown.verdict_words(finding)
        if format == "jsonl":
            written = {"schema": SCHEMA, "documents": [document_json(one), document_json(other)]}
            yield dumps({**written, **finding_json(finding)}) + "\n"
        elif format == "csv":
            sides = ((one, finding.a), (other, finding.b))
            yield _csv_line(
                [
                    *(f"{finding.confidence:.4f}", finding.kind, "; ".join(finding.reasons)),
                    *(
                        part
                        for document, side in sides
                        for part in (document.source, document.id, str(side.start), str(side.end), side.text)
                    ),
                    verdict,
                ]
            )
        else:
            yield f"\n## {finding.confidence * 100:.0f} %: {escape(shown.kind_words(finding))}\n\n"
            for document, side in ((one, finding.a), (other, finding.b)):
                yield f"- **{escape(shown.title(document))}**: {escape(side.text)}\n"
            if verdict:
                yield f"- Verdict: {escape(verdict)}\n"


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
