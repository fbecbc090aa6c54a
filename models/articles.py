"""News articles invented for training, their contradictions marked in the text: the files of `authored/`.

One file a language; an article begins with a line `=== ` and ends with its pairs and their kinds after a line `---`:

    === en
    Council keeps every library open

    The leader said that [[c1a|no branch would close]]. The savings include Cotham Green, [[c1b|where the reading room
    shuts for good in March]]. ...
    ---
    c1 position_vs_action

`c` pairs contradict each other, `d` pairs (distractors) look as if they did; their two sides are `a` and `b`. All other
pairs of an article go together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from claims.document import Document
from claims.evaluate import LabelledArticle, LabelledPair, Span

FOLDER = Path(__file__).parent / "authored"
HELD_OUT = 5  # one of so many articles is kept from training, to measure on

_BEGIN = re.compile(r"^=== *", re.MULTILINE)
_MARK = re.compile(r"\[\[([cd]\d+)([ab])\|(.*?)\]\]", re.DOTALL)
_KIND = re.compile(r"^([cd]\d+) +(\w+)$", re.MULTILINE)


def authored_articles(folder: Path = FOLDER, *, held_out: bool) -> list[LabelledArticle]:
    """The articles to train on, or those kept from it, told apart by their text.

    Raises: ValueError naming an article with broken marks.
    """
    articles = chain.from_iterable(map(read_articles, sorted(folder.glob("*.txt"))))
    return [article for article in articles if (int(article.document.id, 16) % HELD_OUT == 0) == held_out]


def read_articles(path: Path) -> Iterator[LabelledArticle]:
    """The articles of a file. Raises: ValueError naming an article with broken marks."""
    for number, block in enumerate(_BEGIN.split(path.read_text(encoding="utf8"))[1:], 1):
        language, _, rest = block.partition("\n")
        marked, _, kinds = rest.partition("\n---\n")
        source = f"{path.stem}-{number}"
        try:
            yield _article(marked.strip() + "\n", dict(_KIND.findall(kinds)), source, language.strip())
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path}, article {number}: marks do not fit ({error})") from error


def _article(marked: str, kinds: dict[str, str], source: str, language: str) -> LabelledArticle:
    text, spans, end = "", {}, 0
    for mark in _MARK.finditer(marked):
        text += marked[end : mark.start()]
        spans[mark[1], mark[2]] = (len(text), len(text) + len(mark[3]))
        text += mark[3]
        end = mark.end()
    text += marked[end:]
    document = Document.from_text(text, source=source, language=language)
    if "[[" in text or "]]" in text or document.text != text or len(spans) != 2 * len(kinds):
        raise ValueError("broken or without a kind")
    pairs: dict[str, list[LabelledPair]] = {"c": [], "d": []}
    for name, kind in kinds.items():
        a, b = sorted((spans[name, "a"], spans[name, "b"]))
        pairs[name[0]].append(LabelledPair((a, b), kind))
    return LabelledArticle(document, tuple(pairs["c"]), tuple(pairs["d"]))


def touches(a: Span, b: Span, labelled: LabelledPair) -> bool:
    """Whether two spans overlap the two sides of a labelled pair, one each, be it by one character."""
    one, other = labelled.spans
    return (_overlap(a, one) and _overlap(b, other)) or (_overlap(a, other) and _overlap(b, one))


def _overlap(a: Span, b: Span) -> bool:
    return min(a[1], b[1]) > max(a[0], b[0])
