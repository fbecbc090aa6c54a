"""Learning from verdicts: the confidence moves where reviewers say, and not on a handful of decisions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claims import Calibration, Detector, Document, ResultsError
from claims.batch import run_of
from claims.calibration import FEATURES, refit
from claims.cli import calibrate
from claims.findings import RIGHT
from claims.learning import LEAST_OF_EACH, figures_of, learn
from claims.render.figures import render_learned
from claims.results import Results, pair_key
from tests.conftest import ByNegation

SHIPPED = Calibration(1.0, 0.3, -2.0, {"contradiction": 0.4, "numeric_conflict": 1.0})


def article(n: int) -> Document:
    bridge = f"The bridge number {n} is open today. The bridge number {n} is not open today."
    return Document.from_text(
        f"{bridge} Mayor Lee said that tram {n} runs. Nobody slept in house {n}.", source=f"{n}.txt"
    )


@pytest.fixture
def results(tmp_path: Path) -> Results:
    detector = Detector(ByNegation(), SHIPPED)
    run = run_of(detector, threshold=0)
    opened = Results.open(tmp_path / "results.db", create=True)
    opened.begin_run(run)
    for n in range(12):
        opened.add_report(run, detector.detect(article(n)), {f"{n}.txt": "1"})
    return opened


def decide_all(results: Results, n_documents: int) -> int:
    """Confirm what says "not" against its like, call everything else a false alarm."""
    n = 0
    for document in results.document_ids()[:n_documents]:
        for kept in results.kept(document):
            texts = kept.finding.a.text, kept.finding.b.text
            both = all("bridge" in text for text in texts)
            results.add_verdict(kept.pair, "confirmed" if both else "false_alarm", reviewer="Ana")
            n += 1
    return n


def test_verdicts_move_the_confidence_where_they_say(results: Results) -> None:
    n = decide_all(results, 12)

    learned = learn(results, Detector(ByNegation(), SHIPPED))

    assert learned.right == 12
    assert learned.right + learned.false_alarms == n
    assert learned.documents == 12
    assert learned.by_document
    assert (learned.lost, learned.across) == (0, 0)
    assert learned.after.log_loss < learned.before.log_loss
    assert (learned.before.right, learned.before.flagged) == (12, 36)
    assert (learned.after.right, learned.after.flagged) == (12, 12)
    assert (learned.calibration.threshold, learned.calibration.temperature) == (0.3, 1.0)
    told = render_learned(learned)
    assert "12 right" in told
    assert "precision at 0.3" in told
    assert "right pairs flagged     12 of 12          12 of 12" in told


def test_too_few_verdicts_of_either_kind_are_refused(results: Results) -> None:
    decide_all(results, LEAST_OF_EACH - 1)

    with pytest.raises(ResultsError, match=f"too few verdicts .* {LEAST_OF_EACH} of each"):
        learn(results, Detector(ByNegation(), SHIPPED))


def test_a_verdict_taken_back_teaches_nothing(results: Results) -> None:
    decide_all(results, 12)
    n_all = learn(results, Detector(ByNegation(), SHIPPED)).right
    results.add_verdict(results.kept(results.document_ids()[0])[0].pair, None, reviewer="Ana")

    learned = learn(results, Detector(ByNegation(), SHIPPED))

    assert learned.right + learned.false_alarms == sum(1 for _ in results.verdicts())
    assert learned.right <= n_all


def test_what_was_learned_is_a_calibration_file_that_a_detector_uses(results: Results, tmp_path: Path) -> None:
    decide_all(results, 12)
    learn(results, Detector(ByNegation(), SHIPPED)).calibration.save(tmp_path / "learned.json")

    learned = Calibration.load(tmp_path / "learned.json")

    [first, *_] = Detector(ByNegation(), learned).detect(article(99)).scored
    [shipped, *_] = Detector(ByNegation(), SHIPPED).detect(article(99)).scored
    assert first.a.text.startswith("The bridge")
    assert first.confidence > shipped.confidence


def test_a_detector_computes_the_confidence_that_was_fitted(results: Results) -> None:
    decide_all(results, 12)
    learned = learn(results, Detector(ByNegation(), SHIPPED)).calibration

    detector = Detector(ByNegation(), learned)
    of_pair = {}
    for document in results.document_ids():
        scored = detector.detect(results.document(document)).scored
        of_pair.update({pair_key(found.a.text, found.b.text): found.confidence for found in scored})
    verdicts = {pair: verdict.verdict in RIGHT for pair, verdict in results.verdicts().items()}
    detected = figures_of(
        np.array([of_pair[pair] for pair in verdicts]), np.array(list(verdicts.values())), learned.threshold
    )

    fitted = learn(results, detector).before
    assert (fitted.flagged, fitted.right) == (detected.flagged, detected.right)
    assert fitted.log_loss == pytest.approx(detected.log_loss)


def test_a_text_in_several_articles_is_one_verdict(results: Results) -> None:
    detector = Detector(ByNegation(), SHIPPED)
    for n in range(12):
        copy = Document.from_text(f"{article(n).text} The same in another paper.", source=f"copy-{n}.txt")
        results.add_report(run_of(detector, threshold=0), detector.detect(copy), {copy.source: "1"})
    decide_all(results, len(results.document_ids()))

    learned = learn(results, detector)

    assert learned.right + learned.false_alarms + learned.lost == len(results.verdicts())
    assert learned.right == 12


def test_other_clauses_of_a_reviewed_pair_are_not_held_where_they_were(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_others = []

    def watched(*given: np.ndarray) -> Calibration:
        n_others.append(len(given[3]))
        return refit(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("claims.learning.refit", watched)
    detector = Detector(ByNegation(), SHIPPED)
    decide_all(results, 12)
    learn(results, detector)
    clauses = Document.from_text(
        "Mayor Lee said that the bridge is open and that the tram runs. "
        "Mayor Lee said that the bridge is not open and that the tram does not run.",
        source="clauses.txt",
    )
    report = detector.detect(clauses)
    assert report.counts.merged
    results.add_report(run_of(detector, threshold=0), report, {"clauses.txt": "1"})
    for kept in results.kept(clauses.id):
        results.add_verdict(kept.pair, "false_alarm", reviewer="Ana")

    learn(results, detector)

    assert n_others[-1] == n_others[0]


def test_calibrate_writes_nothing_that_is_no_better_unless_it_is_asked_to(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decide_all(results, 12)
    learned = learn(results, Detector(ByNegation(), SHIPPED))
    asked: list[object] = []
    monkeypatch.setattr(
        "claims.detect.Detector.from_pretrained", lambda *_, calibration, **__: asked.append(calibration)
    )
    monkeypatch.setattr("claims.learning.learn", lambda *_: replace(learned, after=learned.before))
    in_use = tmp_path / "results.calibration.json"
    in_use.write_text("of March")

    calibrate(results.path, calibration=in_use)
    assert in_use.read_text() == "of March"
    assert asked == [in_use]
    said = capsys.readouterr()
    assert "No better than before" in said.out
    assert "nothing written" in said.err

    calibrate(results.path, output=in_use)
    assert Calibration.load(in_use) == learned.calibration
    assert [file.name for file in tmp_path.glob("*.json*")] == [in_use.name]


def test_calibrate_writes_what_is_better_beside_the_results(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide_all(results, 12)
    monkeypatch.setattr("claims.detect.Detector.from_pretrained", lambda *_, **__: Detector(ByNegation(), SHIPPED))

    calibrate(results.path)

    assert Calibration.load(tmp_path / "results.calibration.json").threshold == SHIPPED.threshold


NO_OTHERS = np.zeros((0, len(FEATURES)))


def some_pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    chooser = np.random.default_rng(0)
    features = chooser.normal(size=(n, len(FEATURES)))
    truth = chooser.random(n) < 1 / (1 + np.exp(-(features[:, 0] * 2 - 1)))
    return features, truth


def test_few_verdicts_leave_the_weights_nearly_where_they_were() -> None:
    features, truth = some_pairs(2)

    moved = refit(SHIPPED, features, truth, NO_OTHERS)

    for name in FEATURES:
        assert abs(moved.weights.get(name, 0) - SHIPPED.weights.get(name, 0)) < 0.2


def test_many_verdicts_overrule_the_prior() -> None:
    features, truth = some_pairs(20_000)

    moved = refit(SHIPPED, features, truth, NO_OTHERS)

    assert moved.weights["contradiction"] == pytest.approx(2, abs=0.15)
    assert moved.weights["entailment"] == pytest.approx(0, abs=0.1)
    assert moved.intercept == pytest.approx(-1, abs=0.1)


def test_verdicts_that_say_what_the_confidence_says_change_nothing() -> None:
    features = np.zeros((100, len(FEATURES)))
    features[:, 0] = np.linspace(-1, 1, 100)
    truth = np.arange(100) % 2 == 0

    moved = refit(Calibration(1.0, 0.3, 0.0, {}), features, truth, NO_OTHERS)

    assert abs(moved.intercept) < 0.02
    assert all(abs(weight) < 0.1 for weight in moved.weights.values())


def test_pairs_that_nobody_decided_on_keep_the_confidence_they_had() -> None:
    chooser = np.random.default_rng(0)
    seen = chooser.normal(size=(40, len(FEATURES))) + 3 * (np.arange(len(FEATURES)) == 1)
    unseen = chooser.normal(size=(2_000, len(FEATURES)))
    shipped = Calibration(1.0, 0.05, -5.0, {"entailment": 1.0})
    every_one_right = np.ones(len(seen), bool)

    loose = refit(shipped, seen, every_one_right, NO_OTHERS)
    held = refit(shipped, seen, every_one_right, unseen)

    before = shipped.confidence(unseen).mean()
    assert loose.confidence(unseen).mean() > 10 * before
    assert held.confidence(unseen).mean() < 2 * before
    assert held.confidence(seen).mean() > 3 * shipped.confidence(seen).mean()
