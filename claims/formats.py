"""Markdown and HTML to plain text, with the title, date and language they state.

Paragraphs come out one a line. Knows nothing of files and encodings. Markdown is parsed by markdown-it-py
(CommonMark and tables): code, tables, images and HTML comments are left out. Of HTML the main text is kept,
as trafilatura finds it, without navigation, footers, tables, scripts and cookie notices.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from claims.errors import DocumentError

if TYPE_CHECKING:
    from markdown_it.token import Token


@dataclass(frozen=True)
class Content:
    """What a file says: its text, and what it states about itself."""

    text: str
    title: str | None = None
    date: str | None = None
    language: str | None = None


_HTML_START = re.compile(
    r"\s*(?>(?:<\?xml[^>]*>|<!--(?:(?!-->).)*-->)\s*)*"
    r"<(?:!doctype html|html|head|body|main|article|section|div|p|h1)\b",
    re.IGNORECASE | re.DOTALL,
)
_FRONT_MATTER = re.compile(r"\s*(---|\+\+\+)[ \t]*\n(.*?)\n\1[ \t]*(?:\n|$)", re.DOTALL)
_FRONT_MATTER_LINE = re.compile(r"(?:[\w][\w .\t-]*[:=].*|\s.*|-.*|[#\]}].*|)")
_FIELD = re.compile(r"^(title|date|lang|language)[ \t]*[:=](.+)$", re.MULTILINE | re.IGNORECASE)
_ISO_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9_-]+)?")
_TAG_OR_COMMENT = re.compile(
    r"<!--.*?(?:-->|$)|<(script|style)\b.*?(?:</\1>|$)|</?[a-zA-Z][^<>]*>", re.DOTALL | re.IGNORECASE
)
_CJK = "[\u3000-\u30ff\u3400-\u9fff\uff01-\uff60]"

# Never an article's text; trafilatura alone keeps some of it on pages with little text.
_BOILERPLATE = [
    "//nav | //footer | //aside | //script | //style | //noscript | //template | //dialog | //*[@hidden]",
    "//*[@role='navigation' or @role='contentinfo' or @role='dialog' or @role='alertdialog']",
    "//div[contains(@class, 'cookie') or contains(@id, 'cookie') or contains(@class, 'consent')"
    " or contains(@id, 'consent')]",
]


def looks_like_html(text: str) -> bool:
    """Tell whether `text` begins as an HTML page or a piece of one does."""
    return _HTML_START.match(text[:4096]) is not None


def read_markdown(markdown: str) -> Content:
    """Return the plain text of `markdown`; its title is that of the front matter, or else the first heading.

    >>> read_markdown("# Taxes\\n\\nThe *minister* said [no](http://example.com).")
    Content(text='Taxes\\nThe minister said no.', title='Taxes', date=None, language=None)
    """
    from markdown_it import MarkdownIt

    fields, markdown = _front_matter(markdown)
    # Indented code goes: an article with indented paragraphs is far more common than one with code in it.
    tokens = MarkdownIt("commonmark").enable("table").disable("code").parse(markdown)
    paragraphs, heading, n_tables = [], None, 0
    for before, token in pairwise([None, *tokens]):
        assert token is not None
        n_tables += (token.type == "table_open") - (token.type == "table_close")
        if token.type == "html_block":
            paragraph = html.unescape(_TAG_OR_COMMENT.sub("", token.content)).strip()
        elif token.type == "inline" and not n_tables:
            paragraph = _inline_text(token.children or [])
            if heading is None and before is not None and before.type == "heading_open":
                heading = paragraph
        else:
            continue
        if paragraph:
            paragraphs.append(paragraph)
    return Content(
        text="\n".join(paragraphs),
        title=fields.get("title") or heading or None,
        date=_iso_date(fields.get("date")),
        language=_language_tag(fields.get("language") or fields.get("lang")),
    )


def read_html(markup: str, source: str) -> Content:
    """Return the main text of an HTML page and what its metadata state.

    Raises: DocumentError if no text can be found or the page breaks the parser; `source` names it there.
    """
    try:
        content = _extract(markup)
    except Exception as error:  # a page can break lxml or trafilatura in any of their lines
        reason = f"HTML that cannot be read ({type(error).__name__})"
        raise DocumentError(f"{source}: {reason}; save the article as a text file") from error
    if not content.text.strip():
        raise DocumentError(f"{source}: no text found in the HTML; save the article as a text file")
    return content


def _extract(markup: str) -> Content:
    from trafilatura import bare_extraction, html2txt, load_html  # 0.3 s

    tree = load_html(markup)
    if tree is None:  # a piece of HTML in a single element
        tree = load_html(f"<html><body><div>{markup}</div></body></html>")
    if tree is None:
        return Content("")
    page = bare_extraction(
        tree,
        include_comments=False,
        include_tables=False,
        with_metadata=True,
        prune_xpath=_BOILERPLATE,
        # "extensive" takes a year in the page's footer for its date
        date_extraction_params={"extensive_search": False, "original_date": True, "outputformat": "%Y-%m-%d"},
    )
    text = (getattr(page, "text", None) or "").strip()
    root = tree.getroottree().getroot()  # `tree` may be the body alone
    return Content(
        text=text or html2txt(_without_boilerplate(tree)),
        title=getattr(page, "title", None),
        date=_iso_date(getattr(page, "date", None)),
        language=_language_tag(root.get("lang") or root.get("xml:lang")),
    )


def _without_boilerplate(tree: Any) -> Any:
    for path in _BOILERPLATE:
        for element in tree.xpath(path):
            if element.getparent() is not None:
                element.drop_tree()
    return tree


def _front_matter(markdown: str) -> tuple[dict[str, str], str]:
    """Return the fields of a YAML or TOML front matter that are of use, and the text after it."""
    match = _FRONT_MATTER.match(markdown)
    if match is None or not all(_FRONT_MATTER_LINE.fullmatch(line) for line in match[2].split("\n")):
        return {}, markdown
    fields = {name.lower(): value.strip(" \t\"'") for name, value in _FIELD.findall(match[2])}
    return fields, markdown[match.end() :]


def _inline_text(tokens: list[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type in ("text", "text_special", "code_inline"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
    return re.sub(f"(?<={_CJK})\n(?={_CJK})", "", "".join(parts)).replace("\n", " ").strip()


def _iso_date(value: str | None) -> str | None:
    match = _ISO_DATE.search(value or "")
    return match[0] if match else None


def _language_tag(value: str | None) -> str | None:
    tag = (value or "").strip()
    return tag if _LANGUAGE_TAG.fullmatch(tag) and tag.lower() not in ("und", "mul", "zxx") else None
