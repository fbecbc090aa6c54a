"""The people and organisations an article names, and which mention of them means which.

A mention is a name, an office or both ("el presidente ruso, Vladímir Putin"); mentions of one source are linked by
their names, by the offices those came with, and by what an office belongs to.

Names are known by their capitals, offices by the lists of data/speech.toml; in a script without capitals only what
follows an office is a name. When in doubt two mentions are kept apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from claims.clauses import has_verb
from claims.sentences import Sentence
from claims.speech import Rules, Token, read_tokens

_N_NOUN_PHRASE = 10
_N_LONG_NAME = 5  # words; a longer run of capitals is more than a name: Ann Lee Unterstützung von Jan Rot
_N_CANDIDATES = 200  # sources a name is compared with
_N_INDEXED = 2  # letters that all spellings of a name have in common
_ARTICLES = ("ال", "وال", "لل", "بال")  # before Arabic nouns and adjectives; seldom before first names
_NOT_LETTERS = re.compile("['’‑-]")


@dataclass(eq=False, slots=True)
class Mention:
    """A phrase that may name a source: a name, an office, both, or a pronoun."""

    start: int
    end: int
    first: int  # token
    last: int
    name: tuple[str, ...] = ()  # folded
    shown: str = ""
    role: str = ""  # folded
    ties: frozenset[str] = frozenset()  # what the office belongs to: Kazajistán, kazajo
    pronoun: str = ""  # he, she, it, they
    is_person: bool = False
    is_body: bool = False
    is_new: bool = False  # "a spokesman" is somebody else than the one before
    is_woman: bool = False
    is_counterpart: bool = False
    alias: str = ""  # in brackets behind the name: Unión Europea (UE)
    is_plain: bool = False  # neither name nor office: the residents
    source: int = -1


@dataclass(slots=True)
class Line:
    """A sentence, its words and the mentions of sources in it; `text` is that of the document.

    `names` are words the document writes with capitals inside sentences, `common` words it never does.
    """

    text: str
    rules: Rules
    index: int
    start: int
    end: int
    paragraph: int
    tokens: list[Token]
    names: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    mentions: list[Mention] = field(default_factory=list)
    begins: dict[int, Mention] = field(default_factory=dict)  # by their first word
    ends: dict[int, Mention] = field(default_factory=dict)

    def phrase_start(self, here: int) -> int:
        """Return the first word of the phrase, between two marks, that a word stands in."""
        while here > 0 and not self.tokens[here].broken:
            here -= 1
        return here

    def phrase_end(self, here: int) -> int:
        """Return the first word behind the phrase that a word stands in."""
        here += 1
        while here < len(self.tokens) and not self.tokens[here].broken:
            here += 1
        return here


def read_lines(
    text: str, sentences: Sequence[Sentence], quotations: Sequence[tuple[int, int]], rules: Rules
) -> list[Line]:
    """Return the sentences of a document with the mentions in them."""
    lines: list[Line] = []
    paragraph = last_end = 0
    for index, sentence in enumerate(sentences):
        paragraph += "\n" in text[last_end : sentence.start]
        last_end = sentence.end
        tokens = [] if rules.wide else read_tokens(text, sentence, quotations, rules)
        lines.append(Line(text, rules, index, sentence.start, sentence.end, paragraph, tokens))
    inner = (token for line in lines for token in line.tokens[1:] if not token.broken)
    names = frozenset(token.low for token in inner if token.capital and rules.cased)
    common = frozenset(token.low for line in lines for token in line.tokens if not token.capital) - names
    for line in lines:
        line.names, line.common = names, common
        line.mentions = _find_mentions(line)
        line.begins = {mention.first: mention for mention in line.mentions}
        line.ends = {mention.last: mention for mention in line.mentions}
    return lines


def _find_mentions(line: Line) -> list[Mention]:
    mentions: list[Mention] = []
    here = 0
    while here < len(line.tokens):
        mention = _read_mention(line, here)
        if mention is None:
            here += 1
            continue
        mentions.append(mention)
        here = mention.last + 1
    return mentions


def _read_mention(line: Line, here: int) -> Mention | None:
    """Return the mention that begins at a word, with its apposition; None where none does."""
    rules = line.rules
    token = line.tokens[here]
    pronoun = rules.pronouns.get(token.low)
    if pronoun:
        return Mention(token.start, token.end, here, here, pronoun=pronoun)
    mention = _read_phrase(line, here)
    if mention is None:
        return None
    after = mention.last + 1
    if rules.names_first and here and mention.role and line.tokens[here].plain:
        name = line.tokens[here - 1]  # 박진 | 장관은
        if name.low not in rules.function and not rules.says_word(name.low):
            mention.name, mention.shown = (rules.fold(name.low),), line.text[name.start : name.end]
            mention.start, mention.first, mention.is_person = name.start, here - 1, mention.is_person
        return mention
    if not rules.cased and mention.role and not mention.name:
        _name_between_commas(line, mention)
        return mention
    if (
        mention.role
        and not mention.name
        and after < len(line.tokens)
        and line.tokens[after].inside
        and not token.inside
    ):
        second = _read_behind_quotation(line, after)
        if second:  # директор хозяйства «Жаналык» | Мурат Есенов
            _join(mention, second)
            return mention
    if (
        after < len(line.tokens)
        and line.tokens[after].gap.strip() in {",", "،", "(", "-", "—", "–"}
        and not line.tokens[after].inside
    ):
        second = _read_phrase(line, after)
        word = line.tokens[after]
        closes = line.text[word.end : word.end + 1] == ")" and word.gap.strip() == "("
        if closes and line.text[word.start : word.end].isupper() and word.end - word.start > 1:
            mention.alias = rules.fold(word.low)
            return mention
        governed = mention.is_body and is_governed(line, mention)  # dans l'opposition, | Ana Gil
        if second and not governed and _is_apposition(line, mention, second):
            _join(mention, second)
    return mention


def _name_between_commas(line: Line, mention: Mention) -> None:
    """Give an office the name that follows it between commas, in a script without capitals."""
    rules = line.rules
    start = mention.last + 1
    if start >= len(line.tokens) or line.tokens[start].gap.strip() not in ("،", ","):
        return
    end = line.phrase_end(start)
    words = line.tokens[start:end]
    closed = end < len(line.tokens) and line.tokens[end].gap.strip() in ("،", ",")
    if closed and 2 <= len(words) <= 4 and not any(w.low in rules.function or rules.says_word(w.low) for w in words):
        mention.end, mention.last = words[-1].end, end - 1
        mention.shown = line.text[words[0].start : words[-1].end]
        mention.name = tuple(rules.fold(word.low) for word in words)
        mention.is_person = True


def _read_behind_quotation(line: Line, here: int) -> Mention | None:
    """Return the name right behind the name of a firm in quotation marks."""
    start = here
    while here < len(line.tokens) and line.tokens[here].inside:
        here += 1
    if here == len(line.tokens) or here - start > 4 or len(line.tokens[here].gap.strip()) != 1:
        return None
    found = _read_phrase(line, here)
    return found if found and found.is_person and not found.role else None


def _is_apposition(line: Line, first: Mention, second: Mention) -> bool:
    """Tell whether the second of two phrases with a comma between them names the first again."""
    rules = line.rules
    closed = second.last + 1 == len(line.tokens) or line.tokens[second.last + 1].broken
    if first.role and not first.name and second.name and second.role:
        return second.is_person and not first.is_body  # su portavoz, la bióloga Clara Menéndez
    if first.role and not first.name and second.name and not second.role:
        verb = not closed and rules.verb_at(line.tokens, second.last + 1) is not None
        return (closed or verb) and second.is_person >= (len(second.name) > 1)
    bare = second.role and not second.name and not second.is_new | second.is_body
    if first.name and not first.role and second.role and not second.name:
        return closed and (bool(bare) or second.is_new)
    return False


def _join(first: Mention, second: Mention) -> None:
    first.end, first.last = second.end, second.last
    first.name, first.shown = first.name or second.name, (first if first.name else second).shown
    first.role, first.ties = first.role or second.role, first.ties | second.ties
    first.is_person |= second.is_person
    first.is_body |= second.is_body and not first.is_person
    first.is_woman |= second.is_woman
    first.is_counterpart |= second.is_counterpart


def _read_phrase(line: Line, here: int) -> Mention | None:
    """Return the noun phrase that begins at a word if it holds a name or an office."""
    rules = line.rules
    tokens = line.tokens
    first, is_new, definite = here, False, False
    while here < len(tokens) and tokens[here].low in rules.determiners and here - first < 2:
        is_new |= tokens[here].low in rules.indefinite
        definite = True
        here += 1
        if here < len(tokens) and not tokens[here].plain:
            return None
    kinds = _walk(line, here, definite)
    if not kinds:
        return None
    last = here + len(kinds) - 1
    roles = [here + place for place, kind in enumerate(kinds) if kind == "role"]
    names = _name_range(line, here, kinds, bool(roles))
    mention = Mention(tokens[first].start, tokens[last].end, first, last, is_new=is_new)
    if names:
        start, end = tokens[names[0]].start, tokens[names[-1]].end
        mention.shown = line.text[start : end - rules.n_suffix(tokens[names[-1]].low)]
        left_out = rules.particles | rules.titles
        mention.name = tuple(rules.fold(tokens[k].low) for k in names if tokens[k].low not in left_out)
        mention.is_person = (
            len(mention.name) in (2, 3)
            and not definite
            and all(tokens[k].low not in rules.links or tokens[k].low in rules.particles for k in names)
        )
    if roles:
        link = here + kinds.index("link") if "link" in kinds else last + 1
        heads = [place for place in roles if place < link] or roles
        head = heads[-1] if rules.head_last else heads[0]
        word = tokens[head].low
        mention.role = rules.fold(word)
        mention.is_person = rules.is_office(word)
        mention.is_body = word in rules.bodies and not mention.is_person
        mention.is_person |= not mention.is_body and bool(names)
        mention.is_counterpart = word in rules.counterparts
        mention.is_woman = bool(rules.women) and word.endswith(rules.women) and not word.endswith("ista")
        outside = set(names) | set(roles[:1]) | {head}
        mention.ties = frozenset(
            rules.fold(tokens[k].low)
            for k in range(here, last + 1)
            if k not in outside and tokens[k].low not in rules.function
        )
        if not names or mention.is_body:
            mention.shown = line.text[tokens[here].start : mention.end]
        words = [k for k in range(here, last + 1) if tokens[k].low not in rules.function]
        if mention.is_body and tokens[head].capital and len(words) > 1 and not rules.verb_second:
            mention.name = tuple(rules.fold(tokens[k].low) for k in words)  # the Environment Agency
    elif not names:
        return None
    return mention


def _walk(line: Line, here: int, definite: bool) -> list[str]:
    """Return what the words of a noun phrase are: role, name, link, other; empty if neither role nor name."""
    tokens, rules = line.tokens, line.rules
    kinds: list[str] = []
    start = here
    n_other = 0
    while here < len(tokens) and here - start < _N_NOUN_PHRASE:
        token = tokens[here]
        if here > start and not token.plain:
            break
        lenient = definite and rules.adjectives_first and "role" not in kinds and "name" not in kinds
        kind = _kind_of(line, here, lenient, kinds[-1] if kinds else "")
        if kind == "link":
            after = here + 1
            while after < len(tokens) and tokens[after].plain and tokens[after].low in rules.determiners:
                after += 1
            goes_on = after < len(tokens) and tokens[after].plain and kinds and kinds[-1] != "link"
            following = _kind_of(line, after) if goes_on else ""
            if not goes_on or following in ("", "link") or (following == "other" and "role" not in kinds):
                break
            if following != "name" and token.low not in rules.true_links:
                break  # de, of; but "in May"
            kinds += ["link"] * (after - here)
            here = after
            n_other = 0
            continue
        if not kind:
            break
        if kind == "other":
            done = rules.head_last and kinds and kinds[-1] in ("role", "name")
            if done and (here + 1 == len(tokens) or _kind_of(line, here + 1) != "role"):
                break  # der Gewerkschaft | fallen
            n_other += 1
            limit = 3 if rules.genitives or rules.head_last or not rules.cased else 1 if kinds else 2
            if n_other > limit or ("role" not in kinds and not definite and not rules.adjectives_first):
                break
            if kinds and kinds[-1] == "name":
                break
        else:
            n_other = 0
        kinds.append(kind)
        here += 1
    while kinds and kinds[-1] == "link":
        kinds.pop()
    if definite and kinds[:3] == ["other", "name", "name"]:
        kinds[0] = "role"  # la vétérinaire Hélène Sarrazin
    if "role" not in kinds:
        while kinds and kinds[-1] == "other":
            kinds.pop()
        if "other" in kinds:
            return []
    elif rules.adjectives_first and "other" in kinds:
        while kinds[-1] == "other":
            kinds.pop()
    return kinds if "role" in kinds or "name" in kinds else []


def _kind_of(line: Line, here: int, lenient: bool = False, before: str = "") -> str:
    """Return what a word can be in a noun phrase: role, name, link, other; empty where it cannot be in one."""
    tokens, rules = line.tokens, line.rules
    token = tokens[here]
    word = token.low.removesuffix("'s")
    if rules.is_office(word) or word in rules.bodies or word in rules.counterparts:
        return "role" if not rules.says_word(word) or token.capital else ""
    if word in rules.true_links or word in rules.links:
        return "link"
    if word in rules.titles:
        return "name" if token.capital else "other"
    capital = token.capital
    if capital and (here == 0 or token.broken):
        after = tokens[here + 1] if here + 1 < len(tokens) else None
        verb = rules.verb_at(tokens, here + 1)
        follows = after is not None and after.plain and (after.capital or (verb is not None and not verb[2]))
        capital = rules.inflected and "'" in word  # Kaya'ya göre
        if not capital and word not in line.common:
            capital = (here > 0 and not token.gap.strip(" ,(")) or word in line.names or follows
    if capital and word not in rules.function:
        return "name"
    if not rules.cased and before and word not in rules.function and not rules.says_word(word) and word.isalpha():
        described = word.startswith(_ARTICLES) and before != "name"
        return "other" if described else "name"  # وزير المالية | سامي الخطيب
    if (
        word in rules.particles
        and here + 1 < len(tokens)
        and tokens[here + 1].plain
        and tokens[here + 1].capital
        and here
        and tokens[here - 1].capital
        and token.plain
    ):
        return "name"
    if (
        word in rules.function
        or not _NOT_LETTERS.sub("", word).isalpha()
        or (rules.says_word(word) and not lenient)
        or word.endswith(rules.adverbs)
    ):
        return ""
    if rules.sees_verbs and not lenient and has_verb(word, rules.language):
        return ""
    return "other"


def _name_range(line: Line, here: int, kinds: list[str], has_role: bool) -> list[int]:
    """Return the words of a phrase that are its own name, not that of what an office belongs to."""
    rules = line.rules
    if not has_role:
        last = max(place for place, kind in enumerate(kinds) if kind == "name")
        first = kinds.index("name")
        if rules.genitives and last - first >= 3:
            first = last - 1  # ... Новой Зеландии Питер Данн
        return list(range(here + first, here + last + 1))
    after_role = len(kinds) - 1 - kinds[::-1].index("role") + 1
    tail = kinds[after_role:]
    run = 0
    while run < len(tail) and tail[len(tail) - 1 - run] == "name":
        run += 1
    if not run:
        return []
    end = here + len(kinds)
    governed = run < len(tail) and tail[len(tail) - 1 - run] == "link"
    of_body = line.tokens[here + after_role - 1].low in rules.bodies and kinds.index("role") < after_role - 1
    if of_body and not (rules.genitives and run >= 2):
        return []  # cheffe du groupe Agir; but: глава МИД Сергей Лавров
    if governed:
        return list(range(end - 2, end)) if run >= 3 else []  # ministre de l'Intérieur Gérald Darmanin
    if rules.genitives and run >= 2 and run == len(tail):
        return list(range(end - 2, end)) if run >= 3 else list(range(end - run, end))
    return list(range(end - run, end))


def mention_at(line: Line, here: int) -> Mention | None:
    """Return the mention that begins at a word."""
    return line.begins.get(here)


def mention_ending(line: Line, here: int) -> Mention | None:
    """Return the mention that ends with a word."""
    return line.ends.get(here)


def is_governed(line: Line, mention: Mention) -> bool:
    """Tell whether a preposition stands before a mention, which cannot be a subject then."""
    rules = line.rules
    if mention.first == 0 or not line.tokens[mention.first].plain:
        return line.tokens[mention.first].low in rules.governing
    before = line.tokens[mention.first - 1]
    follows_noun = not before.capital and before.low not in rules.weak and before.low not in rules.function
    if mention.name and not mention.role and follows_noun and mention.name[-1].endswith(rules.genitive_endings or "\n"):
        return True  # один із союзників | України
    return line.tokens[mention.first - 1].low in rules.prepositions or line.tokens[mention.first].low in rules.governing


@dataclass(slots=True)
class Source:
    """A person or organisation of the article: what it is called, and what it is."""

    label: str
    names: list[tuple[str, ...]] = field(default_factory=list)
    roles: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    is_person: bool = False
    is_body: bool = False
    is_woman: bool | None = None  # None: not known
    is_named: bool = False
    speaks: bool = False


class Cast:
    """The sources of an article, and which mention means which."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.sources: list[Source] = []
        self._by_name: dict[str, list[int]] = {}  # by the first letters of each word of a name: keeps long texts fast
        self._by_role: dict[str, list[int]] = {}
        self._by_phrase: dict[tuple[str, ...], int] = {}

    def labels(self) -> list[str]:
        """Return what each source is called; the second of one name is numbered: resident, resident (2)."""
        labels: list[str] = []
        n_called: Counter[str] = Counter()
        for source in self.sources:
            n_called[source.label] += 1
            n = n_called[source.label]
            labels.append(source.label if n == 1 else f"{source.label} ({n})")
        return labels

    def add(self, mentions: Sequence[Mention]) -> None:
        """Link mentions to sources: full names first, then shorter ones, then offices by the names they came with."""
        _give_counterparts_an_office(mentions)
        for mention in sorted((mention for mention in mentions if mention.name), key=lambda each: -len(each.name)):
            near = sorted({k for word in mention.name for k in self._by_name.get(word[:_N_INDEXED], ())})
            near = near[-_N_CANDIDATES:]
            found = [k for k in near if self._is_called(self.sources[k], mention)]
            if len(found) > 1:
                found = [k for k in found if self._shares_office(self.sources[k], mention)] or found
            self._put(mention, found[0] if len(found) == 1 else None)
        for mention in mentions:
            if mention.role and not mention.name:
                self._put(mention, None if mention.is_new else self._holder(mention))

    def add_phrase(self, mention: Mention) -> None:
        """Link a noun phrase that is neither a name nor an office, by its words."""
        self._put(mention, None if mention.is_new else self._by_phrase.get(mention.name))
        self._by_phrase[mention.name] = mention.source

    def _put(self, mention: Mention, source: int | None) -> None:
        if source is None:
            self.sources.append(Source(mention.shown))
            source = len(self.sources) - 1
        known = self.sources[source]
        mention.source = source
        run = len(known.label.split()) > _N_LONG_NAME >= len(mention.shown.split())
        if mention.name and (run or not known.is_named) and not mention.is_plain:
            known.label, known.is_named = mention.shown, True
        for name in (mention.name, (mention.alias,) if mention.alias else ()):
            if name and name not in known.names:
                known.names.append(name)
                for word in name:
                    self._by_name.setdefault(word[:_N_INDEXED], []).append(source)
        if mention.role and (mention.role, mention.ties) not in known.roles:
            known.roles.append((mention.role, mention.ties))
            self._by_role.setdefault(mention.role[:_N_INDEXED], []).append(source)
        known.is_person |= mention.is_person
        known.is_body |= mention.is_body
        known.is_woman = True if mention.is_woman else known.is_woman

    def _is_called(self, source: Source, mention: Mention) -> bool:
        if mention.role and source.roles and source.is_body != mention.is_body:
            return False  # the Clinton Foundation is not Clinton
        return any(self._same_names(known, mention.name, source.is_body) for known in source.names)

    def _same_names(self, longer: tuple[str, ...], shorter: tuple[str, ...], is_body: bool) -> bool:
        """Tell whether every part of the shorter name stands in the longer one, in order, up to the surname."""
        if len(shorter) == 1 and len(longer) > 1:
            return not is_body and any(self._same_word(part, shorter[0]) for part in longer[1:])
        if not self._same_word(longer[-1], shorter[-1]) and len(longer) == len(shorter):
            return False
        parts = iter(longer)
        return all(
            any(self._same_word(part, wanted) or (len(wanted) == 1 and part[0] == wanted) for part in parts)
            for wanted in shorter
        )

    def _same_word(self, a: str, b: str) -> bool:
        if a == b:
            return True
        if min(len(a), len(b)) >= 6 + (len(a) == len(b)) and a[0] == b[0] and _is_one_edit(a, b):
            return True  # Tokáev, Tokáyev; not Maria, Mario
        if not self._rules.inflected or min(len(a), len(b)) < 4:
            return False
        shared = _n_shared(a, b)
        return shared >= max(3, min(len(a), len(b)) - 2) and max(len(a), len(b)) - shared <= 3

    def _shares_office(self, source: Source, mention: Mention) -> bool:
        return any(is_same_office(role, mention.role) for role, _ in source.roles)

    def _holder(self, mention: Mention) -> int | None:
        """Return the one source that holds the office a mention names; None if none or several may."""
        sure, likely = [], []
        for k in sorted(set(self._by_role.get(mention.role[:_N_INDEXED], ()))):
            source = self.sources[k]
            if source.is_body != mention.is_body:
                continue
            offices = [ties for role, ties in source.roles if is_same_office(role, mention.role)]
            if any(_are_tied(ties, mention.ties) for ties in offices):
                sure.append(k)
            elif offices and not (mention.ties and any(offices)):
                likely.append(k)
        if len(sure) == 1:
            return sure[0]
        if sure:
            return next((k for k in sure if not self.sources[k].is_named), None)
        if mention.ties:
            likely = [k for k in likely if not self.sources[k].is_named]
        return likely[0] if len(likely) == 1 else None


def _give_counterparts_an_office(mentions: Sequence[Mention]) -> None:
    """His counterpart, X: X holds the office named before, of the place named between or tied to X himself."""
    office, place = "", ""
    for mention in mentions:
        if mention.is_counterpart:
            mention.role = office or mention.role
            mention.ties = mention.ties or frozenset([place] if place else [])
            mention.is_person = True
        elif mention.role and mention.is_person:
            office, place = mention.role, ""
        elif mention.name and not mention.is_person:
            place = mention.name[-1]


def is_same_office(a: str, b: str) -> bool:
    """Tell whether two forms name one office: presidente, presidenta; министр, министра; but not senadores."""
    if a.endswith("s") != b.endswith("s"):
        return False
    return a == b or (min(len(a), len(b)) >= 4 and _n_shared(a, b) >= max(len(a), len(b)) - 2)


def _are_tied(a: frozenset[str], b: frozenset[str]) -> bool:
    """Tell whether two offices belong to the same: Kazajistán, kazajo. Neither may belong to nothing."""
    return any(_same_tie(one, other) for one in a for other in b)


def _same_tie(a: str, b: str) -> bool:
    shared = _n_shared(a, b)
    return a == b or (shared >= 3 and shared >= min(4, min(len(a), len(b)) - 1))


def _n_shared(a: str, b: str) -> int:
    """Return how many letters two words begin with in common."""
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n


def _is_one_edit(a: str, b: str) -> bool:
    """Tell whether one letter more, less or other makes one word the other: Tokáev, Tokáyev."""
    shared = _n_shared(a, b)
    return a[shared + 1 :] == b[shared + 1 :] or a[shared + 1 :] == b[shared:] or a[shared:] == b[shared + 1 :]
