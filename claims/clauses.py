"""Where the clauses of a sentence begin, by rules.

The rules ask for connectives, punctuation, and a rough idea of which words are finite verbs. One mechanism reads
them all from data/clauses.toml, a table per language; a language without a table gets `und`, which cuts at
semicolons and, between long parts, at colons.

It does not know parts of speech: a verb that is not listed is not seen, and a noun that looks like a verb is taken
for one. It does not know what a document is. How often the cuts are right: tests/benchmarks/clauses.py.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import accumulate, pairwise
from operator import or_
from typing import Any

_MIN_WORDS = 3  # a shorter part joins its neighbour: "ha añadido"
_N_LOOK = 200  # characters in which three words are looked for
_N_REACH = 14  # words after a subordinator among which its verb must stand
_N_NEAR = 8  # the same after a coordinator: "bread and butter, which my brother likes" is no clause
_N_RELATIVE = 8  # words that make a relative clause worth a cut; "the man who came" stays whole
_N_PARTICIPLE = 6
_N_VERB = 3  # words after an insertion among which the verb that went before it stands
_N_PART = 5  # words on both sides of a semicolon that stand for a verb nobody listed
_N_LEAD = 4  # words among which the opener of a leading clause stands: y es que aunque ...
_N_BLIND = 6  # words on both sides of a colon where verbs are not known
_NEVER = 1 << 40  # further than any word

# Languages that the word lists of another serve.
SERVED_BY = {"nb": "no", "nn": "no", "bs": "hr", "sr": "hr", "sh": "hr", "gl": "pt", "ast": "es", "yue": "zh"}

# Scripts without spaces between words: each character is a word of its own, three fifths of a word long.
_WIDE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
IS_WIDE = re.compile(f"[{_WIDE}]")
_MARKS = r"\s!-/:-@\[-`{-~\u00a0-\u00bf\u2000-\u200b\u200e-\u206f\u3000-\u303f\uff01-\uff0f\uff1a-\uff20،؛؟۔।"
_WORD = re.compile(
    rf"""
    [{_WIDE}]
    | [^\W_] (?: [^{_MARKS}{_WIDE}]       # anything but marks: combining vowels are part of a word,
               | [-‑·](?=[^\W_])         # so are inner hyphens
               | (?<=\d)[.,:](?=\d) )*   # and 3,5
    """,
    re.VERBOSE,
)
_COMMA = re.compile("[,،，、]")
_SEMICOLON = re.compile(r"[;؛；]|[!?！？…][\"”»]*\s*[-–—]")  # "Who won?" - he asked
_COLON = re.compile(r"^\s*[:：]|[:：]\s*[\"“«„]?$")
_DASH = re.compile(r"[—–]|(?<=\s)-|--")
_CLOSING = re.compile(r"[,،，、—–]|\s-\s")
_BREAK = re.compile("[,،，、;:؛；—–(]")  # no clause runs across one before its verb
_QUOTE_END = re.compile("[\"”»“’']")
_OPENERS = "«“„‘([{¿¡‹「『《〈（"
# ASTANA, 12 jun (EFE) - Putin ...
_DATELINE = re.compile(r"[^\W\d_a-zß-öø-ÿа-яёα-ω]{3,30}\b[^.!?;:\n]{0,60}\([^()\n]{2,30}\)\s*[-–—]+\s+")

_CONNECTIVES = {"subordinators", "after_comma", "coordinators", "complementizers", "relatives", "leaders"}
_CONNECTIVES |= {"subjects", "bare_subjects"}
_LINKS = frozenset(["coordinators", "subordinators", "complementizers"])
_STOPPERS = frozenset(["subordinators", "relatives", "complementizers"])
_MIDDLE = frozenset(["relatives", "after_comma", "subordinators"])
_LEADERS = frozenset(["subordinators", "leaders", "after_comma"])
_REPORTED = frozenset(["complementizer", "complement"])
# Complementizers that add nothing to what they open; "whether it rains" says less than "it rains".
_THAT = frozenset(["que", "qu", "that", "dass", "daß", "che", "что", "що", "że", "iż", "že", "da", "че", "dat", "att"])
_THAT |= {"at", "að", "hogy", "että", "ότι", "πως", "că", "أن", "إن", "بأن", "که"}


def split_at(sentence: str, boundaries: Iterable[int]) -> list[tuple[int, int]]:
    """Return the clauses of a sentence as half-open spans; between them stands nothing but white space.

    A part of fewer than three words joins the clause after it, or that before where a comma or the sentence ends it.

    >>> text = "Prices fell sharply in May, but wages rose again."
    >>> [text[start:end] for start, end in split_at(text, [28])]
    ['Prices fell sharply in May,', 'but wages rose again.']
    >>> text = "Prices fell sharply in May, he said, but wages rose again."
    >>> [text[start:end] for start, end in split_at(text, [28, 37])]
    ['Prices fell sharply in May, he said,', 'but wages rose again.']
    """
    kept = [0]
    for offset, following in pairwise([*boundaries, len(sentence)]):
        before = sentence[max(kept[-1], offset - _N_LOOK) : offset]
        part = sentence[offset : min(following, offset + _N_LOOK)].rstrip()
        opens_next = following < len(sentence) and not _COMMA.search(part[-1:])
        if count_words(before) >= _MIN_WORDS and (count_words(part) >= _MIN_WORDS or opens_next):
            kept.append(offset)
    spans = []
    for start, end in pairwise([*kept, len(sentence)]):
        while start < end and sentence[start].isspace():
            start += 1
        while end > start and sentence[end - 1].isspace():
            end -= 1
        if start < end:
            spans.append((start, end))
    return spans


def content_start(clause: str, language: str) -> int:
    """Return where a clause begins behind its complementizer, 0 where it opens with none.

    >>> "que el país crece"[content_start("que el país crece", "es") :]
    'el país crece'
    """
    first = _WORD.search(clause)
    if not first or first.group() not in _THAT:
        return 0
    kinds, _ = _rules(language).connective([first.group()], [""], 0)
    second = _WORD.search(clause, first.end())
    return second.start() if second and "complementizers" in kinds else 0


def find_boundaries(sentence: str, language: str = "und") -> list[tuple[int, str]]:
    """Return where a new clause begins by the rules, each with the name of the rule that says so.

    These are the boundaries that treebanks mark, those between a reporting frame and what it reports included.

    >>> find_boundaries("Prices fell sharply in May, but wages rose again.", "en")
    [(28, 'subordinator')]
    """
    rules = _rules(language)
    words = _read(sentence, rules)
    dateline = _DATELINE.match(sentence)
    first = dateline.end() if dateline and dateline.end() < len(sentence) else 0
    boundaries = [(first, "dateline")] if first else []
    start = lead = 0  # of the clause; of the one that reports it: | Although he said | that it rained, ...
    for here in range(1, words.n):
        if words.starts[here] <= first:
            start = lead = here
        elif words.gaps[here] and words.size(start, here) >= _MIN_WORDS <= words.size(here, words.n):
            rule = _rule_at(here, start, lead, words, rules)
            if rule:
                boundaries.append((_after_marks(sentence, words.ends[here - 1], words.starts[here]), rule))
                start, lead = here, lead if rule in _REPORTED else here
    return boundaries


def find_insertion(clause: str, language: str) -> tuple[int, int, int] | None:
    """Return where a relative clause between commas begins and ends, and where the clause around it goes on with its
    verb; None without one. Before it stands no verb: it follows the subject.

    >>> text = "The mayor, who has never sold a street, put the square on the market."
    >>> start, end, rest = find_insertion(text, "en")
    >>> text[start:end], text[rest:]
    ('who has never sold a street', 'put the square on the market.')
    """
    rules = _rules(language)
    if not rules.sees_verbs:
        return None
    words = _read(clause, rules)
    start = next((i for i in range(1, words.n) if _inserts(i, words)), None)
    if start is None:
        return None
    for rest in range(start + _MIN_WORDS, words.n):
        closed = _CLOSING.search(words.gaps[rest]) and words.next_verb[start] < rest
        if closed and not words.kinds[rest] and words.next_verb[rest] < min(words.next_break[rest + 1], rest + _N_VERB):
            return words.starts[start], words.ends[rest - 1], words.starts[rest]
    return None


def _inserts(here: int, words: _Words) -> bool:
    """Tell whether a relative clause begins at a word, behind a comma and before any verb."""
    behind_comma = "relatives" in words.kinds[here] and _COMMA.search(words.gaps[here])
    return bool(behind_comma) and words.next_verb[0] >= here


def count_words(text: str) -> float:
    """Return the number of words; a character of a script without spaces counts three fifths of one.

    >>> count_words("Putin no se rinde."), count_words("普京不放弃")
    (4.0, 3.0)
    """
    return sum(map(_fifths, _WORD.findall(text))) / 5


def has_verb(text: str, language: str) -> bool:
    """Tell whether a word looks like a finite verb; always true for a language whose verbs are not known."""
    rules = _rules(language)
    return any(rules.is_verb(word, first=index == 0) for index, word in enumerate(_WORD.findall(text)))


def _rule_at(here: int, start: int, lead: int, words: _Words, rules: _Rules) -> str | None:
    """Return the rule that lets a clause begin at word `here`, where the one before began at `start`."""
    gap, kinds = words.gaps[here], words.kinds[here]
    comma, plain, reported = bool(_COMMA.search(gap)), not gap.strip(), words.reports[here - 1]
    rest, next_break = words.size(here, words.n), words.next_break[here + 1]
    after = here + words.lengths[here]  # the first word after the connective
    stop, verb = _stop_after(after, here, words), words.next_subject_or_verb[after]
    soon, near = verb < after + _N_REACH, verb < min(stop, after + _N_NEAR)

    if plain and words.kinds[here - 1] & _LINKS:
        return None  # "but | if it rains": the clause began at "but" or not at all
    if reported and "complementizers" in kinds and soon:
        return "complementizer"  # he said | that it rained
    if reported and plain and "bare_subjects" in kinds and near and verb < words.next_break[after]:
        return "complement"  # he said | it rained
    if comma and words.closed[here]:
        return "closer"  # 雨が降ったが、| 行った
    if words.next_verb[start] >= here:
        return None  # nothing is said yet: "France, Spain and Italy agreed"
    if _SEMICOLON.search(gap) and (soon or min(words.size(start, here), words.size(here, next_break)) >= _N_PART):
        return "semicolon"
    if _COLON.search(gap) and soon and (rules.sees_verbs or min(words.size(start, here), rest) >= _N_BLIND):
        return "colon"
    if _DASH.search(gap) and rules.sees_verbs and verb < words.next_stop[here + 1]:
        return "dash"
    if ("subordinators" in kinds or (comma and "after_comma" in kinds)) and soon:
        return "subordinator"
    if "coordinators" in kinds and near:
        return "coordinator"
    if not comma:
        return None
    whole = next_break >= min(words.n, here + _N_RELATIVE) or bool(words.kinds[next_break])
    if "relatives" in kinds and soon and rest >= rules.relative_min and whole:
        return "relative"  # one in the middle would break its sentence in two
    if words.participles[here] and next_break == words.n and rest >= _N_PARTICIPLE:
        return "participle"  # ..., | llegando a medir cincuenta pies de profundidad
    joined = "coordinators" in kinds or "relatives" in kinds
    if _leads(lead, here, words, rules) and not joined and verb < words.next_stop[here + 1]:
        return "leading"  # As it rained, | we left
    says = words.reports[here] and words.next_verb[here] == here and next_break == words.n
    quotes = _QUOTE_END.search(gap) and any(words.reports[here : here + 2])
    if (says or quotes) and next_break - here >= _MIN_WORDS:
        return "frame"  # "...", | dijo ayer el ministro
    if "subjects" in kinds and words.next_subject_or_verb[here] < min(stop + 1, here + _N_NEAR):
        return "subject"  # it rained, | we left
    part = max(start, words.last_break[here])
    middle = part > start and words.kinds[part] & _MIDDLE  # not "Denmark, which is in NATO, | will not"
    said = not middle and words.next_verb[part] < here  # not "it has Vigo, a port, | is"
    bare = said and not joined and not words.barred[here] and words.size(here, next_break) >= _MIN_WORDS
    if bare and verb < min(stop, after + rules.comma):
        return "comma"  # it rained, | the match was called off
    return None


def _stop_after(after: int, here: int, words: _Words) -> int:
    """Return the word before which the verb of a clause must stand."""
    stop = words.next_stop[max(after, here + 1)]
    if here < after < words.n and "," in words.gaps[after]:  # y, según el rey, | resultó
        return words.next_stop[min(words.next_stop[stop + 1] + 1, words.n)]
    return words.next_stop[stop + 1] if here < stop == after else stop  # y | que actualmente milita


def _leads(start: int, here: int, words: _Words, rules: _Rules) -> bool:
    """Tell whether the clause from `start` opens with a word whose clause the next comma closes."""
    if not rules.sees_verbs:
        return "leaders" in words.kinds[start]
    return any(words.kinds[word] & _LEADERS for word in range(start, min(start + _N_LEAD, here)))


def _after_marks(sentence: str, start: int, end: int) -> int:
    """Return where, in the marks and spaces between two words, the second clause begins."""
    here = end
    while here > start:
        mark, before = sentence[here - 1], sentence[here - 2] if here - 1 > start else " "
        opens = mark in "\"'`" and not sentence[here].isspace() and (before in _OPENERS or before.isspace())
        if not (mark.isspace() or mark in _OPENERS or opens):
            break
        here -= 1
    while here < end and sentence[here].isspace():
        here += 1
    return here


@dataclass(frozen=True, slots=True)
class _Words:
    """What the rules ask about the words of a sentence; `next_x[i]` is the first word from `i` on that is x."""

    n: int
    starts: list[int]
    ends: list[int]
    gaps: list[str]  # the marks and spaces before a word; empty where no clause can begin
    kinds: list[frozenset[str]]  # of the connective that begins at a word
    lengths: list[int]  # its number of words
    reports: list[bool]
    participles: list[bool]
    closed: list[bool]  # the text before the word ends like a clause
    barred: list[bool]  # or surely does not
    next_verb: list[int]
    next_subject_or_verb: list[int]
    next_break: list[int]
    next_stop: list[int]
    last_break: list[int]
    sizes: list[int]  # running sum of fifths of a word

    def size(self, start: int, end: int) -> float:
        return (self.sizes[end] - self.sizes[start]) / 5


def _read(sentence: str, rules: _Rules) -> _Words:
    matches = list(_WORD.finditer(sentence))
    words = [match.group() for match in matches]
    lower = [word.lower() for word in words]
    starts, ends = [match.start() for match in matches], [match.end() for match in matches]
    before = [0, *ends[:-1]] if ends else []  # where the word before ends
    gaps = [sentence[end:start] for end, start in zip(before, starts, strict=True)]
    gaps = [gap if index and gap.strip("'’-·.") else "" for index, gap in enumerate(gaps)]
    connectives = [rules.connective(lower, gaps, index) for index in range(len(words))]
    kinds = [kinds for kinds, _ in connectives]
    verbs = [rules.is_verb(word, first=index == 0) for index, word in enumerate(words)]
    subjects = [word in rules.nominatives for word in lower]
    breaks = [bool(_BREAK.search(gap)) for gap in gaps]
    ended = [sentence.endswith(rules.closers, 0, end) for end in before]
    barred = [sentence.endswith(rules.not_closers, 0, end) for end in before]
    return _Words(
        len(words),
        starts,
        ends,
        gaps,
        kinds,
        lengths=[length for _, length in connectives],
        reports=[rules.is_reporting(word) for word in lower],
        participles=[word.endswith(rules.participles) and word[0].islower() for word in words],
        closed=[not bar and end for bar, end in zip(barred, ended, strict=True)],
        barred=barred,
        next_verb=_next(verbs, none=_NEVER),
        next_subject_or_verb=_next(map(or_, verbs, subjects), none=_NEVER),
        next_break=_next(breaks, none=len(words)),
        next_stop=_next(map(or_, breaks, (bool(kind & _STOPPERS) for kind in kinds)), none=len(words)),
        last_break=list(accumulate((i if broken else 0 for i, broken in enumerate(breaks)), max, initial=0)),
        sizes=list(accumulate(map(_fifths, words), initial=0)),
    )


def _fifths(word: str) -> int:
    return 3 if IS_WIDE.match(word) else 5


def _next(flags: Iterable[bool], none: int) -> list[int]:
    """Return for each place, and two beyond the end, the first place from there on whose flag is set."""
    flags = list(flags)
    places = [none] * (len(flags) + 2)
    for place in range(len(flags) - 1, -1, -1):
        places[place] = place if flags[place] else places[place + 1]
    return places


@dataclass(frozen=True, slots=True)
class _Rules:
    """One table of data/clauses.toml, which says what each field means."""

    connectives: dict[str, list[tuple[list[str], frozenset[str]]]]  # by first word, longest first
    verbs: frozenset[str]
    not_verbs: frozenset[str]
    nominatives: frozenset[str]
    verb_endings: tuple[str, ...]
    participles: tuple[str, ...]
    reporting: tuple[str, ...]
    reporting_endings: tuple[str, ...]
    closers: tuple[str, ...]
    not_closers: tuple[str, ...]
    relative_min: int
    comma: int
    sees_verbs: bool

    def connective(self, lower: list[str], gaps: list[str], here: int) -> tuple[frozenset[str], int]:
        for words, kinds in self.connectives.get(lower[here], ()):
            end = here + len(words)
            if lower[here:end] == words and not any(gap.strip() for gap in gaps[here + 1 : end]):
                return kinds, len(words)
        return frozenset(), 0

    def is_verb(self, word: str, *, first: bool) -> bool:
        if not self.sees_verbs:
            return True
        lower = word.lower().partition("-")[0]  # dirigiu-se, dit-il
        named = word[0].isupper() and not first  # Bogotá, Haushalt
        ends = len(lower) > 3 and lower.endswith(self.verb_endings)
        return lower in self.verbs or (ends and not named and lower not in self.not_verbs)

    def is_reporting(self, word: str) -> bool:
        return word.startswith(self.reporting) or (len(word) > 4 and word.endswith(self.reporting_endings))


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((resources.files("claims") / "data" / "clauses.toml").read_text(encoding="utf-8"))


@cache
def _rules(language: str) -> _Rules:
    code = language.lower().replace("_", "-").partition("-")[0]
    table = _data().get(SERVED_BY.get(code, code), {})
    kinds_of: dict[tuple[str, ...], set[str]] = {}
    for kind in _CONNECTIVES & table.keys():
        for connective in table[kind]:
            kinds_of.setdefault(tuple(_WORD.findall(connective)), set()).add(kind)
    connectives: dict[str, list[tuple[list[str], frozenset[str]]]] = {}
    for words in sorted(kinds_of, key=len, reverse=True):
        connectives.setdefault(words[0], []).append((list(words), frozenset(kinds_of[words])))

    def listed(key: str) -> tuple[str, ...]:
        return tuple(table.get(key, "").split())

    return _Rules(
        connectives,
        verbs=frozenset(listed("verbs")),
        not_verbs=frozenset(listed("not_verbs")),
        nominatives=frozenset(listed("nominatives")),
        verb_endings=listed("verb_endings"),
        participles=listed("participles"),
        reporting=listed("reporting"),
        reporting_endings=listed("reporting_endings"),
        closers=tuple(table.get("closers", ())),
        not_closers=tuple(table.get("not_closers", ())),
        relative_min=table.get("relative_min", _N_RELATIVE),
        comma=table.get("comma", 0),
        sees_verbs="verbs" in table,
    )
