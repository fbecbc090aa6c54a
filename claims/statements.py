"""The statements of a document: the clauses of its sentences that can be true or false on their own.

It drops what states nothing (questions, fragments, rows of names), trims the marks around the rest and says what
stands in quotation marks. It never changes text: a statement is a slice of `document.text`.

It does not know who speaks, whom an omitted subject means, or what is worth checking: `speaker`, `subject` and
`claim_score` stay None. Where clauses begin is the business of clauses.py.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from claims.clauses import count_words, has_verb
from claims.clauses import split_clauses as split_clauses

if TYPE_CHECKING:
    from claims.document import Document
    from claims.sentences import Sentence

_MIN_WORDS = 3
_N_OPEN = 5  # sentences that a quotation mark which is never closed may reach

_PAIRS = {"«": "»", "»": "«", "“": "”", "„": "“”", "”": "”", '"': '"', "‘": "’", "‚": "‘’", "‹": "›", "「": "」"}
_PAIRS |= {"『": "』", "《": "》", "〈": "〉", "(": ")", "[": "]", "{": "}", "（": "）", "【": "】"}
_PAIRED = re.compile("[" + re.escape("".join({*_PAIRS, *"".join(_PAIRS.values())} - {"’"})) + "]")  # don’t
_SEPARATORS = frozenset(",;:،؛、，；：-–—―•·*")
_QUESTION_MARKS = ("?", "？", "؟", "\u037e", "⁇", "⁈")
_AFTER_QUESTION = " \u00a0\u202f\t\"'”’»“«)]」』）,،，"
_ROW_MARK = re.compile(r"[,;()/|•·、]")

_QUOTES = {"«": "»", "»": "«", "„": "“”", "“": "”", "”": "”", '"': '"', "'": "'", "‘": "’", "「": "」", "『": "』"}
_QUOTES |= {"《": "》"}
_QUOTE = re.compile("[«»„“”\"'‘’「」『』《》\n]")
_SINGLE = frozenset("'‘")
_ALWAYS_OPEN = frozenset("「『《")


@dataclass(frozen=True, slots=True)
class Statement:
    """A span of a document that can be true or false on its own.

    Shape: `text == document.text[start:end]`; `sentence` is the index of the sentence it comes from.
    `quoted`: most of its letters stand inside quotation marks. `speaker`, `subject` (the span its omitted
    subject comes from) and `claim_score` are None where not known.
    """

    start: int
    end: int
    text: str
    sentence: int
    quoted: bool = False
    speaker: str | None = None
    subject: tuple[int, int] | None = None
    claim_score: float | None = None


def extract_statements(document: Document, sentences: Sequence[Sentence]) -> list[Statement]:
    """Return the statements of a document by position; no two overlap.

    Questions, rows of names, datelines and parts under three words are left out. What was left out can be
    counted: a sentence without statements is an index that no statement carries.
    """
    text, language = document.text, document.language
    quotations = _quotations(text, sentences)
    statements = []
    for index, sentence in enumerate(sentences):
        words = text[sentence.start : sentence.end]
        question = _question_start(words, language)
        for span in split_clauses(words, language):
            start, end = _trim(words, *span)
            if end <= question and _is_statement(words[start:end], language):
                start, end = sentence.start + start, sentence.start + end
                quoted = _is_quoted(text, start, end, quotations)
                statements.append(Statement(start, end, text[start:end], index, quoted))
    return statements


def without_markers(text: str, language: str) -> str:
    """Return a statement without the discourse markers it begins with, which say nothing about what is so.

    A model compares what is claimed, and markers distract it. Languages without a list in data/markers.toml keep
    theirs, and at least three words always stay.

    >>> without_markers("On the other hand, the plant stays open.", "en")
    'the plant stays open.'
    """
    pattern = _markers(language)
    while pattern and (marker := pattern.match(text)) and count_words(text[marker.end() :]) >= _MIN_WORDS:
        text = text[marker.end() :]
    return text


def _question_start(sentence: str, language: str) -> int:
    """Return from where on the sentence asks; beyond its end if it does not. Only ¿ marks a start inside it."""
    marks = (*_QUESTION_MARKS, ";") if language == "el" else _QUESTION_MARKS
    if not sentence.rstrip(_AFTER_QUESTION).endswith(marks):
        return len(sentence) + 1
    return max(sentence.rfind("¿"), 0)  # Bajó en mayo, pero ¿por qué?


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without separators, and without marks at its edges whose partner is not inside."""
    waiting: list[int] = []
    unpaired = set()
    for match in _PAIRED.finditer(text, start, end):
        mark, place = match.group(), match.start()
        if waiting and mark in _PAIRS[text[waiting[-1]]]:
            waiting.pop()
        elif mark in _PAIRS:
            waiting.append(place)
        else:
            unpaired.add(place)
    unpaired.update(waiting)
    while start < end and (text[start].isspace() or text[start] in _SEPARATORS or start in unpaired):
        if text[start] in "-–" and text[start + 1 : start + 2].isdigit():
            break  # -5 degrees
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in _SEPARATORS or end - 1 in unpaired):
        end -= 1
    return start, end


@cache
def _markers(language: str) -> re.Pattern[str] | None:
    """Return what finds a discourse marker at the beginning of a text; None for a language without a list."""
    lists = tomllib.loads((resources.files("claims") / "data" / "markers.toml").read_text("utf-8")).get(language)
    if lists is None:
        return None

    def any_of(markers: str) -> str:
        return "|".join(sorted(map(re.escape, " ".join(markers.split()).split(" | ")), key=len, reverse=True))

    after = r"\s*[,，]?\s*" if language == "zh" else r"(?:\s*[,،]\s*|\s+)"  # 但是他说: no space behind the marker
    before_comma = rf"|(?:{any_of(lists['before_comma'])})\s*,\s*" if lists["before_comma"] else ""
    return re.compile(f"(?:{any_of(lists['anywhere'])}){after}{before_comma}", re.IGNORECASE)


def _is_statement(text: str, language: str) -> bool:
    """Tell whether a clause has letters and three words, and is neither a question nor a row of names."""
    asks = text.rstrip(_AFTER_QUESTION).endswith(_QUESTION_MARKS)
    if asks or not any(map(str.isalpha, text)) or count_words(text) < _MIN_WORDS:
        return False
    words = [word for word in re.split(r"[\W_]+", text) if word]
    names = sum(word[0].isupper() or word[0].isdigit() for word in words)
    small = sum(len(word) <= 3 and word.islower() for word in words)  # Kyiv, Moscow and Berlin
    row = any(word[0].isupper() for word in words) and names + small == len(words)
    return not (row and 3 * len(_ROW_MARK.findall(text)) >= len(words) and not has_verb(text, language))


def _quotations(text: str, sentences: Sequence[Sentence]) -> list[tuple[int, int]]:
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


def _opens(mark: str, before: str, after: str) -> bool:
    """Tell whether a mark begins a quotation, from the characters on either side of it."""
    if mark in _ALWAYS_OPEN:
        return True
    if mark in _SINGLE:
        return after.isalnum() and not before.isalnum()  # not don't
    if after.isspace():
        return mark == "«" and not before.isalnum()  # « Oui »
    return (not before.isalnum() and after not in tuple(",.;:!?)")) or before > "\u3000"  # 他说“好”


def _is_quoted(text: str, start: int, end: int, quotations: list[tuple[int, int]]) -> bool:
    """Tell whether most letters of the span stand inside quotations."""
    n_inside = 0
    for index in range(max(bisect_right(quotations, (start, len(text))) - 1, 0), len(quotations)):
        opened, closed = quotations[index]
        if opened >= end:
            break
        n_inside += sum(map(str.isalpha, text[max(start, opened) : min(end, closed)]))
    return 2 * n_inside > sum(map(str.isalpha, text[start:end]))
