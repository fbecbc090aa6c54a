"""Templates, and what of an article they show: its language, its text cut where statements begin and end.

Every value of a template is escaped in `escaped`, nowhere else: an article adds no element and no attribute. Knows
Jinja, which is loaded when the first page is made, and nothing of reports.
"""

from __future__ import annotations

import html
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING

from claims.render import shown

if TYPE_CHECKING:
    from jinja2 import Environment

# Languages written from right to left; those with two scripts, as Kurdish, are left to dir="auto".
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


@cache
def environment(*packages: str) -> Environment:
    """What makes pages of the templates of some packages; of those of one name the first is taken."""
    from jinja2 import ChoiceLoader, PackageLoader, StrictUndefined
    from jinja2 import Environment as Templates
    from markupsafe import Markup

    def finalize(value: object) -> object:
        return Markup(escaped(value)) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Templates(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page_of(template: str, *packages: str, **values: object) -> str:
    """The page that a template of this package makes, or of others that build on it, ending with one newline."""
    return environment("claims.render", *packages).get_template(template).render(values).strip() + "\n"


def verbatim(text: str) -> str:
    """A text of ours that goes into a page as it is."""
    from markupsafe import Markup

    return Markup(text)


def asset(package: str, name: str) -> str:
    """The text of a file of a package."""
    return resources.files(package).joinpath(name).read_text(encoding="utf8")


def escaped(text: str) -> str:
    """A text that is text anywhere on a page, in an attribute too.

    A combining mark at its start is written as a number: one that overlays the ">" before it would become one
    character with it, ≯, in any program that normalizes the page.
    """
    written = html.escape(shown.clean(text))
    if written and unicodedata.combining(written[0]):
        return f"&#{ord(written[0])};{written[1:]}"
    return written


@dataclass(frozen=True, slots=True)
class Tongue:
    """The attributes of an element with text of an article."""

    code: str
    direction: str


def tongue_of(language: str) -> Tongue:
    """How text of a language is marked and in which direction it runs."""
    code = "" if language == shown.UNKNOWN_LANGUAGE else language
    return Tongue(code, "rtl" if language in RIGHT_TO_LEFT else "auto")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text between two edges of statements."""

    text: str
    names: tuple[str, ...]
    """The statements it belongs to."""
    begins: tuple[str, ...]
    """Those that begin with it."""
    ends: tuple[str, ...]
    """Those that end with it."""


@dataclass
class _Place:
    """What happens at one offset of the text."""

    begins: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)


def paragraphs(text: str, spans: Iterable[tuple[int, int, str]]) -> list[list[Piece]]:
    """A text as a paragraph for each line, cut at every edge of the named spans.

    Statements of several findings may overlap, and elements may not: each piece carries the names of all statements it
    belongs to.
    """
    places: dict[int, _Place] = defaultdict(_Place)
    for start, end, name in spans:
        places[start].begins.append(name)
        places[end].ends.append(name)
    edges = sorted(places)
    active: dict[str, None] = {}  # in order of their beginning
    cut = []
    for line in _lines(text):
        cuts = edges[bisect_right(edges, line[0]) : bisect_left(edges, line[1])]
        pieces = []
        for start, end in pairwise([line[0], *cuts, line[1]]):
            begins, ends = places.get(start, _Place()).begins, places.get(end, _Place()).ends
            active.update(dict.fromkeys(begins))
            pieces.append(Piece(text[start:end], tuple(active), tuple(begins), tuple(ends)))
            for name in ends:
                active.pop(name, None)
        cut.append(pieces)
    return cut


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the lines of a text; blank lines belong to the line before them, so nothing is left over."""
    starts, offset = [], 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            starts.append(offset)
        offset += len(line)
    return pairwise([0, *starts[1:], len(text)])
