"""What the formats for people show, and in which words: the same in the terminal, Markdown and HTML.

Knows reports and English; knows no markup. Everything that comes from an article passes `clean` or `one_line`
here before it reaches a format, and is escaped there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import floor

from claims.findings import KINDS, Finding, Report
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


@dataclass(frozen=True)
class Options:
    """What to show of a report."""

    min_confidence: float | None = None
    """List pairs from this confidence on; None: from the report's threshold on."""
    statements: bool = False
    """Add every statement that was read (text, JSON, Markdown, HTML; a CSV row is always a finding)."""
    text: bool = False
    """Add the text the offsets count in (JSON; HTML always shows it)."""
    array: bool = False
    """Write an array even of one report (JSON), so that its shape does not depend on how many could be read."""
    width: int = 100
    """Columns of text that does not go to a terminal."""


def least_confidence(report: Report, options: Options) -> float:
    """The confidence from which on findings are shown."""
    return report.threshold if options.min_confidence is None else options.min_confidence


def headline(report: Report, options: Options) -> str:
    """One line that says how many findings there are, or that there is none and how close one came."""
    least = least_confidence(report, options)
    limit = limit_words(report, least)
    n_listed = len(report.listed(options.min_confidence))
    contradiction = f"{'likely' if least >= LIKELY else 'possible'} contradiction"
    if n_listed and least < report.threshold:
        threshold = limit_words(report, report.threshold)
        above = f"{len(report.findings):,} of them at or above the threshold of {threshold}"
        return f"{counted(n_listed, 'pair')} at or above {limit}, {above}"
    if n_listed:
        return f"{counted(n_listed, contradiction)} at or above {limit}"
    if not report.scored:
        return f"No {contradiction}s at or above {limit}; no pair was compared."
    closest = confidence_words(report, report.scored[0].confidence)
    return f"No {contradiction}s at or above {limit}; the closest pair has {closest}:"


def title(report: Report) -> str:
    """What to call the article: its title, or where it came from."""
    return one_line(report.document.title or "") or _source(report) or "Untitled article"


def origin(report: Report) -> tuple[str, ...]:
    """Source, language and date, as far as known and not said by the title."""
    document = report.document
    source = _source(report) if one_line(document.title or "") else ""
    language = "language unknown" if document.language == UNKNOWN_LANGUAGE else one_line(document.language)
    return tuple(part for part in (source, language, one_line(document.date or "")) if part)


def counts_words(report: Report) -> str:
    """What was read and compared, as in "19 sentences, 41 statements, 820 pairs, 820 scored"."""
    counts = report.counts
    parts = (counted(counts.sentences, "sentence"), counted(counts.statements, "statement"))
    return f"{', '.join(parts)}, {counted(counts.pairs, 'pair')}, {counts.scored:,} scored"


def model_words(report: Report) -> str:
    """Name and version of the model."""
    return one_line(f"{report.model} {report.model_version}")


def notes(report: Report) -> tuple[str, ...]:
    """What a reader has to know: whether confidence means something, and what was left out."""
    counts = report.counts
    said = []
    if not report.calibrated:
        said.append("Confidence is not calibrated for this model: it ranks pairs, but is no probability.")
    if counts.skipped_chars:
        characters = counted(counts.skipped_chars, "character")
        said.append(f"The article goes on for {characters} beyond the size limit; they were not read.")
    if counts.skipped_pairs:
        were = "was" if counts.skipped_pairs == 1 else "were"
        pairs = counted(counts.skipped_pairs, "pair")
        said.append(f"{pairs} with less in common {were} left out to keep within the limit of pairs.")
    if counts.truncated:
        were = "was" if counts.truncated == 1 else "were"
        comparisons = counted(counts.truncated, "comparison")
        said.append(f"{comparisons} {were} cut short: the two statements are too long for the model.")
    if counts.skipped_sentences:
        hold = "holds" if counts.skipped_sentences == 1 else "hold"
        sentences = counted(counts.skipped_sentences, "sentence")
        said.append(f"{sentences} {hold} no statement (questions, short headings).")
    return tuple(said)


def confidence_words(report: Report, confidence: float) -> str:
    """A confidence as "93 %"; one that is not calibrated as "0.93", for it is no percentage of anything."""
    hundredths = floor(confidence * 100 + _EXACT)
    return f"{hundredths} %" if report.calibrated else f"{hundredths / 100:.2f}"


def limit_words(report: Report, limit: float) -> str:
    """A threshold in the words of `confidence_words`, exact: "50 %", "99.5 %", "0.5"."""
    return f"{limit * 100:g} %" if report.calibrated else f"{limit:g}"


def kind_words(finding: Finding) -> str:
    """What the kind of a finding means."""
    return KINDS.get(finding.kind) or one_line(finding.kind.replace("_", " "))


def reasons_words(finding: Finding) -> str:
    """What raised the confidence, strongest first."""
    return "; ".join(one_line(reason) for reason in finding.reasons)


def place_words(report: Report, statement: Statement) -> tuple[str, ...]:
    """Where a statement stands and whose it is: sentence, speaker, the subject its own words leave out."""
    speaker = one_line(statement.speaker or "")
    start, end = statement.subject or (0, 0)
    subject = one_line(report.document.text[start:end])
    parts = (
        f"sentence {statement.sentence + 1}",
        speaker,
        "quoted" if statement.quoted else "",
        f"about {subject}" if subject and subject != speaker else "",
    )
    return tuple(part for part in parts if part)


def counted(n: int, noun: str) -> str:
    """A number and its noun: "1 pair", "1,203 pairs"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _source(report: Report) -> str:
    source = one_line(report.document.source)
    return "standard input" if source == "-" else source


def one_line(text: str) -> str:
    """A text in one line, single spaces, nothing unprintable."""
    return clean(" ".join(text.split()))


def clean(text: str) -> str:
    """A text of the same length with nothing unprintable: line breaks and tabs become spaces, the rest �."""
    return _UNPRINTABLE.sub(lambda match: " " if match[0].isspace() else _REPLACEMENT, text)
