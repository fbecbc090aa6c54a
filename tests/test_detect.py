import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import claims
from claims import Calibration, Detector, Document, ModelError, Prediction, find_contradictions
from claims.detect import READ_BOTH_WAYS, ask, surest
from claims.nli import Progress
from tests.conftest import SEED, ByNegation

FIRM = "se ha mostrado firme a respetar las sanciones impuestas contra Rusia"
COOPERATES = "continuará la cooperación integral con Rusia"


def test_the_named_pair_of_the_seed_article_is_the_first(detector: Detector) -> None:
    first = detector.detect(Document.read(SEED)).findings[0]

    assert FIRM in first.a.text
    assert COOPERATES in first.b.text
    assert first.kind == "self_contradiction"
    assert first.a.speaker == first.b.speaker == "Kasim-Yomart Tokáev"


def test_what_one_speaker_is_reported_to_say_is_read_with_the_speaker_as_subject() -> None:
    model = ByNegation()

    Detector(model).detect(
        Document.from_text("Mayor Ann Lee said that the bridge is open. She added that it is not safe.", language="en")
    )

    assert ("Ann Lee the bridge is open.", "Ann Lee it is not safe.") in model.asked


def test_a_speaker_who_is_named_in_the_statement_is_not_named_twice() -> None:
    model = ByNegation()

    Detector(model).detect(
        Document.from_text(
            "According to Ann Lee the bridge is open. Ann Lee said the bridge is not safe.", language="en"
        )
    )

    assert all(text.count("Ann Lee") <= 1 for pair in model.asked for text in pair)


def test_how_many_pairs_are_read_changes_the_confidence_of_one_little(detector: Detector) -> None:
    document = Document.read(SEED)

    whole = detector.detect(document).scored[0]
    few = replace(detector, max_pairs=120).detect(document).scored

    assert [one.confidence for one in few if one.a == whole.a and one.b == whole.b] == [
        pytest.approx(whole.confidence, abs=0.06)
    ]


def test_claims_only_pairs_no_others_and_counts_them(detector: Detector) -> None:
    document = Document.read(SEED)

    report = replace(detector, claims_only=True).detect(document)

    assert report.statements == detector.detect(document).statements
    assert all(statement.is_claim for finding in report.scored for statement in (finding.a, finding.b))
    assert report.counts.unpaired == sum(not statement.is_claim for statement in report.statements) > 0


def test_a_report_accounts_for_every_sentence_and_pair(detector: Detector) -> None:
    report = replace(detector, max_pairs=100).detect(Document.read(SEED))
    counts = report.counts

    assert counts.pairs == counts.scored + counts.skipped_pairs
    assert counts.scored == len(report.scored) + counts.merged == 100
    assert counts.statements == len(report.statements)
    assert counts.sentences == counts.skipped_sentences + len({s.sentence for s in report.statements})


def test_the_pairs_of_a_short_article_are_read_in_both_directions() -> None:
    model = ByNegation()

    report = Detector(model).detect(Document.from_text("The bridge is open. The bridge is not open. Trains run late."))

    assert len(model.asked) == 2 * report.counts.scored == 6
    assert {(b, a) for a, b in model.asked} == set(model.asked)
    assert all(finding.backward for finding in report.scored)


def test_pairs_without_prospects_are_read_in_one_direction_and_say_so(detector: Detector) -> None:
    report = detector.detect(Document.read(SEED))

    once = [finding for finding in report.scored if finding.backward is None]
    assert report.counts.scored > READ_BOTH_WAYS
    assert len(report.scored) - READ_BOTH_WAYS <= len(once) < report.counts.scored
    assert max(finding.confidence for finding in once) < report.threshold / 4


def test_the_same_article_gives_the_same_report(detector: Detector) -> None:
    document = Document.from_text("The mine has closed. The mine employs 300 people. The mine stays open until May.")

    assert detector.detect(document) == detector.detect(document)


def test_order_of_the_statements_does_not_change_a_pairs_confidence(detector: Detector) -> None:
    one, other = "The mine closed in March for good.", "The mine has stayed open ever since March."

    forward = detector.detect(Document.from_text(f"{one} {other}", language="en"))
    backward = detector.detect(Document.from_text(f"{other} {one}", language="en"))

    assert forward.scored[0].confidence == pytest.approx(backward.scored[0].confidence, abs=1e-6)


def test_a_model_without_calibration_says_so() -> None:
    assert Detector(ByNegation()).detect(Document.from_text("A dog barks. A dog does not bark.")).calibrated is False


def test_an_answer_that_is_no_number_is_an_error_not_a_clean_article() -> None:
    class Broken(ByNegation):
        def predict(self, pairs, progress=None):
            return Prediction(np.full((len(pairs), 3), np.nan, np.float32), np.zeros(len(pairs), np.bool_))

    with pytest.raises(ModelError, match="no finite answer"):
        Detector(Broken()).detect(Document.from_text("The bridge is open. The bridge is not open."))


def test_a_document_without_statements_gives_an_empty_report() -> None:
    for text in ("", "?", "Who knows? Why not?", "🙂🙂🙂"):
        report = Detector(ByNegation()).detect(Document.from_text(text))

        assert report.findings == ()
        assert report.counts.pairs == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=400))
def test_any_text_gives_exact_slices(text: str) -> None:
    report = Detector(ByNegation()).detect(Document.from_text(text))

    for finding in report.scored:
        for statement in (finding.a, finding.b):
            assert report.document.text[statement.start : statement.end] == statement.text
        assert finding.a.end <= finding.b.start


def test_find_contradictions_finds_one_in_plain_text() -> None:
    findings = find_contradictions("The museum opens on Monday. On Monday the museum stays closed.")

    assert [(finding.a.text, finding.b.text) for finding in findings] == [
        ("The museum opens on Monday.", "On Monday the museum stays closed.")
    ]


def test_the_public_namespace_is_sorted_and_complete() -> None:
    assert claims.__all__ == sorted(claims.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(claims, name) for name in claims.__all__)


def test_checking_with_the_bundled_model_imports_neither_torch_nor_transformers() -> None:
    program = (
        "import sys; from claims import find_contradictions; find_contradictions('A door is open. It is shut.');"
        "print(*({'torch', 'transformers', 'trafilatura'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


def test_the_surest_pairs_are_read_again_with_their_whole_sentences(detector: Detector) -> None:
    model = ByNegation()
    text = "The bridge is open, which pleases the mayor of the town. It is not open, says the man who owns the ferry."

    calibration = Calibration(1.0, 0.5, 0.0, {"contradiction": 1.0})
    replace(detector, model=model, tagger=None, calibration=calibration).detect(Document.from_text(text, language="en"))

    first, second = text.split(". ")
    assert {(f"{first}.", second), (second, f"{first}.")} <= set(model.asked)


def test_whole_sentences_that_were_read_as_statements_are_not_read_again() -> None:
    model = ByNegation()

    Detector(model).detect(Document.from_text("The bridge is open. It is not open.", language="en"))

    assert len(model.asked) == 2


class Neutral(ByNegation):
    """Calls every pair neutral."""

    def predict(self, pairs: Sequence[tuple[str, str]], progress: Progress | None = None) -> Prediction:
        self.asked += pairs
        return Prediction(np.tile(np.array([0, 8, 0], np.float32), (len(pairs), 1)), np.zeros(len(pairs), np.bool_))


def test_of_the_surest_pairs_the_answer_is_the_mean_with_that_of_a_second_model() -> None:
    pairs = [("Trams run.", "The bridge is open."), ("It is open.", "It is not open.")]
    first, second = ByNegation(), Neutral()

    def one(contradiction: NDArray[np.float64]) -> NDArray[np.intp]:
        return surest(contradiction)[:1]

    [alone, _] = ask(first, None, [pairs, []], suspects=one)
    [both, nothing] = ask(first, second, [pairs, []], suspects=one)

    assert first.asked == [*pairs, pairs[1][::-1]] * 2
    assert second.asked == [pairs[1], pairs[1][::-1]]
    np.testing.assert_array_equal(alone.both, [False, True])
    np.testing.assert_array_equal(both.both, [False, True])
    np.testing.assert_array_equal(both.logits[:, 0], alone.logits[:, 0])
    np.testing.assert_array_equal(both.logits[:, 1], [[0, 4, 2]] * 2)
    assert nothing.logits.shape == (2, 0, 3)


def test_the_bundled_model_asks_both_sets_of_its_layers_about_the_surest_pairs(detector: Detector) -> None:
    document = Document.read(SEED)

    both, alone = detector.detect(document), replace(detector, second=None).detect(document)

    told, told_alone = ({(f.a.start, f.b.start): f.forward for f in report.scored} for report in (both, alone))
    listed_twice = told.keys() & told_alone.keys()
    assert 0 < sum(told[pair] != told_alone[pair] for pair in listed_twice) <= READ_BOTH_WAYS < len(listed_twice)


class OfSentences(ByNegation):
    """Gives no number of anything that names the ferry."""

    def predict(self, pairs: Sequence[tuple[str, str]], progress: Progress | None = None) -> Prediction:
        told = super().predict(pairs, progress)
        told.logits[["ferry" in a + b for a, b in pairs]] = np.nan
        return told


def test_whole_sentences_of_which_the_answer_is_no_number_are_an_error_too(detector: Detector) -> None:
    document = Document.from_text("The bridge is open. It is not open, and the ferry regrets that.", language="en")
    first, second, *_ = claims.extract(document, detector.tagger).statements
    assert "ferry" not in first.text + second.text

    with pytest.raises(ModelError, match=r"no finite answer to 'The bridge is open\.' and 'It is not open, and"):
        replace(detector, model=OfSentences(), second=None, max_pairs=1).detect(document)


def test_articles_of_one_statement_or_none_share_a_batch_with_others(detector: Detector) -> None:
    texts = ("The bridge is open.", "", "The mine has closed. The mine stays open until May.", "Why?")
    documents = [Document.from_text(text, language="en") for text in texts]

    together = detector.detect_all(documents)

    alone = detector.detect(documents[2])
    assert [report.counts.scored for report in together] == [0, 0, 1, 0]
    assert together[2].scored[0].confidence == pytest.approx(alone.scored[0].confidence, abs=1e-6)
