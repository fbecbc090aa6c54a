"""The words with which a language says who says something, read from data/speech.toml.

`Rules` is one table of it, which says what each field means. It knows words and where they stand; what they make of a
sentence is for sources.py and frames.py.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import islice, product
from typing import Any

from claims.clauses import SERVED_BY, has_verb
from claims.sentences import Sentence

_N_AUXILIARY = 4  # words between an auxiliary and its verb: ha | también | dicho
_N_WORDS = 400  # more in one sentence are a list or a table; what follows is not read
_N_BRACKET = 14  # the same in German, where the sentence stands between them: hat | gestern in Bonn | gesagt
_N_INSERTED = 12  # words of a frame inside a quotation
_BREAK = re.compile(r"[,;:()«»„“”\"…—–，；：。、،؛‘「」『』?!¡¿]|(?<=\s)[-'](?=\S|$)|\.\s|\.$")
_SPLIT_WORD = re.compile(r"(\w+?)-(?:t-)?(il|elle|ils|elles|on)", re.IGNORECASE)
_SPELLINGS = str.maketrans({"’": "'", "أ": "ا", "إ": "ا", "آ": "ا", "ـ": "", **dict.fromkeys("ًٌٍَُِّْ", "")})
_PLAIN_GAP = frozenset(["", " ", "\u00a0", "'", "’", "-", " \u200f"])
_WIDE_PATTERNS = (
    "wide_verb",
    "wide_role",
    "wide_body",
    "wide_lead",
    "wide_trail",
    "wide_skip",
    "wide_final",
    "wide_break",
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word and what stands around it; `low` is the word in small letters with straight apostrophes."""

    start: int
    end: int
    low: str
    gap: str  # the marks and spaces before it
    capital: bool
    inside: bool  # a quotation
    plain: bool  # nothing but a space stands before it
    broken: bool  # a mark that ends a phrase stands before it


@dataclass(frozen=True, slots=True)
class Rules:
    """One table of data/speech.toml, which says what each field means."""

    language: str
    says: frozenset[str]
    stances: frozenset[str]
    says_with: frozenset[str]
    stances_with: frozenset[str]
    phrases: dict[str, list[tuple[str, ...]]]
    auxiliaries: frozenset[str]
    complementizers: frozenset[str]
    questions: frozenset[str]
    people: frozenset[str]
    bodies: frozenset[str]
    counterparts: frozenset[str]
    women: tuple[str, ...]
    titles: frozenset[str]
    pronouns: dict[str, str]
    persons: frozenset[str]  # pronouns of speaker and listener, who are never named before
    according: dict[str, list[tuple[str, ...]]]
    according_pronoun: dict[str, list[tuple[tuple[str, ...], str]]]
    back: dict[str, list[tuple[str, ...]]]
    infinitives: tuple[str, ...]
    gerunds: tuple[str, ...]
    gerund_words: frozenset[str]
    blockers: frozenset[str]
    passives: frozenset[str]
    says_something: frozenset[str]  # verbs that need more than a bare complement: asked, points
    reflexives: frozenset[str]
    clitics: frozenset[str]
    nominal: frozenset[str]
    according_comma: frozenset[str]
    compounds: tuple[str, ...]
    weak_according: frozenset[tuple[str, ...]]
    according_after: frozenset[str]
    as_words: frozenset[str]
    determiners: frozenset[str]
    indefinite: frozenset[str]
    true_links: frozenset[str]
    links: frozenset[str]
    particles: frozenset[str]
    prepositions: frozenset[str]
    governing: frozenset[str]  # determiners that hold a preposition: al, du, zum
    relatives: frozenset[str]
    coordinators: frozenset[str]
    breakers: dict[str, list[tuple[str, ...]]]
    leaders: frozenset[str]
    negations: frozenset[str]
    weak: frozenset[str]
    impersonal: frozenset[str]
    plural: tuple[str, ...]
    participles: frozenset[str]
    conjunctive: frozenset[str]
    adverbs: tuple[str, ...]
    topic_marks: tuple[str, ...]
    function: frozenset[str]
    order: str
    bare: bool
    prodrop: bool
    verb_second: bool
    elision: bool
    cased: bool
    wide: bool
    head_last: bool
    adjectives_first: bool
    genitives: bool
    inflected: bool
    names_first: bool
    infinitive_links: frozenset[str]
    complement_endings: tuple[str, ...]
    origins: frozenset[str]
    genitive_endings: tuple[str, ...]
    unsaid: frozenset[str]  # verbs that leave out who says it: сообщается
    quotatives: frozenset[str]  # words behind a quotation that make it speech: diye
    sees_verbs: bool
    word: re.Pattern[str]
    wide_verb: re.Pattern[str]
    wide_role: re.Pattern[str]
    wide_body: re.Pattern[str]
    wide_lead: re.Pattern[str]
    wide_trail: re.Pattern[str]
    wide_skip: re.Pattern[str]
    wide_final: re.Pattern[str]
    wide_break: re.Pattern[str]

    def is_office(self, word: str) -> bool:
        """Tell whether a word names what a person is: president, neighbour."""
        return word in self.people or word.endswith(self.compounds or "\n")  # Personalvorständin

    def says_word(self, word: str) -> bool:
        """Tell whether a word may be a reporting verb, whatever stands before it."""
        return word in self.says or word in self.stances

    def verb_like(self, token: Token) -> bool:
        """Tell whether a word nobody listed may be a verb."""
        return not token.capital and token.low not in self.prepositions

    def is_oblique(self, word: str) -> bool:
        """Tell whether a name carries a case ending that no subject has: Erdoğan'ın."""
        return self.order == "final" and ("'" in word or "’" in word)

    def n_suffix(self, word: str) -> int:
        """Return how many letters behind a name are not part of it: Erdoğan'ın, McCausland's."""
        if self.inflected and not self.genitives and "'" in word:
            return len(word) - word.rindex("'")
        return 2 if self.head_last and word.endswith("'s") else 0

    def fold(self, word: str) -> str:
        """Return a word without accents and without what is written behind an apostrophe: Erdoğan'ın."""
        if self.inflected or self.language == "en":
            word = re.split("['’]", word)[0] or word
        return _fold(word)

    def verb_at(self, tokens: Sequence[Token], here: int) -> tuple[int, int, bool] | None:
        """Return the first and last word of a reporting verb and whether it takes a stance; None if there is none."""
        if here >= len(tokens):
            return None
        token = tokens[here]
        for phrase in self.phrases.get(token.low, ()):
            if tuple(t.low for t in tokens[here : here + len(phrase)]) == phrase:
                return here, here + len(phrase) - 1, True
        word = token.low
        if token.capital and here and not token.broken:
            return None  # German: Berichte, Fragen
        if self.order == "first" and word[:1] in "وف" and word not in self.says | self.stances:
            word = word[1:]
        if word in self.says or word in self.stances:
            before = tokens[here - 1].low if here and token.plain else ""
            if before in self.blockers or before in self.nominal:
                return None  # to say, will add; the claims, une critique
            if before in self.clitics and (
                here < 2 or tokens[here - 2].low in self.prepositions or tokens[here - 1].broken
            ):
                return None  # lors de l'annonce; but: il le rappelle
            return here, here, word in self.stances and before not in self.reflexives
        if word in self.says_with or word in self.stances_with:
            reach = _N_BRACKET if self.verb_second else _N_AUXILIARY
            for place in range(here - 1, max(here - 1 - reach, -1), -1):
                if tokens[place].low in self.auxiliaries:
                    return place, here, word in self.stances_with
                if not self.verb_second and tokens[place + 1].broken:
                    break
        return None

    def breaks(self, tokens: Sequence[Token], here: int) -> bool:
        """Tell whether a word takes the text back from a source: ..., pero; not: ..., pero que."""
        for phrase in self.breakers.get(tokens[here].low, ()):
            after = here + len(phrase)
            if tuple(t.low for t in tokens[here:after]) == phrase:
                return not (after < len(tokens) and tokens[after].low in self.complementizers)
        return False


@cache
def rules_of(language: str) -> Rules:
    """Return the table of a language, or what holds for all if there is none."""
    code = language.lower().replace("_", "-").partition("-")[0]
    code = SERVED_BY.get(code, code)
    table = _data().get(code, {})

    def words(key: str) -> frozenset[str]:
        return frozenset(_spell(table.get(key, "")).split())

    def forms(key: str) -> frozenset[str]:
        return frozenset(
            stem + ending.strip("-")
            for stems, endings in table.get(key, ())
            for stem in _spell(stems).split()
            for ending in endings.split()
        )

    def phrases(key: str) -> dict[str, list[tuple[str, ...]]]:
        found: dict[str, list[tuple[str, ...]]] = {}
        for phrase in table.get(key, ()):
            for choice in product(*(part.split("|") for part in phrase.split())):
                parts = tuple(_spell(match[0]) for match in word.finditer(" ".join(choice)))
                found.setdefault(parts[0], []).append(parts)
        return {first: sorted(phrases, key=len, reverse=True) for first, phrases in found.items()}

    elision = bool(table.get("elision"))
    inner = r"[-‑·](?=\w)\w+" if elision else r"[-‑·'’](?=\w)\w+"
    word = re.compile((r"\b[^\W\d_]{1,6}['’](?=\w)|" if elision else "") + rf"\w+(?:{inner})*")
    listed = {
        key: words(key) for key in ("determiners", "prepositions", "coordinators", "relatives", "skip", "negations")
    }
    listed |= {
        key: words(key)
        for key in ("leaders", "complementizers", "questions", "auxiliaries", "links", "loose_links", "as")
    }
    pronouns = {form: kind for kind in ("he", "she", "it", "they") for form in words(kind)}
    function = frozenset(pronouns).union(*listed.values())
    breakers = phrases("breakers")
    function |= frozenset(first for first, found in breakers.items() if (first,) in found)
    function |= frozenset(first for first, found in phrases("according").items())
    according_pronoun: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for kind in ("he", "she", "they"):
        for first, found in phrases(f"according_{kind}").items():
            according_pronoun.setdefault(first, []).extend((phrase, kind) for phrase in found)
    governing = listed["determiners"] & listed["prepositions"]
    wide = bool(table.get("wide"))
    patterns = _wide_patterns(table) if wide else dict.fromkeys(_WIDE_PATTERNS, re.compile("(?!)"))
    return Rules(
        language=code,
        says=forms("says") | forms("unsaid"),
        stances=forms("stances"),
        says_with=forms("says_with"),
        stances_with=forms("stances_with"),
        phrases=phrases("phrases"),
        auxiliaries=listed["auxiliaries"],
        complementizers=listed["complementizers"],
        questions=listed["questions"],
        people=forms("people"),
        bodies=forms("bodies"),
        counterparts=words("counterparts"),
        women=tuple(table.get("women", "").split()),
        titles=words("titles"),
        pronouns=pronouns,
        according=phrases("according"),
        according_pronoun=according_pronoun,
        back=phrases("back"),
        gerund_words=words("gerund_words"),
        gerunds=tuple(table.get("gerunds", "").split()),
        blockers=words("blockers"),
        passives=words("passives"),
        says_something=words("says_something"),
        reflexives=words("reflexives"),
        clitics=words("clitics"),
        nominal=frozenset()
        if table.get("verb_second")
        else (listed["determiners"] | listed["links"]) - words("clitics"),
        according_comma=words("according_comma"),
        compounds=tuple(form for form in forms("people") if len(form) >= 5) if table.get("compound") else (),
        infinitives=tuple(table.get("infinitives", "").split()),
        weak_according=frozenset((form,) for form in words("weak_according")),
        according_after=words("according_after"),
        as_words=listed["as"],
        determiners=listed["determiners"],
        indefinite=words("indefinite"),
        true_links=listed["links"],
        links=listed["links"] | listed["loose_links"],
        particles=words("particles"),
        prepositions=listed["prepositions"] | (listed["links"] - listed["determiners"]),
        governing=governing,
        relatives=listed["relatives"],
        persons=words("persons"),
        coordinators=listed["coordinators"],
        breakers=breakers,
        leaders=listed["leaders"],
        negations=listed["negations"],
        weak=listed["skip"] | listed["auxiliaries"],
        impersonal=words("impersonal"),
        plural=tuple(table.get("plural", "").split()),
        participles=words("participles"),
        conjunctive=words("conjunctive"),
        adverbs=tuple(table.get("adverbs", "").split()),
        topic_marks=tuple(table.get("topic_marks", "").split()),
        function=function,
        order=table.get("order", ""),
        bare=bool(table.get("bare")),
        prodrop=bool(table.get("prodrop")),
        verb_second=bool(table.get("verb_second")),
        elision=elision,
        cased=table.get("cased", True),
        wide=wide,
        head_last=bool(table.get("head_last")),
        adjectives_first=bool(table.get("adjectives_first")),
        genitives=bool(table.get("genitives")),
        inflected=bool(table.get("inflected")),
        genitive_endings=tuple(map(_fold, words("genitive_endings"))),
        infinitive_links=words("infinitive_links"),
        complement_endings=tuple(table.get("complement_endings", "").split()),
        origins=words("origins"),
        names_first=bool(table.get("names_first")),
        unsaid=forms("unsaid"),
        quotatives=words("quotatives"),
        sees_verbs=not has_verb("x", code),
        word=word,
        **patterns,
    )


def read_tokens(text: str, sentence: Sentence, quotations: Sequence[tuple[int, int]], rules: Rules) -> list[Token]:
    """Return the words of a sentence."""
    tokens: list[Token] = []
    before = sentence.start
    at = max(bisect_right(quotations, (sentence.start, len(text))) - 1, 0)
    for start, end in islice(_words(text, sentence, rules), _N_WORDS):
        gap = text[before:start]
        while at < len(quotations) and quotations[at][1] < start:
            at += 1
        inside = at < len(quotations) and quotations[at][0] < start < quotations[at][1]
        initial = (
            gap.startswith(".") and bool(tokens) and (before - tokens[-1].start == 1 or tokens[-1].low in rules.titles)
        )
        plain = gap in _PLAIN_GAP or (initial and gap in (". ", "."))
        broken = bool(tokens) and not plain and _BREAK.search(gap) is not None
        tokens.append(Token(start, end, _spell(text[start:end]), gap, text[start].isupper(), inside, plain, broken))
        before = end
    return _free_frames(text, tokens, rules)


def _free_frames(text: str, tokens: list[Token], rules: Rules) -> list[Token]:
    """Take frames out of the quotations around them: «Так, – сказал он. – Нет» / « Oui, explique Ana Gil, non »"""
    for here in range(1, len(tokens) - 1):
        token = tokens[here]
        if not token.inside or not tokens[here - 1].inside or "," not in token.gap + tokens[here - 1].gap[-1:]:
            continue
        dashed = any(dash in token.gap for dash in "—–-")
        if not (dashed or "," in token.gap) or not rules.verb_at(tokens, here):
            continue
        end = here + 1
        while end < len(tokens) and not tokens[end].broken and tokens[end].inside:
            end += 1
        named = any(word.capital or word.low in rules.pronouns for word in tokens[here + 1 : end])
        if named and end - here <= _N_INSERTED:
            tokens[here:end] = [replace(word, inside=False) for word in tokens[here:end]]
    return tokens


def _words(text: str, sentence: Sentence, rules: Rules) -> Iterable[tuple[int, int]]:
    for match in rules.word.finditer(text, sentence.start, sentence.end):
        split = _SPLIT_WORD.fullmatch(match[0]) if rules.elision else None  # dit-il, affirme-t-elle
        if split:
            yield match.start(), match.start() + split.end(1)
            yield match.start() + split.start(2), match.end()
        else:
            yield match.span()


def _spell(word: str) -> str:
    """Return a word in small letters, and in one of the ways Arabic spells it."""
    return word.lower().translate(_SPELLINGS)


def _fold(word: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
    return plain.replace("ı", "i").replace("ё", "е")


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((resources.files("claims") / "data" / "speech.toml").read_text(encoding="utf-8"))


def _wide_patterns(table: dict[str, Any]) -> dict[str, re.Pattern[str]]:
    """Return what reads a text without spaces."""

    def any_of(words: Iterable[str]) -> str:
        return "|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)"

    def listed(key: str) -> list[str]:
        value = table.get(key, "")
        return value.split() if isinstance(value, str) else " ".join(stems for stems, _ in value).split()

    verbs, people, bodies = (
        any_of(listed("says") + listed("stances")),
        any_of(listed("people")),
        any_of(listed("bodies")),
    )
    skip = any_of(listed("skip"))
    leads = any_of(table.get("according", ()))
    return {
        "wide_verb": re.compile(f"(?:{verbs})(?![者人])"),
        "wide_role": re.compile(f".*({people})"),
        "wide_body": re.compile(f"(?:{bodies})"),
        "wide_lead": re.compile(rf"(?:{skip}|{leads}|\d+|[\s、])*"),
        "wide_trail": re.compile(rf"(?:{skip}|\d+|\s|在[^，。]*?(?:时|中|上|后))+$"),
        "wide_skip": re.compile(rf"(?:{skip}|\d+|\s)*"),
        "wide_final": re.compile(f"(?:{any_of(table.get('negations', '').split())})$"),
        "wide_break": re.compile(f"[，；,](?={any_of(table.get('breakers', ()))})|；"),
    }
