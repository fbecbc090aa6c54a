"""Cues of a statement: what its words say about time, certainty, negation and dates.

Two statements that contradict each other at first sight often do not: one speaks of last year and the other of now,
one forecasts, one repeats a rumour. `find_cues` names such cues and `find_dates` the dates themselves; both label a
statement for a model and for readers, and hide nothing. What is looked for stands in data/cues.toml, a table per
language, names of months and weekdays in CLDR (Babel). A language without a table gets dates and question marks.

It does not know grammar. A cue belongs to the statement as a whole, so "he said yesterday that it will close" has a
past and a future and gets neither; a tense that shows only in a verb form which no list has is not seen. It does not
work out dates ("last week"), reads no number words, no years of two digits and no calendar but the Gregorian.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

CUES: dict[str, str] = {
    "past": "speaks of the past",
    "present": "speaks of how things are now",
    "future": "speaks of the future",
    "dated": "names a year, month, day or weekday",
    "conditional": "holds only under a condition",
    "hedged": "is possible, alleged or unconfirmed",
    "negated": "says that something is not so",
    "forecast": "is expected, planned or predicted",
    "question": "asks",
    "wish": "says what should be, not what is",
}
TENSES = frozenset(["past", "present", "future"])

# Languages that share the lists of another.
_ALIASES = {
    "bs": "hr", "gsw": "de", "ms": "id", "nb": "da", "nn": "da", "no": "da", "prs": "fa", "sh": "hr", "sr": "hr",
    "yue": "zh",
}  # fmt: skip
# Where names of months are not only those of the locale called like the language: Jänner, فبراير and شباط, 週六.
_LOCALES = {
    "ar": ("ar", "ar_SY", "ar_MA", "ar_DZ"), "bs": ("bs", "hr", "bs_Cyrl"), "de": ("de", "de_AT"),
    "en": ("en", "en_GB"), "fa": ("fa", "fa_AF"), "gsw": ("gsw", "de"), "hr": ("hr", "bs"), "ku": ("ku", "ckb"),
    "nb": ("no", "nn"), "nn": ("nn", "no"), "no": ("no", "nn"), "prs": ("fa", "fa_AF"), "pt": ("pt", "pt_PT"),
    "sh": ("sr_Latn", "sr", "hr"), "sr": ("sr", "sr_Latn"), "tl": ("fil",), "uz": ("uz", "uz_Cyrl"),
    "yue": ("zh", "zh_Hant"), "zh": ("zh", "zh_Hant"),
}  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_UNSPACED = frozenset(["bo", "dz", "ja", "km", "ko", "lo", "my", "th", "yue", "zh"])  # or with particles glued on
_EASTERN = frozenset(["ja", "ko", "yue", "zh"])
_ETHIOPIC = frozenset(["am", "ti"])  # whose years are seven or eight behind
_FIRST_YEAR, _LAST_YEAR = 1900, 2050  # of a year without month: above, Nepal (2075) and Thailand (2561) count theirs

# What words are made of: letters, digits, vowel signs, joiners.
_L = (
    r"\w\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u064b-\u065f\u0670"
    r"\u0900-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u1000-\u103f\u200c\u200d"
)
_MARKED = frozenset(["fa", "hi"])  # languages with lists whose words have more than \w in them
_N_GAP = 4  # words that "..." stands for if a table does not say how many
_GAP_UNSPACED = r"[^\s，。、；：,.;:「」“”！？!?]{0,8}?"

_QUESTION = re.compile(r"[?？؟\u037e⁇⁈፧՞][\s\"'”’»“«)\]」』）.]*$")
_GREEK_QUESTION = re.compile(r"[;?\u037e][\s\"'”’»“«)\].]*$")


def find_cues(text: str, language: str) -> tuple[str, ...]:
    """Return the cues of a statement in the order of `CUES`; of past, present and future at most one.

    >>> find_cues("The plant will not open before May 2027.", "en")
    ('future', 'dated', 'negated')
    >>> find_cues("El ministro habría dimitido.", "es")
    ('hedged',)
    """
    code = _code(language)
    found = {"dated"} if find_dates(text, language) else set[str]()
    if (_GREEK_QUESTION if code == "el" else _QUESTION).search(text):
        found.add("question")
    words = _words(_ALIASES.get(code, code))
    if words:
        for match in words.pattern.finditer(_fold(text, code)):
            found.update(words.cues[match.lastindex or 0])
    if len(found & TENSES) > 1:
        found -= TENSES
    return tuple(cue for cue in CUES if cue in found)


def find_negations(text: str, language: str) -> list[tuple[int, int]]:
    """Return the spans of the words that make a statement say that something is not so.

    Of a negation in two parts, as "ne ... pas", the first. A text whose letters have to be composed or stripped of
    marks before they are compared (decomposed accents, Arabic vowels) gets none: its offsets would not hold.

    >>> find_negations("La mina no contamina.", "es")
    [(8, 10)]
    """
    code = _code(language)
    words = _words(_ALIASES.get(code, code))
    if not words or len(_straighten(text)) != len(text):
        return []
    folded = _fold(text, code)
    if len(folded) != len(text.lstrip(_NOT_WORDS)):
        return []
    offset = len(text) - len(folded)
    return [
        (match.start() + offset, match.end() + offset)
        for match in words.pattern.finditer(folded)
        if "negated" in words.cues[match.lastindex or 0]
    ]


def find_dates(text: str, language: str) -> tuple[str, ...]:
    """Return the dates named in a statement, sorted, each once: "2023-05-12", "2023-05", "2023", "--05-12", "--05",
    or a weekday in English.

    12/05/2023 may be in May or in December: only its year counts. Amounts are no years.

    >>> find_dates("El 12 de mayo de 2023 y el lunes; en 2019, 2019 personas", "es")
    ('2019', '2023-05-12', 'monday')
    """
    code = _code(language)
    text = _straighten(text)
    calendar = _calendar(code)
    dates: set[str] = set()
    for match in calendar.pattern.finditer(text):
        if match.lastgroup == "phrase":
            dates.update(_of_phrase(match, calendar))
        elif match.lastgroup == "weekday":
            dates.update(_of_weekday(match, calendar))
        elif match.lastgroup == "number":
            dates.update(_of_number(match, code))
        else:
            dates.update(_of_digits(match))
    return tuple(sorted(dates))


def _code(language: str) -> str:
    """Return the language of a tag without its region; "" for what is no tag."""
    match = re.fullmatch(r"([a-z]{2,3})(?:[-_].*)?", language.strip().lower())
    return match[1] if match else ""


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((resources.files("claims") / "data" / "cues.toml").read_text(encoding="utf-8"))


# --- words ------------------------------------------------------------------------------------------------------------

_TASHKEEL = re.compile("[\u0640\u064b-\u0654\u0670]")  # غدًا is غدا
_APOSTROPHES = re.compile("[’ʼ‘`´]")
_STARTS = re.compile(r"(?:^|[.:!?…]\s+|[\"“«„‚(—–]\s?)[^\w\s]*\w")
_NOT_WORDS = " \t\n\u00a0\"'“”„«»‹›「」『』《》([{-–—…•*¿¡"
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_N_HEADLINE = 6
_TO_LATIN = str.maketrans(
    dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
    | {"љ": "lj", "њ": "nj", "џ": "dž"}
)
# What data/cues.toml has of characters that were simplified.
_TO_SIMPLIFIED = str.maketrans(
    "將沒無會現過當據預測計劃應該須籲經時來後個並絕決從認為於繼續舉達獲對讓實傳聞說稱許樣則"
    "設擬願參屬準備響論難盡還連話題禁僅劇單嗎聽國斷見證語進問豈",
    "将没无会现过当据预测计划应该须吁经时来后个并绝决从认为于继续举达获对让实传闻说称许样则"
    "设拟愿参属准备响论难尽还连话题禁仅剧单吗听国断见证语进问岂",
)


@dataclass(frozen=True, slots=True)
class _Words:
    """What finds the entries of a language; `cues[i]` are those of group i, `cues[0]` of none."""

    pattern: re.Pattern[str]
    cues: tuple[frozenset[str], ...]


def _straighten(text: str) -> str:
    return _APOSTROPHES.sub("'", _TASHKEEL.sub("", unicodedata.normalize("NFC", text)))


def _fold(text: str, code: str) -> str:
    """Return the text with small letters where capitals mean nothing: where a sentence starts, and in headlines.

    Elsewhere they tell Theresa May from what may be, and Pará from what parará.
    """
    text = _straighten(text).lstrip(_NOT_WORDS)
    if code in ("az", "tr"):
        text = text.replace("İ", "i").replace("I", "ı")
    long_words = _LONG_WORD.findall(text)
    headline = len(long_words) >= _N_HEADLINE and not any(word.islower() for word in long_words)
    text = text.lower() if headline or text.isupper() else _STARTS.sub(lambda match: match.group().lower(), text)
    if code in ("zh", "yue"):
        return text.translate(_TO_SIMPLIFIED)
    return text.translate(_TO_LATIN) if code in ("bs", "sh", "sr") else text


@cache
def _words(code: str) -> _Words | None:
    table = _data().get(code, {})
    cues_of: dict[str, set[str]] = {}
    for cue in {*CUES, "none"} & table.keys():
        for entry in _entries(table[cue]):
            cues_of.setdefault(entry, set()).add(cue)
    if not cues_of:
        return None
    spaced = code not in _UNSPACED
    letters = _L if code in _MARKED else r"\w"
    gap = rf"(?:\s+[{letters}'-]+){{0,{table.get('gap', _N_GAP)}}}?" if spaced else _GAP_UNSPACED
    # Entries are tried by the first letter, those like *ing by the last: one list of 500 is ten times as slow.
    by_first: dict[str, list[str]] = {}
    by_last: dict[str, list[str]] = {}
    for entry in sorted(cues_of, key=_order):
        word = entry.removeprefix("^ ").partition(" ")[0]
        if word.startswith("*") and word != "*":
            by_last.setdefault(word[-1], []).append(entry)
        else:
            by_first.setdefault(word.strip("*")[:1], []).append(entry)  # "" for "* years ago"
    cues: list[frozenset[str]] = [frozenset()]
    branches = []
    for heads, groups in (("{}", by_first), ("(?<={})", by_last)):
        parts = []
        for letter, entries in groups.items():
            cues += [frozenset(cues_of[entry] - {"none"}) for entry in entries]
            tails = "|".join(
                _regex(entry, gap, letters, spaced=spaced, consume="none" in cues_of[entry]) for entry in entries
            )
            parts.append(heads.format(re.escape(letter)) + f"(?:{tails})")
        branches.append("|".join(parts))
    start = rf"(?<![{letters}-]){_optional(table.get('glued', ()))}" if spaced else ""
    words = rf"|(?![{_capitals()}])[{letters}]++(?:{branches[1]})" if branches[1] else ""
    return _Words(re.compile(f"{start}(?:{branches[0]}{words})"), tuple(cues))


def _optional(groups: Iterable[str]) -> str:
    """Return what matches at most one of each group: Arabic و and then ب."""
    return "".join(f"(?:{'|'.join(group.split())})??" for group in groups)


def _entries(text: str) -> Iterator[str]:
    """Yield the entries of a list, those with a/b written out."""
    for entry in filter(None, " ".join(text.split()).split(" | ")):
        for words in product(*(word.split("/") for word in entry.split())):
            yield " ".join(words)


def _order(entry: str) -> tuple[int, bool, int, str]:
    """Longer entries first, so that "not only" is tried before "not", and open ones after closed ones."""
    return -len(entry.replace("^ ", "").split()), "*" in entry, -len(entry), entry


def _regex(entry: str, gap: str, letters: str, *, spaced: bool, consume: bool) -> str:
    """Return what matches the rest of an entry, behind its first letter or, of "*ing", its first word.

    What follows "..." is only looked at, for it may have a cue of its own: in "ne ... pas", "il ne pourrait pas". But
    an entry that cancels cues takes in all of it.
    """
    parts: list[str] = []
    closing = before = ""
    for word in entry.removeprefix("^ ").split():
        if not before:
            parts.append(_first_word(word, letters, spaced=spaced, starts=entry.startswith("^ ")))
        elif word == "$":
            parts.append(r"(?=\W*\Z)")
        elif word == "...":
            rest = rf"\s*[{letters}'-]+{gap}" if before.endswith("'") else gap  # n'est pas
            parts.append(rest if consume else rf"(?={rest}")
            closing += "" if consume else ")"
        else:
            space = "" if not spaced else r"\s*" if before.endswith("'") else r"\s+"
            parts.append(space + _word(word, letters, spaced=spaced))
        before = word
    return "".join(parts) + closing + "()"


def _first_word(word: str, letters: str, *, spaced: bool, starts: bool) -> str:
    if word == "*":
        return f"[{letters}]+"
    if word.startswith("*"):
        return rf"(?<=[{letters}]{{2}}{re.escape(word[1:])})(?!-)"
    here = rf"(?<=\A{re.escape(word[0])})" if starts else ""
    return here + _word(word, letters, spaced=spaced)[len(re.escape(word[0])) :]


def _word(word: str, letters: str, *, spaced: bool) -> str:
    body = re.escape(word).replace(r"\*", f"[{letters}]*")
    if word == "*":
        return f"[{letters}]+"
    if word.startswith("*"):
        body = f"(?![{_capitals()}])[{letters}]{{2}}{body}"  # not Ceará, which is no verb in the future
    return body if word.endswith(("*", "'")) or not spaced else rf"{body}(?![{letters}-])"


@cache
def _capitals() -> str:
    return "".join(filter(str.isupper, map(chr, range(0x556))))


# --- dates ------------------------------------------------------------------------------------------------------------

_EAST = r"""
    (?<![\d.,])(?:\d{4}\s?[年년](?![前多间間来代대]|以[上来]|的?[历歷]史)
                    (?:\s?\d{1,2}\s?[月월](?:\s?\d{1,2}\s?[日号號일])?)?
                 | \d{1,2}\s?[月월](?:\s?\d{1,2}\s?[日号號일])?)"""  # not 2000年的历史, two thousand years of history
_ORDINAL = r"(?:[.º°ª]{1,2}|[-‑]?[^\W\d_]{1,3}\.?)?"  # 12., 1º, 12th, 1er, 12-го
_OF = r"\s*(?:(?:de|del|of|ng|d'|ta'|tháng)\s*)?"
_OF_YEAR = r"(?:\s*,|\.)?\s*(?:(?:de|del|of|ng|năm|anul|roku|anno)\s+)?"
_NUMBER = r"\d++(?:(?:[.,:/٫٬'–-]|[ \u00a0\u202f](?=\d{3}(?!\d)))\d++)*+"
_ONE_YEAR = re.compile(r"(\d{4})(?:[-–/](\d{2}|\d{4}))?")  # 2019, 2019-20, 2019/2020
_LAST_WORD = re.compile(r"([^\W\d_]+)['.]?\s*$")
_LITTLE_WORD = re.compile(r"(?<!\w)[^\W\d_A-Z]{1,3}-$")  # ב-2017
_NEXT_WORD = re.compile(r"\s*('|[^\W\d_]+)")


@dataclass(frozen=True, slots=True)
class _Calendar:
    """What finds dates in a language, and its names of months and weekdays in every form and spelling.

    `alone`: those that are dates without a number beside them; others (May, Mayo, Sept.) are not, or only with a
    word of `before` or `after` beside them (in May).
    """

    pattern: re.Pattern[str]
    months: dict[str, int]
    weekdays: dict[str, str]
    alone: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]


def _of_phrase(match: re.Match[str], calendar: _Calendar) -> Iterator[str]:
    """Yield the dates of a phrase around the name of a month."""
    month, text = calendar.months[match["month"]], match.string
    year = int(match["year_before"] or match["year"] or 0)
    if match["year"] and _amounts().after.match(text, match.end()):
        year = 0  # In May 2000 people left
    days = [int(day) for day in (match["from"], match["day"] or match["day_after"]) if day]
    dates = [date for day in days for date in _date(year, month, day)]
    if dates:
        yield from dates
    elif year or _is_date(match, "month", calendar):
        yield from _date(year, month)


def _of_weekday(match: re.Match[str], calendar: _Calendar) -> Iterator[str]:
    if _is_date(match, "name", calendar):
        yield calendar.weekdays[match["name"]]


def _is_date(match: re.Match[str], group: str, calendar: _Calendar) -> bool:
    """Tell whether a name without a number beside it is a date."""
    name, text, start = match[group], match.string, match.start(group)
    names = {name}
    if not any(map(str.isalnum, text[:start])) or text.isupper():
        names |= {name.lower(), name.capitalize()}  # Mayo fue seco
    if names & calendar.alone:
        return True
    before, after = _LAST_WORD.search(text[:start]), _NEXT_WORD.match(text, match.end(group))
    return bool(before and before[1].lower() in calendar.before) or bool(after and after[1] in calendar.after)


def _of_number(match: re.Match[str], code: str) -> Iterator[str]:
    """Yield the years that a number is, unless it is an amount."""
    number, before, amounts = match["number"], match.string[: match.start()], _amounts()
    if parts := re.fullmatch(r"(\d{1,2})/(\d{4})", number):
        yield from _date(int(parts[2]), int(parts[1]))
        return
    parts = _ONE_YEAR.fullmatch(number)
    if not parts or code in _ETHIOPIC or code in _EASTERN:  # which write 2023年
        return
    years = [int(parts[1])]
    if parts[2]:
        years.append(int(parts[2] if len(parts[2]) == 4 else parts[1][:2] + parts[2]))
    if years != sorted(years) or not all(_FIRST_YEAR <= year <= _LAST_YEAR for year in years):
        return
    if re.search(r"[A-Za-z_]$|\w-$", before) and not _LITTLE_WORD.search(before):
        return  # A2023, MH-2017
    if amounts.before.search(before) or amounts.after.match(match.string, match.end()):
        return
    word = _LAST_WORD.search(before)
    if years[0] % 100 or len(years) > 1 or (word and word[1].lower() in amounts.year_words):
        yield from map(str, years)


def _of_digits(match: re.Match[str]) -> Iterator[str]:
    """Yield the date written in figures alone."""
    first, *others = map(int, re.findall(r"\d+", match.group()))
    if match.lastgroup == "east":
        yield from _date(first, *others) if first > 31 else _date(0, first, *others)
    elif match.lastgroup == "year_first":
        yield from _date(first, *others)
    else:
        second, year = others
        day_first = "." in match.group() or first > 12 or first == second
        if day_first or second > 12:
            yield from _date(year, second, first) if day_first else _date(year, first, second)
        else:
            yield from _date(year)  # 12/05/2023


def _date(year: int, month: int = 0, day: int = 0) -> Iterator[str]:
    """Yield the date if there is such a day; 0 is what is not known."""
    if (year and not 1400 <= year <= 2099) or month > 12 or not (year or month) or (day and not month):
        return
    if day > (monthrange(year or 2000, month)[1] if month else 0):
        return
    yield (f"{year:04}" if year else "-") + (f"-{month:02}" if month else "") + (f"-{day:02}" if day else "")


@dataclass(frozen=True, slots=True)
class _Amounts:
    """What stands around a number: `before` and `after` make it an amount; `year_words` make 2000 a year."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    year_words: frozenset[str]


@cache
def _amounts() -> _Amounts:
    table = _data()["years"]
    before, after, decades = (
        "|".join(r"\s+".join(_word(word, _L, spaced=True) for word in entry.split()) for entry in _entries(table[key]))
        for key in ("not_after", "not_before", "decade_endings")
    )
    return _Amounts(
        re.compile(rf"(?:[$€£¥₽₴₺₹₪№#§]|(?<![{_L}])(?:{before})[.:]?)\s*$", re.IGNORECASE),
        re.compile(rf"[\s-]?(?:[%‰$€£¥₽₴₺₹₪°]|{after})|[-'’](?:{decades})|[A-Za-z]", re.IGNORECASE),
        frozenset(table["after"].split()),
    )


@cache
def _calendar(code: str) -> _Calendar:
    table = _data().get(_ALIASES.get(code, code), {}).get("dates", {})
    spaced = code not in _UNSPACED
    names = _Names(code, table)
    uncertain = {form for name in table.get("uncertain", "").split() for form in names.forms(name)}
    alone = frozenset(name for name in names.alone if len(name) >= 3 or code in _EASTERN) - uncertain
    start = rf"(?<![{_L}]){_optional(table.get('glued', ()))}" if spaced else r"(?<!十)"  # 十一月
    end = rf"(?![{_L}])" if spaced else ""
    never = r"(?!)"
    year_before = r"\d{4}" if names.year_first else never
    day_after = r"\d{1,2}" if names.month_first and spaced else never
    firsts = "".join({name[0] for name in (*names.months, *names.weekdays)} | set("".join(table.get("glued", ()))))
    pattern = rf"""(?=[\d{re.escape(firsts)}])(?:
        (?<![\w.,:/-])(?P<year_first>\d{{4}}(?P<s1>[-/.])\d{{1,2}}(?P=s1)\d{{1,2}})(?![\d/-]|[.,:]\d)
      | (?<![\w.,:/-])(?P<year_last>\d{{1,2}}(?P<s2>[-/]|\.[ ]?)\d{{1,2}}(?P=s2)\d{{4}})(?![\d/-]|[.,:]\d)
      | (?P<east>{_EAST})
      | (?P<phrase>
            (?:(?<![\w.,:/-])(?P<year_before>{year_before})\.?\s?(?:[^\W\d_]{{1,8}}\.?)?\s*)?
            (?:(?<![\w.,:/$€£])(?<!\d-)(?:(?P<from>\d{{1,2}})\s?[-–—]\s?)?(?P<day>\d{{1,2}}){_ORDINAL}{_OF})?
            {start}(?P<month>{_any_of(names.months)}){end}
            (?:\s*(?P<day_after>{day_after})(?![\d%]|[.,:]\d){_ORDINAL})?
            (?:{_OF_YEAR}(?<!\d)(?P<year>\d{{4}})(?![\d-]|[.,:/]\d))?)
      | (?P<weekday>{start}(?<![一二两三四五六七八九十每\d])(?P<name>{_any_of(names.weekdays)}){end})
      | (?P<number>{_NUMBER}))"""  # 一周一次 is once a week
    return _Calendar(
        re.compile(pattern, re.VERBOSE),
        names.months,
        names.weekdays,
        alone,
        frozenset(table.get("before", "").split()),
        frozenset(table.get("after", "").split()),
    )


def _any_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)) or "(?!)"


class _Names:
    """The names of months and weekdays in a language and the order of its dates; nothing for an unknown one.

    CLDR has nominatives and genitives; `endings` say what other cases make of an ending: "я" -> "е ю ем".
    """

    def __init__(self, code: str, table: dict[str, Any]) -> None:
        from babel import Locale, UnknownLocaleError  # 60 ms, and locales are read from files

        self.months: dict[str, int] = {}
        self.weekdays: dict[str, str] = {}
        self.alone: set[str] = set()
        self.month_first = self.year_first = False
        self._small = table.get("small", False)
        self._endings = sorted(table.get("endings", {}).items(), key=lambda item: -len(item[0]))
        locales = []
        for tag in _LOCALES.get(code, (code,)):
            try:
                locales.append(Locale.parse(tag))
            except (UnknownLocaleError, ValueError):
                continue
        for locale, context in product(locales, ("format", "stand-alone")):
            for month, name in locale.months[context]["wide"].items():
                self.months |= dict.fromkeys(self._spellings(name), month) | self.months
            for width in ("wide", "abbreviated") if table.get("short_weekdays") else ("wide",):
                for day, name in locale.days[context][width].items():
                    self.weekdays |= dict.fromkeys(self._spellings(name), _WEEKDAYS[day]) | self.weekdays
        for locale, context in product(locales, ("format", "stand-alone")):
            for month, name in locale.months[context]["abbreviated"].items():
                self.months |= dict.fromkeys(_short(name), month) | self.months
        if locales:
            order = re.sub("'[^']*'", "", locales[0].date_formats["long"].pattern)
            self.month_first = order.find("M") < order.find("d")
            self.year_first = order.startswith("y")

    def forms(self, name: str) -> set[str]:
        """Return the name with each of its case endings."""
        forms = {name}
        for ending, others in self._endings:
            if name.endswith(ending):
                stem = name[: len(name) - len(ending)]
                forms.update(stem + other for other in others.split())
                break
        return forms

    def _spellings(self, name: str) -> set[str]:
        name = _bare(name)
        if not name or name[0].isdigit():  # 5月 is found by its figure
            return set()
        forms = self.forms(name)
        if self._small:
            forms |= {form.lower() for form in forms}
        self.alone |= forms
        return forms | {form[0].upper() + form[1:] for form in forms} | {form.upper() for form in forms}


def _short(name: str) -> set[str]:
    """Return how an abbreviation is written; without a dot only if it has a capital: Sept, not a set of tennis."""
    name = _bare(name).rstrip(".")
    if len(name) < 3 or not name.isalpha():
        return set()
    title = name[0].upper() + name[1:]
    return {name + ".", title + "."} | ({name} if name == title else set())


def _bare(name: str) -> str:
    return re.sub("^(?:de |d')", "", _straighten(name))  # Catalan has "de maig"
