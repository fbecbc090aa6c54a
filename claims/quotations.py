"""Which parts of a text stand between quotation marks.

The marks are read by position alone: it does not know who speaks, and a mark that closes in one language opens in
another. Whether a quotation is speech, a title or a scare quote is for speakers.py to say.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claims.sentences import Sentence

_N_OPEN = 5  # sentences that a quotation mark which is never closed may reach
_QUOTES = {"«": "»", "»": "«", "„": "“”", "“": "”", "”": "”", '"': '"', "'": "'", "‘": "’", "「": "」", "『": "』"}
_QUOTES |= {"《": "》"}
_QUOTE = re.compile("[«»„“”\"'‘’「」『』《》\n]")
_SINGLE = frozenset("'‘")
_ALWAYS_OPEN = frozenset("「『《")


def find_quotations(text: str, sentences: Sequence[Sentence]) -> list[tuple[int, int]]:
    """Return the spans between quotation marks; one that is never closed ends with its paragraph at the latest."""
    starts = [sentence.start for sentence in sentences]
    spans: list[tuple[int, int]] = []
    opened, closers = -1, ""
    for match in _QUOTE.finditer(text + "\n"):
        mark, place = match.group(), match.start()
        if opened < 0:
            if mark in _QUOTES and _opens(mark, text[place - 1 : place], text[place + 1 : place + 2]):
                opened, closers = place, _QUOTES[mark]
        elif mark == "\n":
            if text[opened] not in _SINGLE:  # an apostrophe: the '90s
                last = min(bisect_right(starts, opened) + _N_OPEN - 1, len(starts)) - 1
                spans.append((opened, min(place, max(sentences[last].end, opened) if starts else place)))
            opened = -1
        elif mark in closers and not (closers in "'’" and text[place + 1 : place + 2].isalnum()):  # 'I don't know'
            spans.append((opened, place))
            opened = -1
    return spans


def is_quoted(text: str, start: int, end: int, quotations: list[tuple[int, int]]) -> bool:
    """Tell whether most letters of the span stand inside quotations."""
    n_inside = 0
    for index in range(max(bisect_right(quotations, (start, len(text))) - 1, 0), len(quotations)):
        opened, closed = quotations[index]
        if opened >= end:
            break
        n_inside += sum(map(str.isalpha, text[max(start, opened) : min(end, closed)]))
    return 2 * n_inside > sum(map(str.isalpha, text[start:end]))


def _opens(mark: str, before: str, after: str) -> bool:
    """Tell whether a mark begins a quotation, from the characters on either side of it."""
    if mark in _ALWAYS_OPEN:
        return True
    if mark in _SINGLE:
        return after.isalnum() and not before.isalnum()  # not don't
    if after.isspace():
        return mark == "«" and not before.isalnum()  # « Oui »
    return (not before.isalnum() and after not in tuple(",.;:!?)")) or before > "\u3000"  # 他说“好”
