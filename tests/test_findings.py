import json

import numpy as np
import pytest

from claims import Detector, Document, Extract, Report, ResultsError, extract
from claims.calibration import FEATURES
from claims.findings import KINDS, Finding, kind_of, merged, reasons_for
from claims.statements import CLAIM, Statement
from tests.conftest import SEED, ByNegation

TEXT = "The bridge is open. The bridge is not open. The mayor spoke. «We do not close», he said."

STATEMENT_KEYS = [
    *("start", "end", "text", "sentence", "quoted", "speaker", "mention", "own_voice"),
    *("subject", "cues", "dates", "headline", "claim_score", "is_claim"),
]


@pytest.fixture
def report() -> Report:
    return Detector(ByNegation()).detect(Document.from_text(TEXT, source="town.txt", language="en"))


def test_another_threshold_needs_no_second_scoring() -> None:
    model = ByNegation()
    report = Detector(model).detect(Document.from_text(TEXT))
    asked = len(model.asked)

    assert len(report.at(0).findings) == len(report.scored) > len(report.at(0.9).findings) > 0
    assert report.at(1).findings == ()
    assert len(model.asked) == asked


def test_findings_are_sorted_by_confidence_then_position(report: Report) -> None:
    order = [(-finding.confidence, finding.a.start, finding.b.start) for finding in report.scored]

    assert order == sorted(order)


def pair(a: tuple[str, int], b: tuple[str, int], confidence: float) -> Finding:
    one, other = (Statement(0, len(text), text, sentence) for text, sentence in (a, b))
    return Finding(one, other, confidence, "narrative", (), (0, 0, 1), (0, 0, 1))


def test_pairs_of_clauses_of_the_same_two_sentences_are_merged_to_the_surest_and_of_these_to_the_shortest() -> None:
    long, short = ("the bridge, which is old, is open", 0), ("it is open", 0)
    closed, town = ("it is closed", 3), ("the town is small", 3)
    surest = pair(short, closed, 0.5)
    elsewhere = pair(short, ("it burned", 4), 0.1)

    kept = merged([pair(long, closed, 0.5), surest, pair(short, town, 0.3), elsewhere])

    assert kept == [surest, elsewhere]


def test_pairs_within_one_sentence_are_not_merged() -> None:
    within = [pair(("a", 2), ("b", 2), 0.3), pair(("a", 2), ("c", 2), 0.2)]

    assert merged(within) == within


def test_what_was_merged_is_counted() -> None:
    text = "The bridge is open, and the bridge is safe. The bridge is not open, and the bridge is not safe."

    report = Detector(ByNegation()).detect(Document.from_text(text, language="en"))

    assert report.counts.scored == len(report.scored) + report.counts.merged
    assert report.counts.merged > 0


def test_json_has_the_shape_of_the_contract(report: Report) -> None:
    data = report.to_json(min_confidence=0, statements=True, text=True)

    assert list(data) == [
        "schema",
        "document",
        "model",
        "calibrated",
        "threshold",
        "counts",
        "findings",
        "statements",
    ]
    assert data["schema"] == 1
    assert data["document"] == {
        "id": report.document.id,
        "source": "town.txt",
        "language": "en",
        "title": None,
        "date": None,
        "n_chars": len(TEXT),
        "text": TEXT,
    }
    assert data["model"] == {"name": "by-negation", "version": "1"}
    assert data["calibrated"] is False
    assert list(data["counts"]) == [
        "sentences",
        "statements",
        "pairs",
        "scored",
        "skipped_pairs",
        "merged",
        "unpaired",
        "truncated",
        "skipped_sentences",
        "skipped_chars",
    ]
    finding = data["findings"][0]
    assert list(finding) == ["confidence", "kind", "reasons", "probabilities", "a", "b"]
    assert list(finding["probabilities"]) == ["forward", "backward"]
    assert all(len(three) == 3 for three in finding["probabilities"].values())
    assert list(finding["a"]) == list(finding["b"]) == list(data["statements"][0]) == STATEMENT_KEYS
    for one in data["findings"]:
        assert one["a"]["start"] < one["b"]["start"]
        assert TEXT[one["a"]["start"] : one["a"]["end"]] == one["a"]["text"]
        assert TEXT[one["b"]["start"] : one["b"]["end"]] == one["b"]["text"]


def test_json_lists_findings_from_the_threshold_on_unless_asked_for_more(report: Report) -> None:
    assert len(report.to_json()["findings"]) == len(report.findings)
    assert len(report.to_json(min_confidence=0)["findings"]) == report.counts.scored
    assert report.to_json()["statements"] == []
    assert "text" not in report.to_json()["document"]


def test_a_report_survives_json(detector: Detector) -> None:
    for report in (detector.detect(Document.read(SEED)), Detector(ByNegation()).detect(Document.from_text(TEXT))):
        written = json.dumps(report.to_json(min_confidence=0, statements=True, text=True))

        assert Report.from_json(json.loads(written)) == report


def test_a_report_written_before_speakers_were_known_still_loads() -> None:
    a, b = (
        {"start": start, "end": end, "text": TEXT[start:end], "sentence": sentence}
        | {"quoted": False, "speaker": None, "subject": subject, "claim_score": None}
        for start, end, sentence, subject in ((0, 19, 0, None), (20, 43, 1, [0, 10]))
    )
    old = {
        "schema": 1,
        "document": {"id": "", "source": "a.txt", "language": "en", "title": None, "date": None, "text": TEXT},
        "model": {"name": "small", "version": "1"},
        "calibrated": True,
        "threshold": 0.5,
        "counts": {"sentences": 4, "statements": 4, "pairs": 6, "scored": 6, "skipped_pairs": 0, "truncated": 0},
        "findings": [
            {"confidence": 0.9, "kind": "narrative", "reasons": [], "a": a, "b": b}
            | {"probabilities": {"forward": [0.1, 0.2, 0.7], "backward": [0.1, 0.2, 0.7]}}
        ],
        "statements": [a, b],
    }

    loaded = Report.from_json(old)

    assert loaded.statements == (Statement(0, 19, TEXT[:19], 0), Statement(20, 43, TEXT[20:43], 1, subject=(0, 10)))
    assert Report.from_json(loaded.to_json(statements=True, text=True)) == loaded


@pytest.mark.parametrize("data", [{}, {"schema": 2}, {"schema": 1}, {"schema": 1, "document": {"text": "x"}}, []])
@pytest.mark.parametrize("kind", [Report, Extract])
def test_json_that_is_something_else_is_one_clear_error(kind: type[Report | Extract], data: object) -> None:
    with pytest.raises(ResultsError):
        kind.from_json(data)  # type: ignore[arg-type]


def test_a_report_is_no_extract_and_an_extract_no_report(report: Report) -> None:
    with pytest.raises(ResultsError, match="claims extract"):
        Extract.from_json(report.to_json(text=True))
    with pytest.raises(ResultsError, match="claims check"):
        Report.from_json(extract(report.document).to_json(text=True))


def test_json_without_the_text_says_how_to_get_it(report: Report) -> None:
    with pytest.raises(ResultsError, match="claims check --format json --text"):
        Report.from_json(report.to_json())
    with pytest.raises(ResultsError, match="claims extract --format json --text"):
        Extract.from_json(extract(report.document).to_json())


def test_json_of_an_extract_has_the_shape_of_the_contract(report: Report) -> None:
    found = extract(report.document)

    data = found.to_json(text=True)

    assert list(data) == ["schema", "document", "counts", "claim_threshold", "statements"]
    assert data["schema"] == 1
    assert data["document"] == report.to_json(text=True)["document"]
    assert list(data["counts"]) == ["sentences", "statements", "claims", "skipped_sentences", "skipped_chars"]
    assert data["claim_threshold"] == CLAIM
    assert list(data["statements"][0]) == STATEMENT_KEYS
    assert all(TEXT[one["start"] : one["end"]] == one["text"] for one in data["statements"])
    assert "text" not in found.to_json()["document"]


def test_an_extract_lists_the_statements_of_a_report_and_counts_what_has_none(report: Report) -> None:
    found = extract(Document.from_text(f"{TEXT} Who knows?", language="en"))

    assert found.statements == report.statements
    assert (found.counts.sentences, found.counts.statements) == (5, report.counts.statements)
    assert found.counts.skipped_sentences == report.counts.skipped_sentences + 1


def test_an_extract_of_claims_only_still_counts_the_others() -> None:
    text = "The bridge is open. The town should close the bridge."
    found = extract(Document.from_text(text, language="en"))

    claims_only = Extract.from_json(found.to_json(claims_only=True, text=True))

    assert [statement.text for statement in claims_only.statements] == ["The bridge is open."]
    assert claims_only.counts == found.counts
    assert (found.counts.statements, found.counts.claims) == (2, 1)


def test_an_extract_of_nothing_is_empty() -> None:
    for text in ("", "?", "Who knows? Why not?", "🙂🙂🙂"):
        found = extract(Document.from_text(text))

        assert found.statements == ()
        assert found.counts.sentences == found.counts.skipped_sentences


def test_same_document_same_id() -> None:
    assert Document.from_text("x").id == Document.from_text("x", source="y").id != Document.from_text("z").id


ANA, EVA = {"speaker": "Ana", "own_voice": False}, {"speaker": "Eva", "own_voice": False}
ARTICLE, SOMEBODY = {"own_voice": True}, {"own_voice": False}


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        (ANA, ANA, "self_contradiction"),
        (ANA, EVA, "source_conflict"),
        (ARTICLE, ARTICLE, "narrative"),
        ({"own_voice": True, "quoted": True}, ARTICLE, "narrative"),
        (ARTICLE, ANA, "unattributed"),
        (ANA, SOMEBODY, "unattributed"),
        (SOMEBODY, SOMEBODY, "unattributed"),
        (SOMEBODY, ARTICLE, "unattributed"),
    ],
)
def test_kind_follows_who_speaks(a: dict[str, object], b: dict[str, object], kind: str) -> None:
    for one, other in ((a, b), (b, a)):
        first, second = Statement(0, 1, "x", 0, **one), Statement(2, 3, "y", 1, **other)  # type: ignore[arg-type]
        assert kind_of(first, second) == kind
    assert kind in KINDS


def test_a_headline_against_the_article_comes_before_all_else() -> None:
    headline = Statement(0, 7, "12 dead", 0, headline=True)
    body, other = Statement(9, 16, "15 dead", 1), Statement(0, 3, "Ten", 0, headline=True)

    assert kind_of(headline, body) == kind_of(body, headline) == "headline"
    assert kind_of(headline, other) != "headline"


def test_kind_follows_numbers_before_speakers() -> None:
    assert kind_of(Statement(0, 1, "12 dead", 0, **ANA), Statement(2, 3, "15 dead", 1, **ANA)) == "numeric"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cues", "other_cues", "dates", "other_dates", "differ"),
    [
        (("past",), ("present",), (), (), True),
        (("past",), ("future",), (), (), True),
        (("present",), ("future",), (), (), False),
        (("past",), (), (), (), False),
        ((), (), ("2019-05",), ("2021",), True),
        (("past",), ("present",), ("2019",), ("2019-05-12",), False),
        ((), (), ("--05",), ("monday",), False),
    ],
)
def test_statements_of_different_times_are_a_change_over_time(
    cues: tuple[str, ...],
    other_cues: tuple[str, ...],
    dates: tuple[str, ...],
    other_dates: tuple[str, ...],
    differ: bool,
) -> None:
    a = Statement(0, 12, "It is closed", 0, cues=cues, dates=dates)
    b = Statement(13, 23, "It is open", 1, cues=other_cues, dates=other_dates)

    assert (kind_of(a, b) == "changed_over_time") is (kind_of(b, a) == "changed_over_time") is differ


@pytest.mark.parametrize(
    ("contradiction", "raised", "reason"),
    [
        ((0.9, 0.6), 1.0, "each excludes the other"),
        ((0.9, 0.1), 1.0, "one excludes the other"),
        ((0.9,), 1.0, "one excludes the other"),
        ((0.3, 0.1), 1.0, "their sentences exclude each other"),
        ((0.3, 0.1), -1.0, None),
    ],
)
def test_reasons_say_of_an_exclusion_what_the_model_says(
    contradiction: tuple[float, ...], raised: float, reason: str | None
) -> None:
    features = np.zeros(len(FEATURES))
    features[FEATURES.index("contradiction")] = raised

    for weight in (0.5, -0.5):  # a fit to verdicts may turn a weight round; what is said stays true
        said = reasons_for(Statement(0, 1, "x", 0), Statement(2, 3, "y", 1), features, weight * features, contradiction)
        assert said == ((reason,) if reason and weight > 0 else ())


def test_reasons_come_strongest_first_and_name_what_is_shared() -> None:
    a = Statement(0, 30, "The bridge cost 12 million euros", 0, speaker="Ana")
    b = Statement(31, 60, "The bridge cost 15 million euros", 0, speaker="Ana")
    added = dict.fromkeys(FEATURES, 0.0) | {"relatedness": 2, "numeric_conflict": 3, "same_speaker": 1, "rank": 9}
    contributions = np.array(list(added.values()))

    said = reasons_for(a, b, contributions, contributions, (0.9, 0.9))

    assert said == ("12 million against 15 million", "both speak of bridge, cost, million, euros", "the same speaker")
