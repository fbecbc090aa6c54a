"""The reporting frames of a sentence: who reports, with which verb, and from where to where.

Three word orders are read: verbs among what they report ("X said that", "..., dijo X", قال X إن), verbs at the end
("X, ... söyledi"), and texts without spaces ("X说"). A subject that is omitted, or a pronoun, is left to speakers.py,
which knows the sentences before.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from claims.clauses import has_verb
from claims.sources import Line, Mention, is_governed, mention_at, mention_ending
from claims.speech import Rules

_N_COMPLEMENTIZER = 14  # words after a verb among which its complementizer stands: said on Tuesday in Oslo that
_N_NOUN_PHRASE = 10
_N_INTERRUPTION = 25  # words of what stands between a subject and its verb
_N_TAIL = 12  # words of a frame behind a quotation: ..., said the minister on Tuesday
_N_WIDE_SUBJECT = 30  # characters of a subject in a text without spaces
_WIDE_MARKS = frozenset("，。；：！？、“”「」『』\n")
_WIDE_QUOTES = frozenset('”」』"')
_N_PLAIN = 4  # words of a source that is neither a name nor an office
_PASSABLE = frozenset(",،()")  # marks that may stand between a verb and what it reports
_N_SHORT = 6  # words of a frame that nobody listed and a name begins
_N_NEAR = 4  # words before a final verb among which its complement ends
_N_SPEECH = 4  # a quotation of fewer words is no speech of its own: "scare quotes"
_HARD_BREAK = re.compile(r"[;؛；]")


def find_frames(line: Line, quotations: Sequence[tuple[int, int]]) -> list[Frame]:
    """Return the reporting frames of a sentence in order."""
    rules = line.rules
    if rules.wide:
        return _find_wide_frames(line, quotations)
    if rules.order == "final":
        return _find_final_frames(line)
    return _find_spaced_frames(line)


@dataclass(slots=True)
class Frame:
    """Who reports, and from where to where. A subject of None is omitted; `impersonal` leaves it unsaid."""

    start: int
    end: int
    verb: int  # offset
    subject: Mention | None
    impersonal: bool = False
    after_quotation: bool = False
    joined: bool = False  # and added that: the subject of the frame before
    content: int = 0  # where what is reported begins
    is_plural: bool = False  # its omitted subject is no single person
    is_aside: bool = False  # wie er sagte: the pronoun means somebody of the sentence
    refers_back: bool = False  # Об этом заявил X: the sentence before is what X says


def _find_spaced_frames(line: Line) -> list[Frame]:
    """Return the reporting frames of a sentence in order."""
    rules = line.rules
    frames: list[Frame] = []
    here = floor = 0
    while here < len(line.tokens):
        if line.tokens[here].inside:
            here += 1
            continue
        found = _according(line, here)
        if not found:
            verb = rules.verb_at(line.tokens, here)
            found = _frame_at(line, verb, floor) if verb else None
        if found:
            frame, here = found
            floor = here
            frames.append(frame)
        else:
            here += 1
    return frames or _find_unlisted(line)


def _according(line: Line, here: int) -> tuple[Frame, int] | None:
    """Return the frame of "according to X", which reports the sentence around it, and the word after it."""
    tokens, rules = line.tokens, line.rules
    for phrase in rules.according.get(tokens[here].low, ()):
        after = here + len(phrase)
        if tuple(token.low for token in tokens[here:after]) != phrase or after >= len(tokens):
            continue
        mention = mention_at(line, after)
        if mention is None and tokens[after].low in rules.true_links:
            mention = mention_at(line, after + 1)  # nach den Worten | von Gerding
        if mention is None and tokens[here:after][-1].low in rules.determiners:
            mention = mention_at(line, after - 1)
        if phrase in rules.weak_according:
            ends = mention and (mention.last + 1 == len(tokens) or "," in tokens[mention.last + 1].gap)
            if (
                here > 0
                or not ends
                or not mention
                or not (mention.is_person or mention.is_body or mention.name or mention.pronoun)
            ):
                continue
        if mention is None and not rules.cased and tokens[after].low not in rules.function:
            end = line.phrase_end(after)
            mention = _caseless_subject(line, after, end) if end - after <= 5 else None
        if mention is None and phrase not in rules.weak_according:
            end = line.phrase_end(after)
            mention = (
                _plain_subject(line, after, end) if end - after <= _N_PLAIN else None
            )  # según esa publicación, ...
        if mention is None:
            continue
        start, end = _around(line, here, mention.last + 1)
        return Frame(start, end, tokens[here].start, mention), mention.last + 1
    if tokens[here].low in rules.according_comma and tokens[here].broken:
        mention = mention_at(line, here + 1)
        named = mention and (_may_speak(mention) or tokens[here + 1].low not in rules.determiners)
        if mention and named:  # ..., so der Minister; not: ..., so ihre Tat
            start, end = _around(line, here, mention.last + 1)
            frame = Frame(start, end, tokens[here].start, mention, after_quotation=tokens[here - 1].inside)
            return frame, mention.last + 1
    for phrase, pronoun in rules.according_pronoun.get(tokens[here].low, ()):
        after = here + len(phrase)
        if tuple(token.low for token in tokens[here:after]) == phrase:
            start, end = _around(line, here, after)
            mention = Mention(tokens[here].start, tokens[after - 1].end, here, after - 1, pronoun=pronoun)
            return Frame(start, end, tokens[here].start, mention), after
    mention = mention_at(line, here)
    if (
        mention
        and rules.according_after
        and mention.last + 1 < len(tokens)
        and tokens[mention.last + 1].low in rules.according_after
    ):
        start, end = _around(line, here, mention.last + 2)
        return Frame(start, end, tokens[here].start, mention), mention.last + 2
    return None


def _frame_at(line: Line, verb: tuple[int, int, bool], floor: int) -> tuple[Frame, int] | None:
    """Return the frame of a reporting verb and the first word after it; None if the verb reports nothing."""
    tokens, rules = line.tokens, line.rules
    first, last, is_stance = verb
    if _is_undone(line, verb):
        return None
    joined = first > 0 and tokens[first - 1].low in rules.coordinators
    phrase = first if joined else max(line.phrase_start(first), floor)
    subject, impersonal, behind = _subject(line, verb, phrase, floor, joined)
    if subject is None and not impersonal:
        follows = joined or behind or first > floor > 0
        if _is_relative(tokens[first - 1].low if first else "", rules) or not (rules.prodrop or follows):
            return None  # situaciones en las que creen ...
    after = max(last, subject.last if subject else last) + 1
    start = min(phrase, subject.first if subject else phrase)
    frame = Frame(tokens[start].start, line.end, tokens[first].start, subject, impersonal, joined=joined)
    frame.content = tokens[last].end
    frame.is_plural = bool(rules.plural) and tokens[first].low.endswith(rules.plural)

    lead = tokens[line.phrase_start(first) : first]
    if any(token.low in rules.as_words for token in lead) and not is_stance:
        frame.start, frame.end = _around(line, start, line.phrase_end(after - 1))
        frame.content = frame.start
        frame.is_aside = True
        return frame, after
    if subject is not None and _refers_back(line):
        frame.refers_back = True
        return frame, after
    tail = line.phrase_end(after - 1)
    complement = _complementizer(line, after, last)
    quoted = tokens[start - 1].inside
    if behind and (quoted or (complement is None and tail - after <= _N_TAIL)):
        tail = min(tail, after + _N_TAIL)
        return _behind(line, frame, start, tail), tail
    leads = any(token.low in rules.leaders - rules.as_words for token in lead)
    between = tokens[subject.last + 1 : first] if subject else []
    closed = leads or any(token.low in rules.relatives for token in between)
    if complement is not None:
        frame.end = _complement_end(line, complement + 1, closed)
        return frame, complement + 1
    quotation = _quotation_after(line, after)
    if quotation is not None:
        frame.end = _complement_end(line, quotation, leads)
        return frame, quotation
    behind_tail = tokens[tail].gap if tail < len(tokens) else line.text[tokens[-1].end : line.end]
    if ":" in behind_tail:
        return frame, tail
    if _reports_bare(line, verb, subject, joined, after):
        frame.end = _complement_end(line, after, closed)
        return frame, after
    return None


def _is_undone(line: Line, verb: tuple[int, int, bool]) -> bool:
    """Tell whether what stands before a verb unsays it: did not say, was told, a warning siren."""
    tokens, rules = line.tokens, line.rules
    first, last, is_stance = verb
    start = line.phrase_start(first)
    before = [token.low for token in tokens[max(first - 2, start) : first] if not token.capital]
    if not is_stance and any(word in rules.negations for word in before):
        return True
    near = [tokens[place] for place in (first - 1, last - 1) if place >= start]
    if any(token.low in rules.passives and not token.capital for token in near):
        return True  # but: Tennessee State ha riferito; ..., wie es war, sagte er
    return _is_gerund(line, last) and not tokens[first].broken


def _is_gerund(line: Line, verb: int) -> bool:
    """Tell whether a verb has no subject of its own: ..., saying that"""
    word, rules = line.tokens[verb].low, line.rules
    return word in rules.gerund_words or (bool(rules.gerunds) and word.endswith(rules.gerunds))


def _is_relative(word: str, rules: Rules) -> bool:
    return word in rules.relatives and word not in rules.as_words


def _refers_back(line: Line) -> bool:
    """Tell whether a sentence begins with words that mean the one before: Об этом заявил"""
    phrases = line.rules.back.get(line.tokens[0].low, ())
    return any(tuple(token.low for token in line.tokens[: len(phrase)]) == phrase for phrase in phrases)


def _reports_bare(line: Line, verb: tuple[int, int, bool], subject: Mention | None, joined: bool, after: int) -> bool:
    """Tell whether a verb reports what follows without complementizer, quotation or colon."""
    rules = line.rules
    _, last, is_stance = verb
    if is_stance:
        return not subject.is_plain if subject else rules.prodrop or joined
    something = line.tokens[last].low in rules.says_something
    return rules.bare and not something and after < len(line.tokens) and subject is not None


def _subject(
    line: Line, verb: tuple[int, int, bool], phrase: int, floor: int, joined: bool
) -> tuple[Mention | None, bool, bool]:
    """Return the subject of a verb, whether it has none at all, and whether the frame stands behind what it reports."""
    tokens, rules = line.tokens, line.rules
    first, last, _ = verb
    subject = None if joined or _is_gerund(line, last) else _subject_before(line, first, phrase, floor)
    impersonal = subject is None and first > 0 and tokens[first - 1].low in rules.impersonal
    impersonal |= tokens[last].low in rules.unsaid
    behind = _is_behind(line, first, phrase, subject)
    if rules.verb_second and subject is not None and not _may_speak(subject):
        inverted = mention_at(line, last + 1)
        subject = inverted if inverted and _may_speak(inverted) else subject  # Anfang des Jahres bestätigte | Bartels
    if subject is None:
        found = _subject_after(line, verb, behind) or (_later_subject(line, last + 1) if behind else None)
        subject = found if found and (not impersonal or (behind and found.name)) else None
    return subject, impersonal and subject is None, behind


def _later_subject(line: Line, start: int) -> Mention | None:
    """Return the source that stands further behind a verb: afirmó a los periodistas | el ministro del Interior"""
    end = line.phrase_end(start - 1)
    opens = line.rules.complementizers
    end = next((here for here in range(start, end) if line.tokens[here].low in opens), end)
    found = (mention_at(line, here) for here in range(start, end))
    return next((m for m in found if m and (m.is_person or m.is_body) and not is_governed(line, m)), None)


def _may_speak(mention: Mention) -> bool:
    return mention.is_person or mention.is_body or bool(mention.pronoun)


def _behind(line: Line, frame: Frame, start: int, tail: int) -> Frame:
    """Give a frame in the middle or at the end the words before it, and those after it that go on."""
    tokens = line.tokens
    frame.after_quotation = start > 0 and tokens[start - 1].inside
    frame.start, frame.end = _around(line, start, tail)
    frame.content = frame.start
    if tail == len(tokens) or (frame.after_quotation and not tokens[tail].inside):
        frame.end = tokens[tail - 1].end if tail < len(tokens) else line.end
    return frame


def _subject_before(line: Line, verb: int, phrase: int, floor: int) -> Mention | None:
    """Return what stands before a verb as its subject."""
    tokens, rules = line.tokens, line.rules
    here = verb
    while here > phrase and tokens[here - 1].low in rules.weak and mention_ending(line, here - 1) is None:
        here -= 1
    mention = mention_ending(line, here - 1) if here > floor else None
    if mention and not tokens[here].plain:
        inside = tokens[mention.first + 1 : mention.last + 1]
        between = mention.is_person and tokens[mention.first].gap.strip().startswith(",")
        closed = tokens[here].broken and (between or any(token.broken for token in inside))
        mention = mention if closed else None  # el jefe, Abel Matutes, | dijo; not: ... en la escuela, | dijo
    governed = mention is not None and (is_governed(line, mention) or tokens[mention.first].inside)
    if mention and mention.first >= floor and not governed:
        return mention
    candidates = [m for m in line.mentions if floor <= m.first and m.last < verb and not tokens[m.first].inside]
    candidates = [m for m in candidates if not is_governed(line, m)]
    for mention in reversed(candidates):
        rest = tokens[mention.last + 1 : here]
        if mention.first >= phrase and not any(rules.sees_verbs and has_verb(t.low, rules.language) for t in rest):
            return mention  # la portavoz del grupo en el Congreso | dijo
        opens = tokens[mention.last + 1].gap.strip().startswith((",", "(", "—", "–"))
        closes = tokens[phrase].gap.strip().startswith((",", ")", "—", "–"))
        if opens and closes and mention.last + 1 < phrase <= mention.last + _N_INTERRUPTION and phrase >= here - 1:
            return mention  # Putin, que visitó Astana, | dijo
    if tokens[verb - 1 if verb else 0].low in rules.relatives:
        return candidates[-1] if candidates and candidates[-1].last == verb - 2 else None
    return _plain_subject(line, phrase, here)


def _plain_subject(line: Line, start: int, end: int) -> Mention | None:
    """Return a subject that is neither a name nor an office: los vecinos, the sign."""
    rules = line.rules
    tokens = line.tokens
    while (
        start < end
        and (
            tokens[start].low in rules.weak
            or tokens[start].low in rules.coordinators
            or tokens[start].low in rules.leaders
        )
        and tokens[start].low not in rules.determiners
    ):
        start += 1
    if start < end and tokens[start].low in rules.impersonal | rules.negations:
        return None
    if not start < end <= start + _N_NOUN_PHRASE or any(token.inside for token in tokens[start:end]):
        return None
    first = tokens[start].low
    definite = first in rules.determiners and first not in rules.governing
    if not definite and (not rules.bare or first in rules.function or end - start > 4):
        return None
    if definite and end - start < 2:
        return None
    words = [rules.fold(token.low) for token in tokens[start + definite : end]]
    span = tokens[start].start, tokens[end - 1].end
    is_new = first in rules.indefinite
    found = Mention(*span, start, end - 1, tuple(words), line.text[span[0] : span[1]], is_new=is_new, is_plain=True)
    named = mention_at(line, end)
    if named and named.is_person and not named.role and tokens[end].gap.strip() == ",":
        found.name, found.shown, found.is_person, found.is_plain = named.name, named.shown, True, False
        found.end, found.last, found.source = named.end, named.last, named.source  # el patró major, | Quim Esteva
    return found


def _subject_after(line: Line, verb: tuple[int, int, bool], behind: bool) -> Mention | None:
    """Return what stands after a verb as its subject: dijo ayer | el alcalde."""
    tokens, rules = line.tokens, line.rules
    first, last, is_stance = verb
    if _is_gerund(line, last):
        return None  # ..., saying | the syllabus is old
    if not (behind or rules.prodrop or rules.verb_second):
        return None
    for place in dict.fromkeys([last + 1, first + 1]):  # hat | der Minister | gesagt
        here = place
        while (
            here < len(tokens)
            and here < place + 6
            and tokens[here].plain
            and tokens[here].low in rules.weak
            and mention_at(line, here) is None
            and not (
                tokens[here].low in rules.determiners
                and here + 1 < len(tokens)
                and tokens[here + 1].low not in rules.weak
            )
        ):
            here += 1
        if behind and here + 1 < len(tokens) and tokens[here].low in rules.origins:
            here += 1  # dicen desde | el Ayuntamiento
        if here >= len(tokens) or tokens[here].inside or not tokens[here].plain:
            continue
        mention = mention_at(line, here)
        if tokens[here].low in rules.complementizers:
            continue
        if (
            mention
            and (not is_stance or behind or mention.pronoun or rules.order == "first")
            and tokens[here].low not in rules.governing
        ):
            return mention
        if mention and behind and mention.role and mention.name:
            return mention  # ha destacado al portavoz, Dmitri Peskov
        if behind and here + 1 < len(tokens) and tokens[here].low not in rules.prepositions:
            mention = mention_at(line, here + 1)  # ..., protestó airada | Ana Gil
            if mention and (mention.name or mention.role) and tokens[here + 1].plain:
                return mention
        if ((behind or rules.order == "first") and tokens[here].low in rules.determiners) or (
            rules.order == "first" and tokens[here].low not in rules.function
        ):
            end = here + 1
            while (
                end < len(tokens)
                and tokens[end].plain
                and end < here + 5
                and tokens[end].low not in rules.prepositions | rules.complementizers | rules.questions
                and tokens[end].low not in rules.weak
            ):
                end += 1
            found = _plain_subject(line, here, end) if rules.cased else _caseless_subject(line, here, end)
            if found and not (is_stance and not tokens[first - 1].inside and found.is_plain):
                return found
    return None


def _caseless_subject(line: Line, start: int, end: int) -> Mention:
    rules = line.rules
    tokens = line.tokens
    words = tuple(rules.fold(token.low) for token in tokens[start:end])
    span = tokens[start].start, tokens[end - 1].end
    return Mention(*span, start, end - 1, words, line.text[span[0] : span[1]])


def _is_behind(line: Line, verb: int, phrase: int, subject: Mention | None) -> bool:
    """Tell whether a frame stands after what it reports: ..., dijo el alcalde / ...”, she said."""
    tokens, rules = line.tokens, line.rules
    start = min(phrase, subject.first) if subject else phrase
    while start < verb and subject is None and tokens[start].low in rules.weak:
        start += 1
    if start == 0 or (not tokens[start].broken and not tokens[phrase].broken):
        return False
    if subject is None:
        return start == verb
    gap = tokens[subject.first].gap
    if subject.first > phrase and any(t.low not in rules.weak for t in tokens[phrase : subject.first]):
        return False
    return subject.first > 0 and (tokens[subject.first - 1].inside or ("," in gap and rules.bare))


def _complementizer(line: Line, after: int, verb: int) -> int | None:
    """Return the word that opens what a verb reports."""
    tokens, rules = line.tokens, line.rules
    comma = False
    for here in range(after, min(after + _N_COMPLEMENTIZER, len(tokens))):
        token = tokens[here]
        if token.inside or (token.broken and token.gap.strip()[:1] not in _PASSABLE):
            return None
        opens = token.low in rules.complementizers or (here <= after + 1 and token.low in rules.questions)
        before = tokens[here - 1].low
        relative = token.low in rules.relatives and token.plain and here > after
        relative &= before in rules.determiners or (here > after + 1 and before in rules.prepositions)
        if opens and not relative and (token.broken or not comma):
            return here
        comma |= token.broken and "," in token.gap
        linked = here == verb + 1 and token.low in rules.infinitive_links and here + 1 < len(tokens)
        if linked and tokens[here + 1].low.endswith(rules.infinitives or "\n"):
            return here  # afferma | di sapere
        ends = token.low.endswith(rules.infinitives) and len(token.low) > 4
        if rules.infinitives and here == verb + 1 and (ends or token.low in rules.infinitives):
            return here - 1  # affirme | avoir vu
        if (here > verb + 1 and rules.verb_at(tokens, here)) or (token.broken and rules.breaks(tokens, here)):
            return None
    return None


def _quotation_after(line: Line, after: int) -> int | None:
    """Return the first word of a quotation or of what follows a colon, in the phrase of a verb or right behind it."""
    tokens = line.tokens
    reach = 2 * _N_COMPLEMENTIZER if line.rules.order == "first" else _N_COMPLEMENTIZER
    for here in range(after, min(after + reach, len(tokens))):
        token = tokens[here]
        if token.inside and not tokens[here - 1].inside:
            return here
        if ":" in token.gap:
            return here
        if token.broken and not token.gap.strip().startswith((",", "،")):
            return None
        far = token.broken and here > after + 1 and not any(t.inside for t in tokens[here : here + reach - 8])
        if far:
            return None
    return None


def _complement_end(line: Line, here: int, closed_by_comma: bool) -> int:
    """Return the offset at which a complement ends: the sentence's end, or where the article takes over."""
    tokens, rules = line.tokens, line.rules
    begun = here
    while here < len(tokens):
        token = tokens[here]
        if token.broken and not token.inside and here > begun:
            if _HARD_BREAK.search(token.gap) and token.low not in rules.complementizers:
                return token.start
            if closed_by_comma and "," in token.gap and here > begun + 1:
                return token.start
            if rules.breaks(tokens, here):
                return token.start
        here += 1
    return line.end


def _around(line: Line, start: int, end: int) -> tuple[int, int]:
    """Return the part of a sentence that a frame from word `start` to `end` is in, between takeovers."""
    tokens = line.tokens
    first = start
    while first > 0 and not (
        tokens[first].broken and not tokens[first].inside and _HARD_BREAK.search(tokens[first].gap)
    ):
        first -= 1
    offset = line.start if first == 0 else tokens[first].start
    last = _complement_end(line, max(end - 1, start), False) if end < len(tokens) else line.end
    return offset, last


def _find_unlisted(line: Line) -> list[Frame]:
    """Return the frame of a verb nobody listed, which stands right behind a quotation, or of a name and a colon."""
    tokens = line.tokens
    for here in range(1, len(tokens)):
        if tokens[here - 1].inside and not tokens[here].inside:
            frame = _unlisted_behind(line, here)
        elif tokens[here].inside and not tokens[here - 1].inside and ":" in tokens[here].gap:
            frame = _colon(line, here)
        else:
            continue
        if frame:
            return [frame]
    return []


def _unlisted_behind(line: Line, here: int) -> Frame | None:
    """Return the frame that begins right behind a quotation: “...”, tronó | Lola Paz."""
    tokens, rules = line.tokens, line.rules
    token, tail = tokens[here], line.phrase_end(here)
    start = here - 1
    while start > 0 and tokens[start - 1].inside:
        start -= 1
    mark = token.gap.strip()
    if here - start < (_N_SPEECH if start else 2) or mark in ("", '"', "”", "»", "“") or tail - here > _N_TAIL:
        return None
    near = (mention_at(line, place) for place in range(here, min(here + 4, tail)))
    subject = next((mention for mention in near if mention and not is_governed(line, mention)), None)
    if subject and subject.pronoun and not (subject.first == here + 1 == tail - 1):
        return None  # ..., удивлялась | она
    if subject and subject.first > here and not rules.verb_like(token):
        subject = None
    verb = not token.capital and (token.low not in rules.function or token.low in rules.auxiliaries)
    alone = rules.prodrop and verb and mark[-1] in ",،" and tail == len(tokens)
    if (subject is None and not alone) or (token.capital and tail - here > _N_SHORT):
        return None  # “All or nothing”, Ana Gil plays the clarinet on it
    frame = Frame(line.start, line.end, token.start, subject, after_quotation=True)
    return _behind(line, frame, here, max(tail, subject.last + 1 if subject else tail))


def _colon(line: Line, here: int) -> Frame | None:
    """Return the frame of a quotation behind a colon whose sentence names somebody before."""
    tokens = line.tokens
    if sum(token.inside for token in tokens[here:]) < _N_SPEECH:
        return None
    subject = next((m for m in line.mentions if m.last < here and not is_governed(line, m)), None)
    if subject is None or subject.pronoun:
        return None
    return Frame(tokens[line.phrase_start(here - 1)].start, line.end, tokens[here].start, subject)


def _find_final_frames(line: Line) -> list[Frame]:
    """Return the frames of a language whose verb ends the sentence: X, ... söyledi / "...", dedi X."""
    tokens, rules = line.tokens, line.rules
    frames: list[Frame] = []
    floor = 0
    here = 0
    while here < len(tokens):
        if tokens[here].inside:
            here += 1
            continue
        found = _according(line, here)
        if found:
            frames.append(found[0])
            here = found[1]
            continue
        verb = rules.verb_at(tokens, here)
        if tokens[here].low in rules.participles and here + 1 < len(tokens):  # söyleyen | Şimşek
            subject = mention_at(line, here + 1)
            if subject:
                frames.append(Frame(tokens[floor].start, tokens[here].end, tokens[here].start, subject))
                floor = subject.first
                here = subject.last + 1
                continue
        if verb and not _is_told(line, floor, here, verb[1]):
            here = verb[1] + 1
            continue
        if verb or (tokens[here].low in rules.quotatives and here and tokens[here - 1].inside):
            last = verb[1] if verb else here
            subject = _first_nominative(line, floor, here)
            if subject is None and last + 1 < len(tokens) and tokens[last + 1].plain:
                subject = mention_at(line, last + 1)  # dedi | Şimşek
            after = max(last, subject.last if subject else last) + 1
            opens = after < len(tokens) and (":" in tokens[after].gap)  # şunları söyledi: "..."
            end = line.end if opens else tokens[after - 1].end
            frames.append(Frame(tokens[floor].start, end, tokens[here].start, subject, after_quotation=True))
            floor = here = last + 1
            continue
        here += 1
    return frames or _find_unlisted(line)


def _is_told(line: Line, start: int, verb: int, last: int) -> bool:
    """Tell whether a final verb reports: a complement or a quotation stands before it, or a colon behind it."""
    tokens, endings = line.tokens, line.rules.complement_endings
    if not endings or any(token.inside for token in tokens[start:verb]):
        return True
    near = tokens[max(start, verb - _N_NEAR) : verb]
    opens = last + 1 < len(tokens) and ":" in tokens[last + 1].gap
    return opens or any(token.low.endswith(endings) for token in near)


def _first_nominative(line: Line, start: int, end: int) -> Mention | None:
    """Return the mention before a final verb that a comma or a topic mark shows to be its subject, or the first one."""
    tokens, rules = line.tokens, line.rules
    found = [
        mention
        for mention in line.mentions
        if start <= mention.first
        and mention.last < end
        and not tokens[mention.first].inside
        and not rules.is_oblique(tokens[mention.last].low)
    ]
    for mention in found:
        if mention.last + 1 < len(tokens) and "," in tokens[mention.last + 1].gap:
            return mention
        if tokens[mention.last].low.endswith(rules.topic_marks) and rules.topic_marks:
            return mention
    if found and found[0].first <= start + 3:
        return found[0]
    return None


def _find_wide_frames(line: Line, quotations: Sequence[tuple[int, int]]) -> list[Frame]:
    """Return the frames of a text without spaces: X说，... / “...”，X表示 / 据X称，..."""
    rules, text = line.rules, line.text
    breaks = [found.start() + 1 for found in rules.wide_break.finditer(text, line.start, line.end)]
    breaks = [place for place in breaks if not _is_inside(place - 1, quotations)]
    frames: list[Frame] = []
    for verb in rules.wide_verb.finditer(text, line.start, line.end):
        if not _is_inside(verb.start(), quotations):
            frame = _wide_frame(line, verb.start(), verb.end(), first=not frames)
            if frame:
                at = bisect_right(breaks, verb.end())
                frame.end = breaks[at] if at < len(breaks) else line.end
                frames.append(frame)
    return frames


def _wide_frame(line: Line, verb: int, end: int, *, first: bool) -> Frame | None:
    """Return the frame of a verb between two offsets; None if it reports nothing or nobody is its subject."""
    rules, text = line.rules, line.text
    if rules.order == "final":
        subject = _wide_topic(line, verb)
        return Frame(line.start, line.end, verb, subject, after_quotation=True)
    start = verb
    while start > line.start and text[start - 1] not in _WIDE_MARKS and verb - start <= _N_WIDE_SUBJECT:
        start -= 1
    words, after = text[start:verb], text[end : end + 1]
    told = end >= line.end or after in "，：:,“「『。"
    behind_mark = start > line.start and text[start - 1] in _WIDE_QUOTES
    behind_comma = start - line.start > 1 and text[start - 1] in "，," and text[start - 2] in _WIDE_QUOTES
    behind = (behind_mark or behind_comma) and (end >= line.end or after in "，。,；！")
    subject = _wide_mention(text, start, verb, rules)
    if rules.wide_final.search(words) or (subject is None and not (told and first)):
        return None
    if subject is None and not (rules.wide_skip.fullmatch(words) and (words or start > line.start)):
        return None
    return Frame(line.start if behind else start, line.end, verb, subject, after_quotation=behind)


def _wide_topic(line: Line, verb: int) -> Mention | None:
    """Return the source a sentence opens with, if a topic mark says so: 首相 | は、...と述べた"""
    limit = min(verb, line.start + _N_WIDE_SUBJECT)
    places = [line.text.find(mark, line.start, limit) for mark in line.rules.topic_marks]
    end = min((place for place in places if place > line.start), default=-1)
    return _wide_mention(line.text, line.start, end, line.rules) if end > 0 else None


def _wide_mention(text: str, start: int, end: int, rules: Rules) -> Mention | None:
    """Return the source named between two offsets, without the adverbs around it: 发言人毛宁 | 周二 | 表示."""
    changed = True
    while changed and start < end:
        changed = False
        if match := rules.wide_lead.match(text, start, end):
            start, changed = match.end(), match.end() > start
        if match := rules.wide_trail.search(text, start, end):
            end, changed = match.start(), True
    words = text[start:end].strip()
    if not 0 < len(words) <= _N_WIDE_SUBJECT:
        return None
    if words in rules.pronouns:
        return Mention(start, end, 0, 0, pronoun=rules.pronouns[words])
    match = rules.wide_role.match(words)
    if match:
        role, name = match[1], words[match.end(1) :].strip("、· ")
        before = words[: match.start(1)].rpartition("的")[2].strip("、· ")
        mention = Mention(start, end, 0, 0, role=role[-2:], ties=frozenset([words[: match.start(1)] or role]))
        mention.shown = words
        if not name and 2 <= len(before) <= 20 and not rules.wide_body.search(before):
            name = before if len(before) <= 3 or before.isascii() else ""  # 王毅部长
        if 2 <= len(name) <= 20:
            mention.shown, mention.is_person = name, True
            mention.name = tuple(part for part in re.split(r"[·・\s]+", rules.fold(name)) if part)
        return mention
    parts = tuple(part for part in re.split(r"[·・\s]+", rules.fold(words)) if part)
    return Mention(start, end, 0, 0, name=parts, shown=words, is_body=bool(rules.wide_body.search(words)))


def _is_inside(place: int, quotations: Sequence[tuple[int, int]]) -> bool:
    at = bisect_right(quotations, (place, place)) - 1
    return at >= 0 and quotations[at][0] < place < quotations[at][1]
