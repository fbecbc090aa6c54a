"""Reports and extracts as Markdown: the same report is the same bytes, so two versions of an article can be diffed.

Text of an article is escaped and never starts a line, so it formats nothing. Knows CommonMark and what GitHub
adds (tables, strikethrough, mathematics); web addresses stay readable, and GitHub links them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from claims.document import Document
from claims.findings import Extract, Finding, Report
from claims.render import shown
from claims.render.shown import Options
from claims.statements import Statement

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&$!^])")


def render_markdown(reports: Sequence[Report], options: Options) -> str:
    """One Markdown document with a section for each article."""
    return _page("Possible contradictions", [_report(report, options) for report in reports])


def render_statements_markdown(extracts: Sequence[Extract], options: Options) -> str:
    """One Markdown document with a table of statements for each article."""
    return _page("Statements", [_extract(extract, options) for extract in extracts])


def escape(text: str) -> str:
    r"""A text in one line that Markdown shows as it is.

    >>> escape("5 * 3\n<b>")
    '5 \\* 3 \\<b\\>'
    """
    return _SPECIAL.sub(r"\\\1", shown.one_line(text))


def _page(heading: str, sections: Sequence[Iterator[str]]) -> str:
    blocks = [f"# {heading}"]
    if not sections:
        blocks.append("No article was checked.")
    for section in sections:
        blocks += section
    return "\n\n".join(blocks) + "\n"


def _head(document: Document, facts: Sequence[str], notes: Sequence[str]) -> Iterator[str]:
    yield f"## {escape(shown.title(document))}"
    yield "\n".join(f"- {escape(fact)}" for fact in (*shown.origin(document), *facts))
    if notes:
        yield "\n".join(f"> {escape(note)}  " for note in notes).rstrip()


def _report(report: Report, options: Options) -> Iterator[str]:
    facts = (shown.counts_words(report), *shown.left_out(report), f"model {shown.model_words(report)}")
    yield from _head(report.document, facts, shown.notes(report))
    yield f"**{escape(shown.headline(report, options))}**"
    findings = report.listed(options.min_confidence)
    for number, finding in enumerate(findings, start=1):
        confidence = shown.confidence_words(report, finding.confidence)
        yield f"### {number}. {confidence}: {escape(shown.kind_words(finding))}"
        yield _sides(report, finding)
    if not findings and report.scored:
        yield _sides(report, report.scored[0])
    if options.statements and report.statements:
        yield f"### {shown.counted(len(report.statements), 'statement')}"
        yield _table(report.document, report.statements)


def _extract(extract: Extract, options: Options) -> Iterator[str]:
    yield from _head(extract.document, [shown.extract_counts_words(extract)], shown.extract_notes(extract))
    yield f"**{escape(shown.statements_headline(extract, options))}**"
    if listed := extract.listed(claims_only=options.claims_only):
        yield _table(extract.document, listed)


def _table(document: Document, statements: Sequence[Statement]) -> str:
    lines = ["| Sentence | Statement | Who says it | Claim | Remarks |", "|---:|---|---|---|---|"]
    for statement in statements:
        parts = (
            *(str(statement.sentence + 1), statement.text, shown.speaker_words(statement)),
            *(shown.claim_words(statement), "; ".join(shown.remarks(document, statement))),
        )
        lines.append(f"| {' | '.join(map(escape, parts))} |")
    return "\n".join(lines)


def _sides(report: Report, finding: Finding) -> str:
    lines = [f"- **{side}**, {_statement(report, s)}" for side, s in (("A", finding.a), ("B", finding.b))]
    if finding.reasons:
        lines.append(f"- Why: {escape(shown.reasons_words(finding))}")
    if verdict := shown.verdict_words(finding):
        lines.append(f"- Verdict: {escape(verdict)}")
    return "\n".join(lines)


def _statement(report: Report, statement: Statement) -> str:
    return f"{escape(', '.join(shown.place_words(report, statement)))}: {escape(statement.text)}"
