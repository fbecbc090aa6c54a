"""Where the sentences of a text begin and end. Boundaries only: the text itself is never changed.

Every run of final marks, with the closing quotes and brackets that touch it, is a candidate; what stands
before and after it decides, with the hand-made word lists of data/abbreviations.toml. On 23 treebanks this
scores above nupunkt, sentencex and any vote with them, reads faster, and needs no dependency
(tests/benchmarks/sentences.py prints the table).

It does not know grammar, and it does not pair quotation marks: a quote that is never closed must not swallow
the paragraph. Every line break is a boundary (document.py has unwrapped the text before). Where the language
is not known, the lists of all languages hold. Thai and Lao have no final marks: they are cut at spaces, into
clauses at best.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

_HARD = "。！？｡।॥۔؟።፧။។៕։"  # end a sentence even when no space follows; never part of an abbreviation
_SOFT = ".!?…‥．‼⁇⁈⁉\u037e"
_END = re.compile(
    rf"""
    (?: [{_HARD}{_SOFT}] | (?<=[\u0370-\u03ff\u1f00-\u1fff]); )  # after a Greek letter, ";" is "?"
    (?: [{_HARD}{_SOFT}"'”’»)\]}}」』）》】〉］｝›\u200b\u200e\u200f]
      | [“«‘*_]+ (?=[\s.,;:]|$)                    # opens in one language, closes in another: „Nein.“ Der
      | [ \u00a0\u202f] [»›)\]]+ (?=[\s.,;:]|$)    # « Faux ! » Il
      | [ ]["”] (?=[.,])
      | [ ]?\[\d{{1,3}}\]                          # a footnote belongs to the sentence before: end.[2] Then
      | [ ]?[\u2600-\u27bf\ufe0f\u200d\U0001f000-\U0001faff]+
    )*
    | (?<=[\u0e00-\u0eff])[ ]+(?=[\u0e00-\u0eff])  # a space between Thai or Lao letters
    """,
    re.VERBOSE,
)
_GAP = re.compile(r"(?:[\s\"'“”„‚‘’«»‹›(\[{¿¡*_#•·—–―→-]|,,)*")  # what may stand before the first word
_WORD = re.compile(r"\w{1,40}(?:['’](?=\w))?")
_LONE_MARKS = re.compile(r"[.!?…]+(?=\s|$)")
_NUMERAL = re.compile(r"\d|№|[nN][°º]|(?:[IVXLCDM]+|[ivxl]+)\b")
_NUMBERING = re.compile(r"\d{1,3}(?:\.\d{1,3})*")
_ROMAN = re.compile(r"[IVXLCDM]+")
_IDEOGRAPH = re.compile(r"[\u3040-\u9fff]")
_TOKEN_BREAK = re.compile(r"['’](?![a-z]$)|[(\[«\"“„/—–]")  # l'av. / (ca. / km/h. but not "video's."
_DOMAINS = frozenset(["com", "net", "org", "info", "edu", "gov", "io", "js", "py"])
# The sentence goes on after the quotation: “走吧！”他说。 / 「行きます。」と述べた。
_REPORTED = re.compile(
    r"[！？]+[”」』\"]+[^\s，。！？：；“”「」『』\"]{0,8}?(?:说|說|表示|道|问|問|喊|答|称|稱)[。，]|[。！？]+[」』]+(?:と|って)"
)
_THAI_GOES_ON = re.compile("และ|หรือ|ที่|ซึ่ง|ว่า|โดย|เพื่อ|กับ|จึง|ๆ|ฯ")  # and, or, which, that, by, to, with, so
_N_THAI_CLAUSE = 30  # shorter pieces between two spaces are names and list items
_N_LONG_WORD = 6  # letters; shorter words before a full stop may be abbreviations
_N_LOOK_AROUND = 40  # characters read before and after a mark: keeps a text without spaces linear
_ALIASES = {"nb": "no", "nn": "no", "bs": "hr"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A half-open span of code points; no white space at either end, never empty."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Words:
    """The word lists of one language; data/abbreviations.toml says what each means."""

    title: frozenset[str]
    number: frozenset[str]
    short: frozenset[str]
    closing: frozenset[str]
    starters: frozenset[str]
    ordinals: bool


def split_sentences(text: str, language: str = "und") -> list[Sentence]:
    """Return the sentences of `text` in order; between them stands nothing but white space.

    `language` is an ISO 639-1 code; an unknown one, or "und", reads the lists of all languages.

    >>> text = "Mr. Smith left at 5 p.m. He was tired."
    >>> [text[s.start : s.end] for s in split_sentences(text, "en")]
    ['Mr. Smith left at 5 p.m.', 'He was tired.']
    """
    words = _words(language)
    sentences: list[Sentence] = []
    line_start = 0
    for line in text.splitlines(keepends=True):
        line_end = line_start + len(line)
        start = _skip_space(text, line_start, line_end)
        for mark in _END.finditer(text, start, line_end):
            if _is_end(text, mark, start, line_end, words):
                sentences.append(Sentence(start, mark.start() if mark[0].isspace() else mark.end()))
                start = _skip_space(text, mark.end(), line_end)
        if start < line_end:
            sentences.append(Sentence(start, start + len(text[start:line_end].rstrip())))
        line_start = line_end
    return sentences


def _is_end(text: str, mark: re.Match[str], start: int, line_end: int, words: _Words) -> bool:
    """Whether the sentence that began at `start` ends with `mark`."""
    signs = mark[0]
    if signs.isspace():
        return mark.start() - start >= _N_THAI_CLAUSE and not _THAI_GOES_ON.match(text, mark.end())
    after = _skip(_GAP, text, mark.end(), line_end)
    if after == line_end:
        return False  # nothing but quotes and dashes follows: they end with the line
    if text[after] in ",;:，；：、،؛)" or _LONE_MARKS.match(text, after, line_end):
        return False  # «Nein!», sagte er. / Really? ?
    if signs[0] in _HARD:
        return not _REPORTED.match(text, mark.start(), line_end)
    is_ellipsis = signs[0] in "…‥" or signs.startswith("..")
    if is_ellipsis and mark.start() > start and text[mark.start() - 1] in "([":
        return False  # "(...) Das Lied": words are left out here
    if not text[mark.end()].isspace():
        return not is_ellipsis and _is_end_without_space(text, mark, start, line_end, words)
    word = _word_at(text, after)
    if word[0].islower() and not word[1:2].isupper() and not text[start].islower():
        # "iPhone sales rose." begins a sentence, and so does any word where the author writes no capitals.
        # Elsewhere the word before is an abbreviation that is not listed, unless it is too long for one.
        tail = text[max(start, mark.start() - _N_LONG_WORD) : mark.start()]
        if signs != "." or len(tail) < _N_LONG_WORD or not tail.isalpha():
            return False
    if signs[0] != "." or is_ellipsis:
        return True
    return not _is_abbreviated(text, mark.start(), start, after, word, words)


def _is_end_without_space(text: str, mark: re.Match[str], start: int, line_end: int, words: _Words) -> bool:
    """Whether a sentence ends where the next begins at once: "race.The", "走了!他", not "ine.es"."""
    before = text[max(start, mark.start() - _N_LOOK_AROUND) : mark.start()]
    after = text[mark.end() : min(line_end, mark.end() + _N_LOOK_AROUND)]
    if _IDEOGRAPH.match(before[-1:]) and _IDEOGRAPH.match(after):
        return True
    left, right = before.split()[-1:], after.split()[0]
    if not left or len(left[0]) < 3 or not left[0][-2:].islower() or any(sign in left[0] for sign in "./@_"):
        return False
    word = _word_at(right, 0).rstrip("'")
    is_word = word[0].isupper() and (len(word) == 1 or word[1:].islower()) and word.lower() not in _DOMAINS
    is_listed = any(left[0] in words_of for words_of in (words.title, words.number, words.short))
    return is_word and not is_listed and not any(sign in right for sign in "/@_")


def _is_abbreviated(text: str, stop: int, start: int, after: int, word: str, words: _Words) -> bool:
    """Whether the full stop at `stop` belongs to the word before it and the sentence goes on with `word`."""
    before = text[max(start, stop - _N_LOOK_AROUND) : stop].split()
    if not before:
        return True
    last = _TOKEN_BREAK.split(before[-1])[-1].lstrip("-")
    joined = last  # "z. B.", "EE. UU." and "т. д." are listed without their spaces
    for token in reversed(before[:-1]):
        if len(token) > 3 or not token.endswith("."):
            break
        joined = token + joined
    forms = {last, joined}
    is_starter = text[after + len(word) : after + len(word) + 1] != "." and (  # "J. A. Silva", but "A casa"
        word in words.starters or (len(word) > 2 and word.rstrip("'") in words.starters)  # "It'" of "It's"
    )
    if forms & words.closing:
        return False
    if forms & words.title:
        return True
    if forms & words.number and (word[0].islower() or (_NUMERAL.match(word) and not is_starter)):
        return True
    if stop - start == len(last) and _NUMBERING.fullmatch(last):
        return True  # the "1." or "2.3." of a numbered paragraph, not the year "1994."
    parts = joined.split(".")
    initial = last.rsplit("-", 1)[-1]
    is_counted = len(before) > 1 and before[-2].rstrip(".") in words.number  # "S. 12." is no twelfth
    is_unit = initial.islower() and len(before) > 1 and before[-2][-1].isdecimal()  # "à 18 h."
    looks_short = (
        bool(forms & words.short)
        or (len(parts) > 1 and all(part[:1].isalpha() and len(part) <= 2 for part in parts))  # U.S. / z. B.
        or (len(initial) == 1 and initial.isalpha() and not is_unit)  # J. / J.-L. / د.
        or (words.ordinals and last.isdecimal() and len(last) <= 2 and not is_counted)  # 3. Oktober
        or (words.ordinals and _ROMAN.fullmatch(last) is not None)  # Johannes Paul II.
    )
    return looks_short and not is_starter


def _skip(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    match = pattern.match(text, start, end)
    return match.end() if match else start


def _skip_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _word_at(text: str, start: int) -> str:
    match = _WORD.match(text, start)
    return match[0].replace("’", "'") if match else text[start]


def _words(language: str) -> _Words:
    code = language.lower()
    code = _ALIASES.get(code, code)
    return _merge_lists(code if code in _read_lists() else "und")


@cache
def _read_lists() -> dict[str, dict[str, str]]:
    path = resources.files("claims") / "data" / "abbreviations.toml"
    return tomllib.loads(path.read_text(encoding="utf8"))


@cache
def _merge_lists(code: str) -> _Words:
    lists = _read_lists()
    tables = list(lists.values()) if code == "und" else [lists["any"], lists[code]]

    def listed(kind: str) -> frozenset[str]:
        return frozenset(word for table in tables for word in table.get(kind, "").split())

    def capitalised(kind: str) -> frozenset[str]:
        return listed(kind) | {word[0].upper() + word[1:] for word in listed(kind)}

    return _Words(
        title=capitalised("title"),
        number=capitalised("number"),
        short=capitalised("short"),
        closing=listed("closing"),
        starters=capitalised("starters"),
        ordinals=code in lists["any"]["ordinals"].split(),
    )
