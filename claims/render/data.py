"""Reports for programs: JSON, JSON Lines, CSV.

JSON is exact: every offset and character as in the report. CSV is for spreadsheets, where exactness ends:
white space becomes single spaces, unprintable characters become �, and a cell that a spreadsheet would run as
a formula starts with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any

from claims.findings import Finding, Report
from claims.render.shown import Options, one_line
from claims.statements import Statement

COLUMNS = (
    *("source", "document_id", "language", "confidence", "calibrated", "kind", "reasons"),
    *("a_start", "a_end", "a_text", "a_speaker", "b_start", "b_end", "b_text", "b_speaker"),
)

# What a spreadsheet takes for the start of a formula, also in full width. Source: OWASP, CSV Injection.
_FORMULA = tuple("=+-@＝＋－＠")

# Valid in JSON, but better escaped: what some readers take for the end of a line, what a terminal obeys, what
# reorders letters on screen, and surrogates, which UTF-8 cannot hold.
_ESCAPED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def render_json(reports: Sequence[Report], options: Options) -> str:
    """One report as a JSON object, any other number of them, or one when asked to, as an array; indented."""
    objects = [_json_object(report, options) for report in reports]
    return _dumps(objects[0] if len(objects) == 1 and not options.array else objects, indent=2) + "\n"


def render_jsonl(reports: Sequence[Report], options: Options) -> str:
    """One JSON object a line."""
    return "".join(_dumps(_json_object(report, options)) + "\n" for report in reports)


def render_csv(reports: Sequence[Report], options: Options) -> str:
    """A header and one row for each listed finding, as RFC 4180 has it.

    >>> render_csv([], Options()).partition(",")[0]
    'source'
    """
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for report in reports:
        writer.writerows(_row(report, finding) for finding in report.listed(options.min_confidence))
    return table.getvalue()


def _json_object(report: Report, options: Options) -> dict[str, Any]:
    return report.to_json(min_confidence=options.min_confidence, statements=options.statements, text=options.text)


def _dumps(value: Any, indent: int | None = None) -> str:
    separators = None if indent else (",", ":")
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


def _row(report: Report, finding: Finding) -> tuple[str, ...]:
    document = report.document
    return (
        *(_cell(document.source), document.id, _cell(document.language)),
        *(
            f"{finding.confidence:.4f}",
            str(report.calibrated).lower(),
            _cell(finding.kind),
            _cell("; ".join(finding.reasons)),
        ),
        *_statement_cells(finding.a),
        *_statement_cells(finding.b),
    )


def _statement_cells(statement: Statement) -> tuple[str, ...]:
    return str(statement.start), str(statement.end), _cell(statement.text), _cell(statement.speaker or "")


def _cell(text: str) -> str:
    shown = one_line(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
