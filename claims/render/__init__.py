"""A report as text, JSON, JSON Lines, CSV, Markdown or HTML.

Every format gets the same reports and options and returns one string; what each shows is in its own module,
the words they share in `shown`. Renders only: it reads no file, writes none, and scores nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from claims.findings import Report
from claims.render.shown import Options

FORMATS = ("text", "json", "jsonl", "csv", "md", "html")
"""The names of the formats."""

__all__ = ["FORMATS", "Options", "render"]


def render(reports: Sequence[Report], format: str, options: Options | None = None) -> str:
    """All reports in one format, ending with one newline; no report is no text and no JSON line.

    To print text on a terminal, with colour and in its width, use `claims.render.text.print_text`.
    CSV ends its lines with CR LF, so write it with `newline=""`.
    Raises: ValueError for a format that is not one of `FORMATS`.
    """
    options = options or Options()
    if format == "text":
        from claims.render.text import render_text

        return render_text(reports, options)
    if format == "json":
        from claims.render.data import render_json

        return render_json(reports, options)
    if format == "jsonl":
        from claims.render.data import render_jsonl

        return render_jsonl(reports, options)
    if format == "csv":
        from claims.render.data import render_csv

        return render_csv(reports, options)
    if format == "md":
        from claims.render.markdown import render_markdown

        return render_markdown(reports, options)
    if format == "html":
        from claims.render.html import render_html

        return render_html(reports, options)
    raise ValueError(f"{format!r}: not a format; use one of {', '.join(FORMATS)}")
