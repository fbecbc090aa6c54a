"""What the formats for people show, and in which words: the same in the terminal, Markdown and HTML.

Knows reports, extracts and English; knows no markup. Everything that comes from an article passes `clean` or `one_line`
here before it reaches a format, and is escaped there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import floor

from claims.cues import CUES
from claims.document import Document
from claims.findings import KINDS, Extract, Finding, Report
from claims.statements import Statement

UNKNOWN_LANGUAGE = "und"

# A pair below is more probably none; "likely" would promise too much.
LIKELY = 0.5

# A whole percent or hundredth is reached, never rounded up to: 99.7 % is not certainty, and 49.6 % does not
# pass for the 50 % of the threshold. The tiny part makes 0.29 read 29 %, not 28 %.
_EXACT = 1e-9

# What must not reach a terminal or a page: C0 and C1 controls (ESC starts a terminal command), lone
# surrogates (UTF-8 cannot hold them), and the two overrides that print letters in another order than written.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202d\u202e]")
_REPLACEMENT = "\ufffd"

VERDICT_WORDS = {"confirmed": "confirmed", "false_alarm": "false alarm", "dismissed": "dismissed"}

_DATE = re.compile(r"(?:(?P<year>\d{4})|-)(?:-(?P<month>0[1-9]|1[0-2]))?(?:-(?P<day>[0-3]\d))?")
_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]


@dataclass(frozen=True)
class Options:
    """What to show of a report or an extract."""

    min_confidence: float | None = None
    """List pairs from this confidence on; None: as `Report.listed` has it."""
    statements: bool = False
    """Add every statement that was read to a report (text, JSON, Markdown, HTML; its CSV rows are findings)."""
    claims_only: bool = False
    """List only the claims of an extract."""
    text: bool = False
    """Add the text the offsets count in (JSON; the HTML of a report always shows it)."""
    array: bool = False
    """Write an array even of one article (JSON), so that its shape does not depend on how many could be read."""
    index: str = ""
    """Where the page that lists all articles is, of an HTML page of one of them."""
    width: int = 100
    """Columns of text that does not go to a terminal."""
    terminal: bool = False
    """Write text in the width and the colours of the terminal, where standard output is one."""


def least_confidence(report: Report, options: Options) -> float:
    """The confidence from which on findings are shown."""
    return report.threshold if options.min_confidence is None else options.min_confidence


def headline(report: Report, options: Options) -> str:
    """One line that says how many findings there are, or that there is none and how close one came."""
    least = least_confidence(report, options)
    limit = limit_words(report, least)
    listed = report.listed(options.min_confidence)
    n_listed = sum(finding.confidence >= least for finding in listed)
    reviewed = f", {len(listed) - n_listed:,} reviewed below" if len(listed) > n_listed else ""
    contradiction = f"{'likely' if least >= LIKELY else 'possible'} contradiction"
    if n_listed and least < report.threshold:
        threshold = limit_words(report, report.threshold)
        n_above = sum(finding.confidence >= report.threshold for finding in listed)
        above = f"{n_above:,} of them at or above the threshold of {threshold}"
        return f"{counted(n_listed, 'pair')} at or above {limit}, {above}"
    if n_listed or reviewed:
        return f"{counted(n_listed, contradiction)} at or above {limit}{reviewed}"
    if not report.scored:
        return f"No {contradiction}s at or above {limit}; no pair was compared."
    closest = confidence_words(report, report.scored[0].confidence)
    return f"No {contradiction}s at or above {limit}; the closest pair has {closest}:"


def statements_headline(extract: Extract, options: Options) -> str:
    """One line that says how many statements are listed, and how many are not."""
    listed, counts = extract.listed(claims_only=options.claims_only), extract.counts
    if not options.claims_only:
        return counted(len(listed), "statement") if listed else "No statements."
    others = counted(counts.statements - len(listed), "other statement")
    return f"{counted(len(listed), 'claim') if listed else 'No claims'}; {others} not listed"


def title(document: Document) -> str:
    """What to call an article: its title, or where it came from."""
    return one_line(document.title or "") or _source(document) or "Untitled article"


def origin(document: Document) -> tuple[str, ...]:
    """Source, language and date, as far as known and not said by the title."""
    source = _source(document) if one_line(document.title or "") else ""
    language = "language unknown" if document.language == UNKNOWN_LANGUAGE else one_line(document.language)
    return tuple(part for part in (source, language, one_line(document.date or "")) if part)


def counts_words(report: Report) -> str:
    """What was read and compared, as in "19 sentences, 41 statements, 820 pairs, 820 scored"."""
    counts = report.counts
    parts = (counted(counts.sentences, "sentence"), counted(counts.statements, "statement"))
    return f"{', '.join(parts)}, {counted(counts.pairs, 'pair')}, {counts.scored:,} scored"


def extract_counts_words(extract: Extract) -> str:
    """What was read and found, as in "19 sentences, 41 statements, 30 claims, 2 speakers"."""
    counts = extract.counts
    n_speakers = len({statement.speaker for statement in extract.statements if statement.speaker})
    parts = (
        *(counted(counts.sentences, "sentence"), counted(counts.statements, "statement")),
        *(counted(counts.claims, "claim"), counted(n_speakers, "speaker")),
    )
    return ", ".join(parts)


def model_words(report: Report) -> str:
    """Name and version of the model."""
    return one_line(f"{report.model} {report.model_version}")


def notes(report: Report) -> tuple[str, ...]:
    """What a reader has to know: whether confidence means something, and what was not read as it stands."""
    counts = report.counts
    said = []
    if not report.calibrated:
        said.append("Confidence is not calibrated for this model: it ranks pairs, but is no probability.")
    said += unread_words(counts.skipped_chars)
    if counts.truncated:
        were = "was" if counts.truncated == 1 else "were"
        comparisons = counted(counts.truncated, "comparison")
        said.append(f"{comparisons} {were} cut short: the two texts are too long for the model.")
    return tuple(said)


def left_out(report: Report) -> tuple[str, ...]:
    """What was not compared, as it is with nearly every article."""
    counts = report.counts
    said = []
    if counts.skipped_pairs:
        were = "was" if counts.skipped_pairs == 1 else "were"
        said.append(f"{counted(counts.skipped_pairs, 'pair')} with less in common {were} not read.")
    if counts.unpaired:
        were = "was" if counts.unpaired == 1 else "were"
        said.append(f"{counted(counts.unpaired, 'statement')} {were} not compared: not worth checking.")
    return (*said, *_without_statement(counts.skipped_sentences))


def extract_notes(extract: Extract) -> tuple[str, ...]:
    """What a reader has to know: whether claims could be told, and what was not read."""
    counts = extract.counts
    said = []
    if any(statement.claim_score is None for statement in extract.statements):
        said.append("No model scored what is worth checking: all that neither asks nor wishes counts as a claim.")
    return (*said, *unread_words(counts.skipped_chars), *_without_statement(counts.skipped_sentences))


def confidence_words(report: Report, confidence: float) -> str:
    """A confidence in the words of `level_words`."""
    return level_words(confidence, calibrated=report.calibrated)


def level_words(confidence: float, *, calibrated: bool) -> str:
    """A confidence as "93 %"; one that is not calibrated as "0.93", for it is no percentage of anything."""
    hundredths = floor(confidence * 100 + _EXACT)
    return f"{hundredths} %" if calibrated else f"{hundredths / 100:.2f}"


def limit_words(report: Report, limit: float) -> str:
    """A threshold in the words of `confidence_words`, exact: "50 %", "99.5 %", "0.5"."""
    return f"{limit * 100:g} %" if report.calibrated else f"{limit:g}"


def kind_words(finding: Finding) -> str:
    """What the kind of a finding means."""
    return KINDS.get(finding.kind) or one_line(finding.kind.replace("_", " "))


def reasons_words(finding: Finding) -> str:
    """What raised the confidence, strongest first."""
    return "; ".join(one_line(reason) for reason in finding.reasons)


def verdict_words(finding: Finding) -> str:
    """What a reviewer decided, as in "confirmed by Ana: the mayor said both"; nothing where nobody did."""
    if finding.verdict is None:
        return ""
    verdict = VERDICT_WORDS.get(finding.verdict.verdict, one_line(finding.verdict.verdict))
    note = one_line(finding.verdict.note)
    return f"{verdict} by {one_line(finding.verdict.reviewer)}{f': {note}' if note else ''}"


AROUND = 160  # characters before and behind a statement
LONGEST_CUT = 20  # of a word at their ends; scripts without spaces are cut where it falls


def around(document: Document, statement: Statement) -> tuple[str, str]:
    """What stands before and behind a statement in its paragraph, a dozen words or two of each."""
    text = document.text
    start, end = max(0, statement.start - AROUND), statement.end + AROUND
    before = text[start : statement.start].rpartition("\n")[2]
    behind = text[statement.end : end].partition("\n")[0]
    if len(before) == AROUND and start:
        before = f"… {before[before.find(' ', 0, LONGEST_CUT) + 1 :]}"
    if len(behind) == AROUND and end < len(text):
        cut = behind.rfind(" ", AROUND - LONGEST_CUT)
        behind = f"{behind[:cut] if cut > 0 else behind} …"
    return _worded(before), _worded(behind)


def _worded(text: str) -> str:
    """A text as it is shown; nothing where it has no word."""
    return clean(text) if any(map(str.isalnum, text)) else ""


def place_words(report: Report, statement: Statement) -> tuple[str, ...]:
    """Where a statement stands and whose it is: sentence, speaker, the subject its own words leave out."""
    return (f"sentence {statement.sentence + 1}", speaker_words(statement), *_context_words(report.document, statement))


def statement_words(document: Document, statement: Statement) -> tuple[str, ...]:
    """What there is to know of a statement besides its place: claim, speaker, left out subject, cues."""
    claim = claim_words(statement)
    return (*([claim] if claim else []), speaker_words(statement), *remarks(document, statement))


def claim_words(statement: Statement) -> str:
    """Whether a statement is a claim, with its score, as "claim 0.93"; nothing where no model scored it."""
    if statement.claim_score is None:
        return "" if statement.is_claim else "no claim"
    score = floor(statement.claim_score * 100 + _EXACT) / 100
    return f"{'claim' if statement.is_claim else 'no claim'} {score:.2f}"


def speaker_words(statement: Statement) -> str:
    """Who says a statement."""
    return one_line(statement.speaker or "") or ("the article" if statement.own_voice else "somebody, unknown who")


def subject_text(document: Document, statement: Statement) -> str:
    """The subject that a statement takes from elsewhere; nothing where it has its own."""
    start, end = statement.subject or (0, 0)
    return one_line(document.text[start:end])


def remarks(document: Document, statement: Statement) -> tuple[str, ...]:
    """Whether a statement is quoted, the subject its own words leave out, and its cues."""
    cues = (_cue_words(cue, statement) for cue in statement.cues)
    return (*_context_words(document, statement), *(cue for cue in cues if cue))


def counted(n: int, noun: str) -> str:
    """A number and its noun: "1 pair", "1,203 pairs"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def one_line(text: str) -> str:
    """A text in one line, single spaces, nothing unprintable."""
    return clean(" ".join(text.split()))


def clean_note(text: str) -> str:
    """A note of a reviewer, its lines kept and nothing unprintable in them."""
    return "\n".join(clean(line).rstrip() for line in text.splitlines()).strip()


def clean(text: str) -> str:
    """A text of the same length with nothing unprintable: line breaks and tabs become spaces, the rest �."""
    return _UNPRINTABLE.sub(lambda match: " " if match[0].isspace() else _REPLACEMENT, text)


def _context_words(document: Document, statement: Statement) -> tuple[str, ...]:
    subject = subject_text(document, statement)
    is_speaker = subject == one_line(statement.speaker or "")
    parts = ("quoted" if statement.quoted else "", f"about {subject}" if subject and not is_speaker else "")
    return tuple(part for part in parts if part)


def _cue_words(cue: str, statement: Statement) -> str:
    if cue == "dated" and statement.dates:
        return f"names {', '.join(map(_date_words, statement.dates))}"
    return CUES.get(cue) or one_line(cue.replace("_", " "))


def _date_words(date: str) -> str:
    """A date of `find_dates` as a person writes it: "12 May 2023" for "2023-05-12", "March" for "--03"."""
    match = _DATE.fullmatch(date)
    if not match or not match["month"]:
        return one_line(date).capitalize()
    day = match["day"].lstrip("0") if match["day"] else ""
    month = _MONTHS[int(match["month"]) - 1]
    return " ".join(part for part in (day, month, match["year"]) if part)


def unread_words(n_chars: int) -> tuple[str, ...]:
    """That the end of an article was not read, where it was not."""
    characters = counted(n_chars, "character")
    return (f"The article goes on for {characters} beyond the size limit; they were not read.",) if n_chars else ()


def _without_statement(n_sentences: int) -> tuple[str, ...]:
    hold = "holds" if n_sentences == 1 else "hold"
    sentences = counted(n_sentences, "sentence")
    return (f"{sentences} {hold} no statement (questions, short headings).",) if n_sentences else ()


def _source(document: Document) -> str:
    source = one_line(document.source)
    return "standard input" if source == "-" else source
