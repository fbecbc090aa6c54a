"""Reports as Markdown: the same report is the same bytes, so two versions of an article can be diffed.

Text of an article is escaped and never starts a line, so it formats nothing. Knows CommonMark and what GitHub
adds (tables, strikethrough, mathematics); web addresses stay readable, and GitHub links them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from claims.findings import Finding, Report
from claims.render import shown
from claims.render.shown import Options
from claims.statements import Statement

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&$!^])")


def render_markdown(reports: Sequence[Report], options: Options) -> str:
    """One Markdown document with a section for each article."""
    blocks = ["# Possible contradictions"]
    if not reports:
        blocks.append("No article was checked.")
    for report in reports:
        blocks += _article(report, options)
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    r"""A text in one line that Markdown shows as it is.

    >>> escape("5 * 3\n<b>")
    '5 \\* 3 \\<b\\>'
    """
    return _SPECIAL.sub(r"\\\1", shown.one_line(text))


def _article(report: Report, options: Options) -> Iterator[str]:
    yield f"## {escape(shown.title(report))}"
    facts = (*shown.origin(report), shown.counts_words(report), f"model {shown.model_words(report)}")
    yield "\n".join(f"- {escape(fact)}" for fact in facts)
    if notes := shown.notes(report):
        yield "\n".join(f"> {escape(note)}  " for note in notes).rstrip()
    yield f"**{escape(shown.headline(report, options))}**"
    findings = report.listed(options.min_confidence)
    for number, finding in enumerate(findings, start=1):
        confidence = shown.confidence_words(report, finding.confidence)
        yield f"### {number}. {confidence}: {escape(shown.kind_words(finding))}"
        yield _statements(report, finding)
    if not findings and report.scored:
        yield _statements(report, report.scored[0])
    if options.statements and report.statements:
        yield f"### {shown.counted(len(report.statements), 'statement')}"
        yield "\n".join(f"- {_statement(report, statement)}" for statement in report.statements)


def _statements(report: Report, finding: Finding) -> str:
    lines = [f"- **{side}**, {_statement(report, s)}" for side, s in (("A", finding.a), ("B", finding.b))]
    if finding.reasons:
        lines.append(f"- Why: {escape(shown.reasons_words(finding))}")
    return "\n".join(lines)


def _statement(report: Report, statement: Statement) -> str:
    return f"{escape(', '.join(shown.place_words(report, statement)))}: {escape(statement.text)}"
