import json

import pytest

from claims import Detector, Document, Report, ResultsError
from claims.findings import KINDS, kind_of
from claims.statements import Statement
from tests.conftest import SEED, ByNegation

TEXT = "The bridge is open. The bridge is not open. The mayor spoke. «We do not close», he said."


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
        "truncated",
        "skipped_sentences",
        "skipped_chars",
    ]
    finding = data["findings"][0]
    assert list(finding) == ["confidence", "kind", "reasons", "probabilities", "a", "b"]
    assert list(finding["probabilities"]) == ["forward", "backward"]
    assert all(len(three) == 3 for three in finding["probabilities"].values())
    statement_keys = ["start", "end", "text", "sentence", "quoted", "speaker", "subject", "claim_score"]
    assert list(finding["a"]) == list(finding["b"]) == list(data["statements"][0]) == statement_keys
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


@pytest.mark.parametrize("data", [{}, {"schema": 2}, {"schema": 1}, {"schema": 1, "document": {"text": "x"}}, []])
def test_json_that_is_no_report_is_one_clear_error(data: object) -> None:
    with pytest.raises(ResultsError):
        Report.from_json(data)  # type: ignore[arg-type]


def test_json_without_the_text_says_how_to_get_it(report: Report) -> None:
    with pytest.raises(ResultsError, match="--text"):
        Report.from_json(report.to_json())


def test_same_document_same_id() -> None:
    assert Document.from_text("x").id == Document.from_text("x", source="y").id != Document.from_text("z").id


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        (Statement(0, 1, "12 dead", 0), Statement(2, 3, "15 dead", 1), "numeric"),
        (Statement(0, 1, "x", 0, speaker="Ana"), Statement(2, 3, "y", 1, speaker="Ana"), "self_contradiction"),
        (Statement(0, 1, "x", 0, speaker="Ana"), Statement(2, 3, "y", 1, speaker="Eva"), "source_conflict"),
        (Statement(0, 1, "x", 0, quoted=True), Statement(2, 3, "y", 1), "unattributed"),
        (Statement(0, 1, "x", 0), Statement(2, 3, "y", 1), "narrative"),
    ],
)
def test_kind_follows_numbers_then_speakers_then_quotation_marks(a: Statement, b: Statement, kind: str) -> None:
    assert kind_of(a, b) == kind
    assert kind in KINDS
