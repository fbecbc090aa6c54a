"""In what two statements differ that makes a contradiction: numbers, names, and words that negate.

Marks places for a reader's eye and decides nothing. Knows spelling: a name is a word with a capital inside a sentence,
so scripts without capitals get none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from claims.cues import find_negations
from claims.pairs import stem

_NUMBER = re.compile(r"\d+(?:[.,:/\u00a0\u202f ]\d+)*")
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_NO_DIGITS = re.compile(r"\D")
_STARTS = re.compile(r"(?:^|[.!?…:]\s+|[\"“«„‚(¿¡—–]\s?)[^\w\s]*(?=\w)")

CAPITALIZED = frozenset({"de", "lb"})  # languages whose nouns all have a capital


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a statement, and in what it differs from the other: "number", "name", "negation" or ""."""

    text: str
    differs: str = ""


def differing(a: str, b: str, language_a: str, language_b: str) -> tuple[list[Part], list[Part]]:
    """Both statements in pieces, those marked that only one of the two has.

    >>> one, other = differing("It cost Lee 12 euros", "It did not cost Lee 15 euros", "en", "en")
    >>> [part.text for part in one if part.differs], [part.text for part in other if part.differs]
    (['12'], ['not', '15'])
    """
    sides = [_Side(a, language_a), _Side(b, language_b)]
    return _parts(*sides), _parts(*reversed(sides))


class _Side:
    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.numbers = {match.span(): _NO_DIGITS.sub("", match[0]) for match in _NUMBER.finditer(text)}
        starts = {match.end() for match in _STARTS.finditer(text)}
        words = [(match.span(), match[0]) for match in _WORD.finditer(text)]
        self.stems = {stem(word.casefold()) for _, word in words}
        self.names = {
            span: stem(word.casefold())
            for span, word in words
            if word[0].isupper() and span[0] not in starts and language not in CAPITALIZED
        }
        self.negations = find_negations(text, language)


def _parts(side: _Side, other: _Side) -> list[Part]:
    marked = {span: "number" for span, digits in side.numbers.items() if digits not in other.numbers.values()}
    marked |= {span: "name" for span, name in side.names.items() if name not in other.stems}
    if not other.negations:
        marked |= dict.fromkeys(side.negations, "negation")
    parts, end = [], 0
    for (start, stop), differs in sorted(marked.items()):
        if start < end:
            continue
        parts += [Part(side.text[end:start]), Part(side.text[start:stop], differs)]
        end = stop
    return [part for part in (*parts, Part(side.text[end:])) if part.text]
