"""Who says what: the source of each statement of an article, by rules.

A frame names a source and reports ("dijo el alcalde que", "according to police"); its region is what it reports. A
quotation is read to its end, a quotation without a frame goes on with the speaker before it, and an omitted subject
is whoever spoke last or whom the text has just been about. frames.py finds the frames, sources.py the sources, and
data/speech.toml holds the words of both, a table per language.

It does not parse: it knows verbs by their forms and names by their capitals. When in doubt it keeps sources apart,
and says that somebody speaks without saying who. How often it is right: tests/benchmarks/speakers.py.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from claims.clauses import content_start, has_verb
from claims.frames import Frame, find_frames
from claims.sentences import Sentence
from claims.sources import Cast, Line, Mention, is_governed, is_same_office, read_lines
from claims.speech import Rules, rules_of

_N_MEMORY = 3  # sentences after which nobody knows any more whom an omitted subject means
_WORD = re.compile(r"\w+")
_DASH_LINE = re.compile(r"[—–]\s")
_N_GAP = 3  # characters between a quotation and its frame
_N_FRAME = 16  # words of a frame
_N_REST = 8  # words behind verb and subject: said the minister | on Tuesday in an interview with the BBC
_N_VERB = 2  # words of its verb: ha añadido
_N_AROUND = 12  # letters that do not make a quotation speech, or its sentence more than a quotation
_N_MARKS = 60  # characters beside it of which most are letters
_N_WIDE_MEMORY = 2
_N_CAST = 50  # speakers whose names are looked for
_N_NEAR = 12  # regions among which that around a frame is


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who says a statement.

    `speaker` is the label of the source, one for each person or organisation of the article (the fullest name
    found), and `mention` the span that names it, which may stand in another sentence. Without a speaker,
    `own_voice` tells the two cases apart: the article itself says it, or somebody nobody knows does. `is_frame`: the
    span states nothing by itself, it only says who says what stands beside it ("the minister said"). `content` is
    where in the text a span that opens with such words goes on to say what is said, else None.
    """

    speaker: str | None
    mention: tuple[int, int] | None
    own_voice: bool
    is_frame: bool = False
    content: int | None = None


_OWN = Attribution(None, None, own_voice=True)
_UNKNOWN = Attribution(None, None, own_voice=False)


def attribute(
    text: str,
    language: str,
    sentences: Sequence[Sentence],
    quotations: Sequence[tuple[int, int]],
    spans: Sequence[tuple[int, int]],
) -> list[Attribution]:
    """Return who says each of the spans, which are statements in order, with or without their reporting frame.

    >>> from claims.sentences import split_sentences
    >>> text = "Prices fell. Mayor Ann Lee said that rents rose."
    >>> [a.speaker for a in attribute(text, "en", split_sentences(text, "en"), [], [(0, 12), (35, 48)])]
    [None, 'Ann Lee']
    """
    rules = rules_of(language)
    lines = read_lines(text, sentences, quotations, rules)
    cast = Cast(rules)
    cast.add([mention for line in lines for mention in line.mentions])
    frames = [find_frames(line, quotations) for line in lines]
    regions = _Narrator(text, lines, quotations, cast, rules).regions(frames)
    painted, labels = _paint(len(text), regions), cast.labels()
    in_order = sorted((frame for found in frames for frame in found), key=lambda frame: frame.verb)
    verbs = [frame.verb for frame in in_order]
    attributions = []
    for start, end in spans:
        within = in_order[bisect_left(verbs, start) : bisect_left(verbs, end)]
        said = _attribution(text, (start, end), painted, labels)
        is_frame, content = _is_frame(text, start, end, within, rules), _content(text, start, end, within, rules)
        attributions.append(replace(said, is_frame=is_frame, content=content))
    return attributions


def _is_frame(text: str, start: int, end: int, frames: Sequence[Frame], rules: Rules) -> bool:
    """Tell whether a span only says who says what, by the first of the frames whose verbs stand in it."""
    words = text[start:end].casefold().split()
    if not frames or len(words) > _N_FRAME:
        return False
    frame = frames[0]
    named = (frame.subject.start, frame.subject.end) if frame.subject else (frame.verb, frame.verb)
    lead = text[start : max(start, min(frame.verb, named[0]))]
    if lead.rstrip().endswith(",") and rules.sees_verbs and has_verb(lead, rules.language):
        return False  # the bridge is closed, police said, | and trains are late
    follows = text[end : end + _N_MARKS].casefold().split()
    if frame.content >= end - 1 or (not frame.after_quotation and follows and follows[0] in rules.complementizers):
        return True  # the minister told reporters | that prices fell
    rest = text[max(frame.verb, named[1]) : end].partition(" ")[2]
    opens = len(text[start : frame.verb].split()) <= _N_VERB
    if opens and max(frame.start, frame.content) < start and len(rest.split()) <= _N_REST:
        return not (rules.sees_verbs and has_verb(rest, rules.language))  # "...", | explicó ayer el ministro
    if (content := _content(text, start, end, frames, rules)) and len(text[content:end].split()) > _N_VERB:
        return False  # según el Kremlin, los precios bajaron
    ends_in_verb = len(text[frame.verb : end].split()) <= _N_VERB  # Además, ha añadido, | los precios bajaron
    reports = ends_in_verb or words[0] in rules.as_words  # según ha informado el Kremlin, | los precios bajaron
    return reports and frame.content <= start and frame.end - end >= _N_AROUND


def _content(text: str, start: int, end: int, frames: Sequence[Frame], rules: Rules) -> int | None:
    """Return where a span goes on behind the first of the frames whose verbs stand in it; None if unclear."""
    if not frames:
        return None
    frame, first = frames[0], text[start:end].casefold().split()[0]
    if start < frame.content < end:
        listener = _WORD.search(text, frame.content, end)
        for place in (frame.content, listener.end() if listener else end):  # said that; told reporters that
            if skipped := content_start(text[place:end], rules.language):
                return place + skipped
    elif frame.subject and (first in rules.as_words or first in rules.according):
        comma = text.find(",", frame.subject.end, min(end, frame.subject.end + _N_MARKS))
        return comma + 1 if comma >= 0 else None
    return None


def _attribution(
    text: str, span: tuple[int, int], painted: Sequence[_Region | None], labels: Sequence[str]
) -> Attribution:
    """Return who says most letters of a span; the article's own voice needs more than half of them."""
    start, end = span
    letters: dict[int | None, int] = {}
    region_of: dict[int | None, _Region] = {}
    n_own = 0
    for place in range(start, end):
        if text[place].isalpha():
            region = painted[place]
            if region is None or end <= region.content:
                n_own += 1
            else:
                letters[region.source] = letters.get(region.source, 0) + 1
                region_of.setdefault(region.source, region)
    if n_own > sum(letters.values()) or not letters:
        return _OWN
    source = max(letters, key=lambda known: letters[known])
    if source is None:
        return _UNKNOWN
    return Attribution(labels[source], region_of[source].mention, own_voice=False)


@dataclass(frozen=True, slots=True)
class _Region:
    """A stretch of text that a source says; `source` is None where it is not known who."""

    start: int
    end: int
    source: int | None
    mention: tuple[int, int] | None
    content: int  # where what is said begins: a clause about the source before it is no speech
    is_guess: bool = False  # yields to any frame


def _paint(n: int, regions: Iterable[_Region]) -> list[_Region | None]:
    """Return for each character the region it belongs to; of several frames, the one that begins last."""
    painted: list[_Region | None] = [None] * n
    for region in sorted(regions, key=lambda region: (not region.is_guess, region.start)):
        painted[region.start : region.end] = [region] * (region.end - region.start)
    return painted


class _Narrator:
    """Reads the sentences in order and keeps in mind who spoke last and whom the text is about."""

    def __init__(
        self, text: str, lines: list[Line], quotations: Sequence[tuple[int, int]], cast: Cast, rules: Rules
    ) -> None:
        self._text, self._lines, self._quotations, self._cast, self._rules = text, lines, quotations, cast, rules
        self._regions: list[_Region] = []
        self._focus: tuple[int, tuple[int, int], int] | None = None  # source, its mention, sentence
        self._spoke = -1  # the last sentence that ends in speech

    def regions(self, frames: Sequence[list[Frame]]) -> list[_Region]:
        """Return what is said by whom, from the frames of each sentence; where nobody speaks there is no region."""
        if self._rules.wide:
            subjects = [frame.subject for found in frames for frame in found if frame.subject]
            self._cast.add([subject for subject in subjects if not subject.pronoun])
        for frame in (frame for found in frames for frame in found):
            if frame.subject and frame.subject.source >= 0:
                self._cast.sources[frame.subject.source].speaks = True
        for line, found in zip(self._lines, frames, strict=True):
            self._read(line, found)
        return self._regions

    def _read(self, line: Line, frames: list[Frame]) -> None:
        before, spoke = self._focus, self._spoke
        n_before = len(self._regions)
        for frame in frames:
            self._report(line, frame)
        found = self._regions[n_before:]
        self._continue(line, found, before, spoke)
        if not self._regions[n_before:]:
            self._go_on_behind_dash(line)
        if not self._regions[n_before:]:
            self._go_on_in_reported_mood(line)
        if len(self._regions) == n_before:
            self._follow(line)

    def _report(self, line: Line, frame: Frame) -> None:
        """Turn a frame into a region, unless it stands in what another source reports and names nobody new."""
        subject = frame.subject
        if subject is not None and subject.source < 0 and not subject.pronoun:
            self._cast.add_phrase(subject)
        explicit = (
            subject is not None
            and not subject.pronoun
            and bool(subject.role or self._cast.sources[subject.source].is_named)
        )
        outer = next((r for r in self._regions[: -_N_NEAR - 1 : -1] if r.start <= frame.verb < r.end), None)
        nested = outer is not None and outer.start >= line.start and not explicit
        if nested and not (subject and not subject.pronoun and frame.joined):
            return
        source, mention = self._resolve(line, frame)
        start, end = self._with_quotations(frame)
        if frame.refers_back:
            start = self._lines[line.index - 1].start if line.index else start
        content = start if frame.after_quotation or frame.refers_back else frame.content
        self._regions.append(_Region(start, end, source, mention, content))
        if source is not None and mention is not None:
            self._focus = source, mention, line.index
        elif source is None:
            self._focus = None
        self._spoke = line.index

    def _with_quotations(self, frame: Frame) -> tuple[int, int]:
        """Return the extent of a frame with the quotations it touches, which may run over several sentences."""
        start, end = frame.start, frame.end
        within = any(opened <= start <= closed for opened, closed in self._between(start, start + 1))
        reach = 0 if within else _N_GAP  # "I won't," he said. "I can't," she said: two quotations, two speakers
        for opened, closed in self._between(start - 3, end + 2):
            if closed - opened < _N_AROUND:
                continue
            if opened < start <= closed + reach and frame.after_quotation:
                start = opened
            if opened < end < closed:
                end = closed
        return start, end

    def _between(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the quotations that touch a stretch of text."""
        first = max(bisect_right(self._quotations, (start, start)) - 1, 0)
        last = bisect_right(self._quotations, (end, end))
        return [(opened, closed) for opened, closed in self._quotations[first:last] if closed >= start]

    def _resolve(self, line: Line, frame: Frame) -> tuple[int | None, tuple[int, int] | None]:
        """Return the source of a frame and where it is named."""
        subject = frame.subject
        if subject is not None and not subject.pronoun:
            if self._is_last_speaker(line, subject, quoted=frame.after_quotation) and self._focus:
                return self._focus[0], (subject.start, subject.end)
            return subject.source, (subject.start, subject.end)
        if frame.impersonal:
            return None, None
        if frame.is_plural and subject is None and self._focus and self._cast.sources[self._focus[0]].is_person:
            return None, None
        earlier = [
            mention
            for mention in line.mentions
            if mention.end <= frame.verb
            and mention.source >= 0
            and not mention.pronoun
            and not (line.tokens[mention.first].inside or is_governed(line, mention))
        ]
        alone = not self._rules.prodrop and subject is None and not frame.after_quotation
        earlier = [m for m in earlier if alone or self._may_speak(m.source)]
        if subject is None and earlier and not frame.after_quotation:
            return earlier[0].source, (earlier[0].start, earlier[0].end)
        people = {m.source: m for m in earlier if not self._cast.sources[m.source].is_body}
        if frame.is_aside and subject and len(people) == 1:
            (mention,) = people.values()
            return mention.source, (mention.start, mention.end)
        return (None, None) if alone else self._remember(line, subject)

    def _may_speak(self, source: int) -> bool:
        known = self._cast.sources[source]
        return known.is_person or known.is_body or known.speaks

    def _is_last_speaker(self, line: Line, subject: Mention, *, quoted: bool) -> bool:
        """Tell whether an office several people of the article hold is that of who spoke just now: dijo el fiscal."""
        if not subject.role or subject.is_body or subject.name or subject.ties or subject.is_new or not self._focus:
            return False
        if self._cast.sources[subject.source].is_named or line.index - self._focus[2] > 2:
            return False
        last = self._cast.sources[self._focus[0]]
        if quoted and line.index - self._focus[2] <= 1 and last.is_named and last.is_person and not last.roles:
            return True  # “...”, added the minister, where only his name has been said
        return any(is_same_office(role, subject.role) for role, _ in self._cast.sources[self._focus[0]].roles)

    def _remember(self, line: Line, pronoun: Mention | None) -> tuple[int | None, tuple[int, int] | None]:
        """Return whom a pronoun or an omitted subject means: who spoke last, or whom the text was just about."""
        if self._focus is None or line.index - self._focus[2] > _N_MEMORY:
            if pronoun is None or pronoun.pronoun in ("it", "they"):
                return None, None
            return self._other_person(line, pronoun.pronoun == "she")
        source, mention, since = self._focus
        if self._rules.wide and line.index - since > _N_WIDE_MEMORY:
            return None, None  # names that never speak are not known there
        known = self._cast.sources[source]
        if pronoun is not None:
            if pronoun.pronoun in ("it", "they"):
                return (source, mention) if known.is_body else (None, None)
            woman = pronoun.pronoun == "she"
            if known.is_body or (known.is_woman is not None and known.is_woman != woman):
                return self._other_person(line, woman)
            known.is_woman = woman
        return source, mention

    def _other_person(self, line: Line, woman: bool) -> tuple[int | None, tuple[int, int] | None]:
        """Return the one person named lately whom a pronoun can mean."""
        found: dict[int, Mention] = {}
        for near in self._lines[max(line.index - _N_MEMORY - 1, 0) : line.index + 1]:
            for mention in near.mentions:
                if mention.source >= 0 and not mention.pronoun and mention.start < line.end:
                    known = self._cast.sources[mention.source]
                    if known.is_person and known.is_named and not known.is_body and known.is_woman in (None, woman):
                        found[mention.source] = mention
        if len(found) != 1:
            return None, None
        source, mention = found.popitem()
        return source, (mention.start, mention.end)

    def _continue(
        self,
        line: Line,
        found: list[_Region],
        focus: tuple[int, tuple[int, int], int] | None,
        spoke: int,
    ) -> None:
        """Give quoted sentences without a frame to whoever speaks before them."""
        for opened, closed in self._between(line.start, line.end):
            start, end = max(opened, line.start), min(closed, line.end)
            if line.end - line.start - (end - start) > _N_MARKS:
                continue
            rest = self._text[line.start : start] + self._text[end : line.end]
            framed = any(region.start < end and region.end > start for region in found)
            if framed or sum(map(str.isalpha, rest)) > _N_AROUND:
                continue
            if any(r.start <= start and end <= r.end for r in self._regions[-_N_NEAR:]):
                self._spoke = line.index
                continue
            words = self._text[start:end].split()
            if len(words) < 2 and not self._rules.wide:
                continue
            self._speak(line, start, end, focus, spoke)

    def _speak(
        self, line: Line, start: int, end: int, focus: tuple[int, tuple[int, int], int] | None, spoke: int
    ) -> None:
        if focus and line.index - focus[2] <= _N_MEMORY and (spoke >= line.index - 1 or line.index - focus[2] <= 1):
            self._regions.append(_Region(start, end, focus[0], focus[1], start, is_guess=True))
            self._focus = focus[0], focus[1], line.index
        else:
            self._regions.append(_Region(start, end, None, None, start, is_guess=True))
        self._spoke = line.index

    def _go_on_behind_dash(self, line: Line) -> None:
        """Read a quotation on that a frame between dashes broke: «...», — сказал он. — ...»"""
        if not line.index or self._focus is None:
            return
        before = self._lines[line.index - 1]
        dashed = bool(_DASH_LINE.match(self._text, line.start)) and before.paragraph == line.paragraph
        if dashed and self._spoke == before.index:
            end = self._text.find("\n", line.start)
            closed = re.compile('[»”"“]').search(self._text, line.start, end if end >= 0 else len(self._text))
            opened = re.compile("[«„]").search(self._text, line.start, closed.start() if closed else line.end)
            stop = closed.start() if closed and not opened else line.end
            self._regions.append(_Region(line.start, stop, self._focus[0], self._focus[1], line.start))
            self._spoke = line.index
            self._focus = self._focus[0], self._focus[1], line.index
        elif self._regions[-1:] and self._regions[-1].start < line.start < self._regions[-1].end:
            self._spoke = line.index

    def _go_on_in_reported_mood(self, line: Line) -> None:
        """A German sentence in the first subjunctive goes on with what somebody says: Er habe nichts gewusst."""
        moods = self._rules.conjunctive
        if not moods or "ich" in {token.low for token in line.tokens}:
            return
        if any(token.low in moods and not token.inside for token in line.tokens):
            self._speak(line, line.start, line.end, self._focus, self._spoke)

    def _follow(self, line: Line) -> None:
        """Remember whom a sentence of the article's own is about."""
        rules = self._rules
        if rules.wide:
            self._follow_wide(line)
            return
        for mention in line.mentions:
            if mention.source < 0 or line.tokens[mention.first].inside or is_governed(line, mention):
                continue
            lead = line.tokens[line.phrase_start(mention.first) : mention.first]
            if rules.sees_verbs and any(has_verb(token.low, rules.language) for token in lead):
                break
            if self._may_speak(mention.source):
                self._focus = mention.source, (mention.start, mention.end), line.index
                return
        others = {m.source for m in line.mentions if m.source >= 0 and self._may_speak(m.source)}
        others = {source for source in others if not self._cast.sources[source].is_body}
        if self._focus and others - {self._focus[0]}:
            self._focus = None  # Kennedy said no. Graham's vote is sure. “...”, he added.

    def _follow_wide(self, line: Line) -> None:
        """The same in a text without spaces: the one speaker whose name stands in the sentence."""
        found = [(k, line.text.find(each.label, line.start, line.end)) for k, each in enumerate(self._cast.sources)]
        found = [(k, place) for k, place in found[:_N_CAST] if place >= 0]
        if len(found) == 1:
            source, place = found[0]
            self._focus = source, (place, place + len(self._cast.sources[source].label)), line.index
        elif found:
            self._focus = None
