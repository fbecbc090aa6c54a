"""Reports and extracts as text, JSON, JSON Lines, CSV, Markdown or HTML.

Every format gets the same results and options and returns one string; what each shows is in its own module,
the words they share in `shown`. Renders only: it reads no file, writes none, and scores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from claims.findings import Extract, Report
from claims.render.data import render_csv, render_json, render_jsonl, render_statements_csv
from claims.render.html import render_html, render_statements_html
from claims.render.markdown import render_markdown, render_statements_markdown
from claims.render.shown import Options

__all__ = ["FORMATS", "Options", "render", "render_statements"]

T = TypeVar("T")


def render(reports: Sequence[Report], format: str, options: Options | None = None) -> str:
    """All reports in one format, ending with one newline; no report is no text and no JSON line.

    CSV ends its lines with CR LF, so write it with `newline=""`.
    Raises: ValueError for a format that is not one of `FORMATS`.
    """
    return _renderer(format, _REPORTS)(reports, options or Options())


def render_statements(extracts: Sequence[Extract], format: str, options: Options | None = None) -> str:
    """All extracts in one format, as `render` does with reports."""
    return _renderer(format, _EXTRACTS)(extracts, options or Options())


def _render_text(results: Sequence[Report | Extract], options: Options) -> str:
    from claims.render.text import render_text  # which needs rich, which is slow to load

    return render_text(results, options)


_REPORTS: dict[str, Callable[[Sequence[Report], Options], str]] = {
    "text": _render_text,
    "json": render_json,
    "jsonl": render_jsonl,
    "csv": render_csv,
    "md": render_markdown,
    "html": render_html,
}
_EXTRACTS: dict[str, Callable[[Sequence[Extract], Options], str]] = {
    "text": _render_text,
    "json": render_json,
    "jsonl": render_jsonl,
    "csv": render_statements_csv,
    "md": render_statements_markdown,
    "html": render_statements_html,
}

FORMATS = tuple(_REPORTS)
"""The names of the formats."""


def _renderer(format: str, renderers: Mapping[str, T]) -> T:
    if format not in renderers:
        raise ValueError(f"{format!r}: not a format; use one of {', '.join(FORMATS)}")
    return renderers[format]
