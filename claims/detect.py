"""The straight line from an article to its report; every stage is a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claims.calibration import FILE, UNCALIBRATED, Calibration, log_odds, pair_features, ranks
from claims.document import Document
from claims.findings import Counts, Extract, ExtractCounts, Finding, Report, kind_of, merged, ranked, reasons_for
from claims.nli import (
    CONTRADICTION,
    ENTAILMENT,
    LABELS,
    NLI,
    BundledModel,
    Progress,
    find_model,
    load_model,
    predict_each,
    softmax,
)
from claims.pairs import Candidates, candidate_pairs
from claims.sentences import Sentence, split_sentences
from claims.statements import Statement, extract_statements, without_markers
from claims.tagger import Tagger

READ_BOTH_WAYS = 40  # pairs of an article, those the model is surest of by one direction; a second one reads them too
LOOKED_AGAIN = 15  # of these, the surest by all that was said, whose whole sentences are read
LONGEST_SUBJECT = 80  # characters; what is longer is more than a name and would drown the statement


@dataclass(frozen=True)
class Detector:
    """A model with its calibration, ready to check documents.

    >>> detector = Detector.from_pretrained()
    >>> report = detector.detect(Document.from_text("The bridge is open. The bridge is closed."))
    >>> report.counts.pairs
    1
    """

    model: NLI
    calibration: Calibration | None = None
    max_pairs: int | None = None
    """Pairs of a document to read at most; None: in proportion to its statements."""
    tagger: Tagger | None = None
    """What tells statements apart; None: rules alone."""
    claims_only: bool = False
    """Whether to pair only statements worth checking."""
    second: NLI | None = None
    """A model that is asked about the surest pairs too; None: none is."""

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path | None = None,
        *,
        device: str | None = None,
        max_pairs: int | None = None,
        claims_only: bool = False,
        n_threads: int | None = None,
        calibration: str | Path | None = None,
    ) -> Detector:
        """The bundled model, a model folder, or a model of the Hugging Face hub; a folder with its calibration if any.

        Statements are told apart by the heads of the model's folder, else by those of the bundled model. `n_threads`:
        of the model; None: as many as there are cores. `calibration`: the file of another one, as `claims calibrate`
        writes it.
        Raises: ModelError when the model cannot be used.
        """
        fitted = Calibration.load(Path(calibration)) if calibration else calibration_of(model)
        loaded = load_model(model, device=device, n_threads=n_threads)
        detector = cls.of_bundled(loaded) if isinstance(loaded, BundledModel) else cls(loaded)
        return replace(
            detector,
            calibration=fitted,
            max_pairs=max_pairs,
            tagger=detector.tagger or Tagger.from_pretrained(n_threads=n_threads),
            claims_only=claims_only,
        )

    @classmethod
    def of_bundled(cls, model: BundledModel) -> Detector:
        """A detector with all that a model folder holds but its calibration: layers for articles, heads."""
        for_articles = model.for_articles()
        return cls(for_articles, tagger=Tagger.open(model), second=None if for_articles is model else model)

    def detect(self, document: Document, *, progress: Progress | None = None) -> Report:
        """The pairs of a document's statements with confidence, kind and reasons."""
        [report] = self.detect_all([document], progress=progress)
        return report

    def detect_all(self, documents: Sequence[Document], *, progress: Progress | None = None) -> list[Report]:
        """The report of each document; their pairs share the batches of the model."""
        return [self._report(*judged) for judged in self.judge(documents, progress)]

    def judge(self, documents: Sequence[Document], progress: Progress | None = None) -> list[Judged]:
        """What is read of each document, what is said of its pairs, and their features, shape (pairs, features)."""
        readings = [
            read_pairs(document, self.max_pairs, self.tagger, claims_only=self.claims_only) for document in documents
        ]
        answers = ask(self.model, self.second, [reading.asked for reading in readings], progress)
        answers = look_again(self.model, readings, answers)
        temperature = (self.calibration or UNCALIBRATED).temperature
        return [
            (reading, of_article, features_of(reading.pairs, of_article, reading.candidates, temperature))
            for reading, of_article in zip(readings, answers, strict=True)
        ]

    def _report(self, reading: Reading, answers: Answers, features: NDArray[np.float64]) -> Report:
        found, candidates, document = reading.extract, reading.candidates, reading.extract.document
        calibration = self.calibration or UNCALIBRATED
        scored = findings_of(reading.pairs, answers, features, calibration, kind_of)
        listed = merged(scored)
        counts = Counts(
            sentences=found.counts.sentences,
            statements=found.counts.statements,
            pairs=candidates.possible,
            scored=len(scored),
            skipped_pairs=candidates.possible - len(scored),
            merged=len(scored) - len(listed),
            unpaired=reading.n_unpaired,
            truncated=answers.truncated,
            skipped_sentences=found.counts.skipped_sentences,
            skipped_chars=document.skipped_chars,
        )
        return Report(
            document,
            self.model.name,
            self.model.version,
            self.calibration is not None,
            calibration.threshold,
            counts,
            ranked(listed),
            found.statements,
        )


def calibration_of(model: str | Path | None = None) -> Calibration | None:
    """The calibration in a model's folder; None where there is none. Raises: ModelError when it is damaged."""
    found = find_model(model)
    file = found / FILE if isinstance(found, Path) else None
    return Calibration.load(file) if file and file.is_file() else None


def findings_of(
    pairs: Sequence[tuple[Statement, Statement]],
    answers: Answers,
    features: NDArray[np.float64],
    calibration: Calibration,
    kind: Callable[[Statement, Statement], str],
) -> list[Finding]:
    """Each pair as a finding."""
    forward, backward = softmax(answers.logits, calibration.temperature).astype(float).tolist()
    confidence = calibration.confidence(features)
    contributions = calibration.contributions(features)
    found = []
    for k, (a, b) in enumerate(pairs):
        there, back = tuple(forward[k]), tuple(backward[k]) if answers.both[k] else None
        excluded = [side[CONTRADICTION] for side in (there, back) if side]
        reasons = reasons_for(a, b, features[k], contributions[k], excluded)
        found.append(Finding(a, b, float(confidence[k]), kind(a, b), reasons, there, back))
    return found


@dataclass(frozen=True)
class Answers:
    """What is said of n pairs of statements."""

    logits: NDArray[np.float32]
    """With `a` as premise, then with `b`; where that was not asked, what was said of the first. Shape: (2, n, 3)."""
    both: NDArray[np.bool_]
    """Which pairs were read in both directions. Shape: (n,)."""
    in_context: NDArray[np.float32]
    """`logits`, but of the whole sentences where those were read. Shape: (2, n, 3)."""
    truncated: int
    """Inputs that were cut because they were too long."""

    @property
    def contradiction(self) -> NDArray[np.float64]:
        """Log-odds of contradiction, mean of both directions, whatever the whole sentences say. Shape: (n,)."""
        return np.asarray(log_odds(self.logits, CONTRADICTION).mean(axis=0), np.float64)


def surest_first(contradiction: NDArray[np.float64]) -> NDArray[np.intp]:
    """The places of log-odds, highest first."""
    return np.argsort(-contradiction, kind="stable")


def surest(contradiction: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which pairs of an article to read in both directions, given the log-odds in one."""
    return surest_first(contradiction)[:READ_BOTH_WAYS]


def ask(
    model: NLI,
    second: NLI | None,
    asked: Sequence[Sequence[tuple[str, str]]],
    progress: Progress | None = None,
    suspects: Callable[[NDArray[np.float64]], NDArray[np.intp]] = surest,
) -> list[Answers]:
    """What is said of several lists of pairs: each is read as (a, b), `suspects` of each list as (b, a) too.

    Most pairs of an article have nothing to do with each other, which one direction tells. Of the suspects the logits
    are the mean of the model's and of those of the second one: the model that knows articles best is asked which pairs
    to look at, and two that learned from different pairs what they are.
    Raises: ModelError when an answer is no finite number.
    """
    planned = sum(map(len, asked)) + sum(min(len(pairs), READ_BOTH_WAYS) for pairs in asked) * (3 if second else 1)
    told_of: Progress | None = (lambda done, _: progress(done, planned)) if progress else None
    forward = predict_each(model, asked, told_of)
    chosen = [suspects(log_odds(prediction.logits, CONTRADICTION)) for prediction in forward]
    there = [[pairs[k] for k in of_list] for of_list, pairs in zip(chosen, asked, strict=True)]
    back = [[(b, a) for a, b in pairs] for pairs in there]
    backward = predict_each(model, back)
    others = predict_each(second, [[*x, *y] for x, y in zip(there, back, strict=True)]) if second else None
    told = []
    for number, (of_list, one, other) in enumerate(zip(chosen, forward, backward, strict=True)):
        logits, both = np.stack([one.logits] * 2), np.zeros(len(one.logits), np.bool_)
        logits[1, of_list], both[of_list] = other.logits, True
        if others:
            logits[:, of_list] = (logits[:, of_list] + others[number].logits.reshape(2, -1, len(LABELS))) / 2
        told.append(Answers(logits, both, logits, int(one.truncated.sum() + other.truncated.sum())))
    return told


def look_again(model: NLI, readings: Sequence[Reading], answers: Sequence[Answers]) -> list[Answers]:
    """The answers with what the model says of the whole sentences of the surest pairs of each article.

    A clause may say something else than its sentence, and few pairs of an article are worth a second look.
    """
    again = [_whole_sentences(*each) for each in zip(readings, answers, strict=True)]
    asked = [[*pairs.values(), *((b, a) for a, b in pairs.values())] for pairs in again]
    told = []
    for of_article, pairs, prediction in zip(answers, again, predict_each(model, asked), strict=True):
        in_context = of_article.logits.copy()
        in_context[:, list(pairs)] = prediction.logits.reshape(2, len(pairs), len(LABELS))
        truncated = of_article.truncated + int(prediction.truncated.sum())
        told.append(replace(of_article, in_context=in_context, truncated=truncated))
    return told


def _whole_sentences(reading: Reading, answers: Answers) -> dict[int, tuple[str, str]]:
    """The whole sentences of the surest of the pairs that were read in both directions, by the place of the pair.

    Those that were read as they are, and those of one sentence, have nothing to be looked at.
    """
    document = reading.extract.document

    def whole(statement: Statement) -> str:
        sentence = reading.sentences[statement.sentence]
        return document.text[sentence.start : sentence.end]

    contradiction = np.where(answers.both, answers.contradiction, -np.inf)
    found = {}
    for k in surest_first(contradiction)[:LOOKED_AGAIN].tolist():
        a, b = reading.pairs[k]
        if a.sentence != b.sentence and (whole(a), whole(b)) != reading.asked[k]:
            found[k] = whole(a), whole(b)
    return found


def features_of(
    pairs: Sequence[tuple[Statement, Statement]],
    answers: Answers,
    candidates: Candidates,
    temperature: float,
    rank: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """The features of pairs, given what is said of them; `rank`: where they are not those of one article.

    Shape: (n, len(FEATURES)).
    """
    contradiction = log_odds(answers.in_context / np.float32(temperature), CONTRADICTION).mean(axis=0)
    entailment = log_odds(answers.logits / np.float32(temperature), ENTAILMENT).max(axis=0)
    if rank is None:
        rank = ranks(answers.contradiction, candidates.usual)
    return pair_features(pairs, contradiction, entailment, rank, candidates)


@dataclass(frozen=True)
class Reading:
    """A document up to the model: its statements and the pairs worth asking about."""

    extract: Extract
    sentences: Sequence[Sentence]
    candidates: Candidates
    pairs: tuple[tuple[Statement, Statement], ...]
    n_unpaired: int
    """Statements that were not paired, since they are no claims and only claims were asked for."""
    asked: tuple[tuple[str, str], ...]
    """The pairs as `model_input` has them."""


Judged = tuple[Reading, Answers, NDArray[np.float64]]
"""What is read of a document, what is said of its pairs, and their features."""


def read_pairs(
    document: Document, max_pairs: int | None = None, tagger: Tagger | None = None, *, claims_only: bool = False
) -> Reading:
    """The pairs of a document as the model gets them; with `claims_only`, of statements worth checking."""
    sentences = split_sentences(document.text, document.language)
    found = _extract_from(document, sentences, tagger)
    paired = found.listed(claims_only=claims_only)
    candidates = candidate_pairs(paired, max_pairs)
    asked = tuple(model_input(document, paired[i], paired[j]) for i, j in candidates.pairs)
    pairs = tuple((paired[i], paired[j]) for i, j in candidates.pairs)
    n_unpaired = len(found.statements) - len(paired)
    return Reading(found, sentences, candidates, pairs, n_unpaired, asked)


def model_input(document: Document, a: Statement, b: Statement, other: Document | None = None) -> tuple[str, str]:
    """What the model reads of two statements: no discourse markers, and who or what they are about.

    `other`: the document of `b`, where it is another.

    Reported speech of one speaker is read with the speaker as its subject; any other statement with the subject that it
    takes from before it, in brackets.

    >>> document = Document.from_text("The mayor raised taxes. But she promised lower fees.", language="en")
    >>> raised = Statement(0, 23, "The mayor raised taxes.", 0)
    >>> promised = Statement(28, 52, "she promised lower fees.", 1, subject=(0, 9))
    >>> model_input(document, raised, promised)
    ('The mayor raised taxes.', '[The mayor] she promised lower fees.')
    """
    other = other or document
    plain_a, plain_b = without_markers(a.text, document.language), without_markers(b.text, other.language)
    if a.speaker and a.speaker == b.speaker and not (a.quoted or b.quoted):
        return _said_by(a) + plain_a, _said_by(b) + plain_b
    return _about(document, a) + plain_a, _about(other, b) + plain_b


def _said_by(statement: Statement) -> str:
    """The speaker of a statement that does not name its speaker itself."""
    names_itself = statement.mention and statement.start <= statement.mention[0] < statement.end
    return "" if names_itself or statement.speaker is None else f"{statement.speaker} "


def _about(document: Document, statement: Statement) -> str:
    """The subject that a statement takes from before it, in brackets; nothing where it has its own."""
    if statement.subject is None or statement.subject[1] - statement.subject[0] > LONGEST_SUBJECT:
        return ""
    return f"[{document.text[slice(*statement.subject)]}] "


def extract(document: Document, tagger: Tagger | None = None) -> Extract:
    """The statements of a document, of which no pair is read; without a tagger by rules alone.

    >>> found = extract(Document.from_text("The bridge is open. Mayor Lee said that trams run again."))
    >>> [(statement.text, statement.speaker) for statement in found.statements]
    [('The bridge is open.', None), ('trams run again.', 'Lee')]
    """
    return _extract_from(document, split_sentences(document.text, document.language), tagger)


def _extract_from(document: Document, sentences: Sequence[Sentence], tagger: Tagger | None) -> Extract:
    statements = tuple(extract_statements(document, sentences, tagger))
    counts = ExtractCounts(
        sentences=len(sentences),
        statements=len(statements),
        claims=sum(statement.is_claim for statement in statements),
        skipped_sentences=len(sentences) - len({statement.sentence for statement in statements}),
        skipped_chars=document.skipped_chars,
    )
    return Extract(document, counts, statements)


def find_contradictions(text: str, *, language: str | None = None) -> tuple[Finding, ...]:
    """The possible contradictions of a text, most confident first, by the bundled model; offline.

    Loads the model at every call: keep a `Detector` for more than one text. Offsets count in the text as it was read
    (`Document.from_text(text).text`: one kind of line end, hard-wrapped lines joined).
    """
    return Detector.from_pretrained().detect(Document.from_text(text, language=language)).findings
