"""The statements of a document: the clauses of its sentences that can be true or false on their own.

It drops what states nothing (questions, fragments, rows of names, frames that only say who says what), trims the marks
around the rest, and brings together what other modules know of each: where clauses begin and subjects stand
(tagger.py; clauses.py alone where there is no tagger), who speaks (speakers.py), time and modality (cues.py), whether
it is worth checking. It never changes text: a statement is a slice of `document.text`.

Whom an omitted or pronominal subject means is a guess from what stands before: the subject of the clause before, of
the same sentence or of one of the last few.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from claims.clauses import content_start, count_words, find_boundaries, find_insertion, has_verb, split_at
from claims.cues import find_cues, find_dates
from claims.quotations import find_quotations, is_quoted
from claims.speakers import Attribution, attribute
from claims.speech import rules_of

if TYPE_CHECKING:
    from claims.document import Document
    from claims.sentences import Sentence
    from claims.tagger import Tagger, Tags

CLAIM = 0.5
"""The claim score from which a statement is a claim."""

_NO_CLAIMS = frozenset(["question", "wish"])
_MIN_WORDS = 3
_N_SENTENCES_BACK = 3  # among which an omitted subject is looked for

_PAIRS = {"«": "»", "»": "«", "“": "”", "„": "“”", "”": "”", '"': '"', "‘": "’", "‚": "‘’", "‹": "›", "「": "」"}
_PAIRS |= {"『": "』", "《": "》", "〈": "〉", "(": ")", "[": "]", "{": "}", "（": "）", "【": "】"}
_PAIRED = re.compile("[" + re.escape("".join({*_PAIRS, *"".join(_PAIRS.values())} - {"’"})) + "]")  # don’t
_SEPARATORS = frozenset(",;:،؛、，；：-–—―•·*")
_QUESTION_MARKS = ("?", "？", "؟", "\u037e", "⁇", "⁈")
_AFTER_QUESTION = " \u00a0\u202f\t\"'”’»“«)]」』）,،，"
_COMMA_AND_WORD = re.compile(r"[,،，]\s*(\w+)")
_ROW_MARK = re.compile(r"[,;()/|•·、]")


@dataclass(frozen=True, slots=True)
class Statement:
    """A span of a document that can be true or false on its own.

    Shape: `text == document.text[start:end]`; `sentence` is the index of the sentence it comes from.
    """

    start: int
    end: int
    text: str
    sentence: int
    quoted: bool = False
    """Whether most of its letters stand inside quotation marks."""
    speaker: str | None = None
    """Who says it, one label for each source of the document; None where the article says it or nobody knows who."""
    mention: tuple[int, int] | None = None
    """The span of the document that names the speaker."""
    own_voice: bool = True
    """Whether the article itself says it."""
    subject: tuple[int, int] | None = None
    """The span of the document its omitted or pronominal subject comes from."""
    cues: tuple[str, ...] = ()
    """Of `claims.cues.CUES`."""
    dates: tuple[str, ...] = ()
    """Dates it names, as `claims.cues.find_dates` writes them."""
    headline: bool = False
    """Whether it stands in the headline."""
    claim_score: float | None = None
    """How much it is worth checking, 0 to 1: a claim from `CLAIM` on. None where no tagger has read it."""

    @property
    def is_claim(self) -> bool:
        """Whether it is worth checking as far as is known: not where it scores below `CLAIM`, asks or wishes."""
        return (self.claim_score is None or self.claim_score >= CLAIM) and not _NO_CLAIMS & set(self.cues)


def extract_statements(
    document: Document, sentences: Sequence[Sentence], tagger: Tagger | None = None
) -> list[Statement]:
    """Return the statements of a document by position; no two overlap.

    Questions, rows of names, datelines, reporting frames and parts under three words are left out. What was left out
    can be counted: a sentence without statements is an index that no statement carries. Without a tagger, clauses
    begin where the rules say, and neither subjects nor claim scores are known.
    """
    text, language = document.text, document.language
    words = [text[sentence.start : sentence.end] for sentence in sentences]
    tagged: Sequence[Tags | None] = tagger.tag(words, language) if tagger else [None] * len(words)
    spans = [
        (index, sentence.start + start, sentence.start + end)
        for index, (sentence, tags) in enumerate(zip(sentences, tagged, strict=True))
        for start, end in _spans(words[index], tags, language)
    ]
    quotations = find_quotations(text, sentences)
    attributions = attribute(text, language, sentences, quotations, [(start, end) for _, start, end in spans])
    subjects = _Subjects(text, language, [sentence.start for sentence in sentences], tagged)
    statements = []
    for (index, start, end), said in _joined(text, language, spans, attributions):
        if said.is_frame:
            continue
        whole = _content(text, start, end, said, language)
        tags, offset = tagged[index], sentences[index].start
        opening = subjects.opening(index, whole[0])
        pieces = _without_insertion(text, *whole, language) if opening else []
        for start, end in pieces or [whole]:
            quoted = is_quoted(text, start, end, quotations)
            subject = opening if pieces else None
            if tags and not pieces:
                subject = subjects.before(index, start, end, None if quoted else said.mention)
            statements.append(
                Statement(
                    start=start,
                    end=end,
                    text=text[start:end],
                    sentence=index,
                    quoted=quoted,
                    speaker=said.speaker,
                    mention=said.mention,
                    own_voice=said.own_voice,
                    subject=subject,
                    cues=find_cues(text[start:end], language),
                    dates=find_dates(text[start:end], language),
                    headline=end <= document.headline_end,
                    claim_score=tagger.claim_score(tags, start - offset, end - offset) if tagger and tags else None,
                )
            )
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


def _spans(sentence: str, tags: Tags | None, language: str) -> list[tuple[int, int]]:
    """Return the clauses of a sentence that state something, as spans of it."""
    question = _question_start(sentence, language)
    boundaries = tags.boundaries if tags else [offset for offset, _ in find_boundaries(sentence, language)]
    trimmed = [_trim(sentence, start, end) for start, end in split_at(sentence, boundaries)]
    return [(start, end) for start, end in trimmed if end <= question and _is_statement(sentence[start:end], language)]


def _joined(
    text: str, language: str, spans: Sequence[tuple[int, int, int]], attributions: Sequence[Attribution]
) -> Iterator[tuple[tuple[int, int, int], Attribution]]:
    """Give the spans with who says them; what a clause denies is no statement of its own and joins it.

    "The minister denied | that the bridge is closed" must not become "the bridge is closed".
    """
    waiting: tuple[tuple[int, int, int], Attribution] | None = None
    for (index, start, end), said in zip(spans, attributions, strict=True):
        if waiting:
            (of, opened, closed), before = waiting
            depends = of == index and content_start(text[start:end], language) and not text[closed:start].strip(" ,")
            if depends and "negated" in find_cues(text[opened:closed], language):
                waiting = (index, opened, end), replace(before, is_frame=False, content=None)
                continue
            yield waiting
        waiting = (index, start, end), said
    if waiting:
        yield waiting


def _content(text: str, start: int, end: int, said: Attribution, language: str) -> tuple[int, int]:
    """Return a span without the frame and the complementizer it opens with; what a frame denies stays with it."""
    places = [start + content_start(text[start:end], language)]
    if said.content is not None and "negated" not in find_cues(text[start : said.content], language):
        places.insert(0, said.content)
    spans = (_trim(text, place, end) for place in places)
    return next((span for span in spans if _is_statement(text[slice(*span)], language)), (start, end))


def _without_insertion(text: str, start: int, end: int, language: str) -> list[tuple[int, int]]:
    """Return the clause inserted behind the subject of a span and the rest of the span; nothing without one.

    "The mayor, | who has never sold a street, | put the square on the market": both are about the mayor.
    """
    found = find_insertion(text[start:end], language)
    if not found:
        return []
    opens, closes, rest = (start + place for place in found)
    opens += content_start(text[opens:closes], language)
    pieces = [_trim(text, opens, closes), _trim(text, rest, end)]
    return pieces if all(_is_statement(text[slice(*piece)], language) for piece in pieces) else []


class _Subjects:
    """The subjects of a document, sentence by sentence."""

    def __init__(self, text: str, language: str, starts: Sequence[int], tagged: Sequence[Tags | None]) -> None:
        rules = rules_of(language)
        self._text, self._prodrop = text, rules.prodrop
        self._relatives = rules.relatives
        self._nobody = rules.relatives | rules.persons  # own subjects, but for nobody named before
        behind = rules.prepositions | rules.links
        found = (
            [self._without_relative(start + a, start + b) for a, b in tags.subjects] if tags else []
            for start, tags in zip(starts, tagged, strict=True)
        )
        self._of = [[span for span in spans if self._word(span).split(" ")[0] not in behind] for spans in found]
        weak = rules.pronouns.keys() | self._nobody
        self._named = [[span for span in of_sentence if self._word(span) not in weak] for of_sentence in self._of]

    def opening(self, sentence: int, start: int) -> tuple[int, int] | None:
        """Return the subject that a clause begins with, if it is named."""
        return next((span for span in self._named[sentence] if span[0] == start), None)

    def before(self, sentence: int, start: int, end: int, source: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return the subject that a clause takes from before it; None where it has its own or none is known.

        What is reported of a source without a subject of its own is about the source: "ha dicho que vendrá".
        """
        own, named = (of[sentence][slice(*_between(of[sentence], start, end))] for of in (self._of, self._named))
        if named or any(self._word(span) in self._nobody for span in own):
            return None
        if source and not own and source[0] < start:
            return source
        if first := _between(self._named[sentence], start, end)[0]:
            return self._named[sentence][first - 1]
        if not own and not self._prodrop:
            return None  # a headline or an order
        for index in range(sentence - 1, max(-1, sentence - 1 - _N_SENTENCES_BACK), -1):
            if self._named[index]:
                found = self._named[index][0]
                return found if "\n" not in self._text[found[1] : start] else None  # in the same paragraph
        return None

    def _without_relative(self, start: int, end: int) -> tuple[int, int]:
        """Return a subject without the relative clause that follows it."""
        for comma in _COMMA_AND_WORD.finditer(self._text, start, end):
            if comma[1].casefold() in self._relatives:
                end = comma.start()
                break
        return _trim(self._text, start, end)

    def _word(self, span: tuple[int, int]) -> str:
        return self._text[slice(*span)].casefold()


def _between(spans: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """Return the first and one past the last of the sorted spans that begin within a stretch."""
    return bisect_left(spans, (start, 0)), bisect_left(spans, (end, 0))


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
