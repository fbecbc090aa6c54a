"""Reports and extracts for programs: JSON, JSON Lines, CSV.

JSON is exact: every offset and character as in the report. CSV is for spreadsheets, where exactness ends:
white space becomes single spaces, unprintable characters become �, and a cell that a spreadsheet would run as
a formula starts with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from claims.document import Document
from claims.findings import Extract, Finding, Report
from claims.render.shown import Options, one_line, subject_text
from claims.statements import Statement

FINDING_COLUMNS = (
    *("source", "document_id", "language", "confidence", "calibrated", "kind", "reasons"),
    *("a_start", "a_end", "a_text", "a_speaker", "b_start", "b_end", "b_text", "b_speaker"),
    *("verdict", "reviewer", "note"),
)
STATEMENT_COLUMNS = (
    *("source", "document_id", "language", "sentence", "start", "end", "text", "speaker", "own_voice", "quoted"),
    *("claim_score", "is_claim", "subject", "cues", "dates"),
)

# What a spreadsheet takes for the start of a formula, also in full width. Source: OWASP, CSV Injection.
_FORMULA = tuple("=+-@＝＋－＠")

# Valid in JSON, but better escaped: what some readers take for the end of a line, what a terminal obeys, what
# reorders letters on screen, and surrogates, which UTF-8 cannot hold.
_ESCAPED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def render_json(results: Sequence[Report | Extract], options: Options) -> str:
    """One result as a JSON object, any other number of them, or one when asked to, as an array; indented."""
    objects = [_json_object(result, options) for result in results]
    return dumps(objects[0] if len(objects) == 1 and not options.array else objects, indent=2) + "\n"


def render_jsonl(results: Sequence[Report | Extract], options: Options) -> str:
    """One JSON object a line."""
    return "".join(dumps(_json_object(result, options)) + "\n" for result in results)


def render_csv(reports: Sequence[Report], options: Options) -> str:
    """A header and one row for each listed finding, as RFC 4180 has it.

    >>> render_csv([], Options()).partition(",")[0]
    'source'
    """
    listed = ((report, finding) for report in reports for finding in report.listed(options.min_confidence))
    return _table(FINDING_COLUMNS, (_finding_row(*each) for each in listed))


def render_statements_csv(extracts: Sequence[Extract], options: Options) -> str:
    """A header and one row for each listed statement; offsets and sentences count from 0, as in JSON.

    >>> render_statements_csv([], Options()).split(",")[6]
    'text'
    """
    listed = ((extract, s) for extract in extracts for s in extract.listed(claims_only=options.claims_only))
    return _table(STATEMENT_COLUMNS, (_statement_row(extract.document, s) for extract, s in listed))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(columns)
    writer.writerows(rows)
    return table.getvalue()


def _json_object(result: Report | Extract, options: Options) -> dict[str, Any]:
    if isinstance(result, Extract):
        return result.to_json(claims_only=options.claims_only, text=options.text)
    return result.to_json(min_confidence=options.min_confidence, statements=options.statements, text=options.text)


def dumps(value: Any, indent: int | None = None) -> str:
    """A value as JSON that no reader or terminal takes for anything else."""
    separators = None if indent else (",", ":")
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


def _finding_row(report: Report, finding: Finding) -> tuple[str, ...]:
    verdict = finding.verdict
    return (
        *_document_cells(report.document),
        f"{finding.confidence:.4f}",
        _boolean(report.calibrated),
        cell(finding.kind),
        cell("; ".join(finding.reasons)),
        *_statement_cells(finding.a),
        *_statement_cells(finding.b),
        *(map(cell, (verdict.verdict, verdict.reviewer, verdict.note)) if verdict else ("", "", "")),
    )


def _statement_row(document: Document, statement: Statement) -> tuple[str, ...]:
    return (
        *_document_cells(document),
        str(statement.sentence),
        *_statement_cells(statement),
        _boolean(statement.own_voice),
        _boolean(statement.quoted),
        "" if statement.claim_score is None else f"{statement.claim_score:.4f}",
        _boolean(statement.is_claim),
        cell(subject_text(document, statement)),
        cell("; ".join(statement.cues)),
        cell("; ".join(statement.dates)),
    )


def _document_cells(document: Document) -> tuple[str, ...]:
    return cell(document.source), document.id, cell(document.language)


def _statement_cells(statement: Statement) -> tuple[str, ...]:
    return str(statement.start), str(statement.end), cell(statement.text), cell(statement.speaker or "")


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def cell(text: str) -> str:
    """A text in one line as a cell of a spreadsheet, never a formula."""
    shown = one_line(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
