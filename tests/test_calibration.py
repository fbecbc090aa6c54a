import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.calibration import (
    FEATURES,
    FILE,
    UNCALIBRATED,
    Calibration,
    expected_calibration_error,
    fit_logistic,
    fit_temperature,
    numeric_conflict,
    pair_features,
)
from claims.errors import ModelError
from claims.nli import bundled_folder, softmax
from claims.statements import Statement

STATEMENTS = st.builds(
    lambda text, sentence: Statement(0, len(text), text, sentence), st.text(max_size=40), st.integers(0, 3)
)
LOGITS = st.lists(st.floats(-12, 12, width=32), min_size=3, max_size=3)


@given(STATEMENTS, STATEMENTS, LOGITS, LOGITS, st.floats(0, 1, width=32))
def test_swapping_a_pair_keeps_its_features_and_confidence(a, b, forward, backward, relatedness) -> None:
    one, other, related = (np.array([row], np.float32) for row in (forward, backward, relatedness))

    features = pair_features([(a, b)], one, other, related)
    swapped = pair_features([(b, a)], other, one, related)

    np.testing.assert_array_equal(features, swapped)
    confidence = Calibration.load(bundled_folder() / FILE).confidence(features)
    assert 0 <= confidence[0] <= 1


@pytest.mark.parametrize(
    ("a", "b", "conflict"),
    [
        ("El puente costó 12 millones de euros", "Los 15 millones del puente", ("12 millones", "15 millones")),
        ("Se suprimen 84 plazas", "La mitad de las 84 plazas vuelve", None),
        ("It lasted 3 days", "It cost 4 euros", None),
        ("Die 22.000 Fahrzeuge", "Von den 31.000 Fahrzeugen", ("22.000 Fahrzeuge", "31.000 Fahrzeugen")),
        ("fell by 20%", "fell by 8 %", ("20%", "8 %")),
        ("no numbers here", "12 cats", None),
        ("1 234 567 votes", "1 234 568 votes", ("1 234 567 votes", "1 234 568 votes")),
        ("12\u202f345 votes", "11\u202f345 votes", ("12\u202f345 votes", "11\u202f345 votes")),
        ("3,60 euros", "360 euros", ("3,60 euros", "360 euros")),
        ("3,6 euros", "3.60 euros", None),
        ("22.000 Fahrzeuge", "22,000 Fahrzeuge", None),
        ("In 2019 the firm grew", "In 2020 the firm shrank", None),
        ("El 12 de mayo llegó", "El 20 de abril salió", None),
        ("the 2019 election", "the 2020 election", None),
        ("١٢ شخصا", "12 شخصا", None),
        ("5 cats and 3 dogs", "7 cats and 9 dogs", ("5 cats", "7 cats")),
    ],
)
def test_amounts_conflict_only_within_one_unit(a: str, b: str, conflict: tuple[str, str] | None) -> None:
    assert numeric_conflict(a, b) == conflict


def test_uncalibrated_confidence_is_the_mean_of_both_directions() -> None:
    a, b = Statement(0, 1, "a", 0), Statement(2, 3, "b", 1)
    even = np.log(np.array([[0.25, 0.25, 0.5]], np.float32))

    features = pair_features([(a, b)], even, even, np.zeros(1, np.float32))

    assert UNCALIBRATED.confidence(features)[0] == pytest.approx(0.5)


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    calibration = Calibration(1.3, 0.4, -2.5, dict.fromkeys(FEATURES, 0.25))

    calibration.save(tmp_path / FILE)

    assert Calibration.load(tmp_path / FILE) == calibration


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"version": 1}', "not json", '{"version": 1, "temperature": 1, "threshold": 1, "x": 1}'],
)
def test_a_damaged_calibration_file_is_one_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)

    with pytest.raises(ModelError, match="not a calibration file"):
        Calibration.load(tmp_path / FILE)


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"version": 2}, "of version 2, not 1"),
        ({"version": 2, "news": 1}, "of version 2, not 1"),
        ({"weights": {"astrology": 1.0}}, "astrology"),
        ({"weights": None}, "not a calibration file"),
        ({"weights": {"relatedness": "much"}}, "not a calibration file"),
        ({"temperature": 0}, "out of range"),
        ({"temperature": "warm"}, "not a calibration file"),
        ({"threshold": 7}, "out of range"),
    ],
)
def test_a_calibration_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object], trouble: str) -> None:
    UNCALIBRATED.save(tmp_path / FILE)
    data = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps({**data, **change}))

    with pytest.raises(ModelError, match=trouble):
        Calibration.load(tmp_path / FILE)


def test_temperature_undoes_overconfidence() -> None:
    chooser = np.random.default_rng(0)
    honest = chooser.normal(size=(20_000, 3)).astype(np.float32) * 2
    labels = np.array([chooser.choice(3, p=row / row.sum()) for row in softmax(honest).astype(np.float64)])

    assert fit_temperature(honest * 3, labels) == pytest.approx(3, rel=0.05)


def test_logistic_regression_recovers_the_weights_that_made_the_labels() -> None:
    chooser = np.random.default_rng(0)
    features = chooser.normal(size=(40_000, 2)) * [1, 5] + [3, -2]
    score = features @ [1.0, -0.4] - 2
    labels = chooser.random(len(score)) < 1 / (1 + np.exp(-score))

    intercept, weights = fit_logistic(features, labels, np.ones(len(labels)))

    assert intercept == pytest.approx(-2, abs=0.15)
    assert weights == pytest.approx([1.0, -0.4], abs=0.05)


def test_expected_calibration_error_of_a_known_example() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.15, 0.15])
    correct = np.array([True, True, True, False, False, False])

    # the bin at .95 is right in 3 of 4, that at .15 in none of 2
    assert expected_calibration_error(confidence, correct) == pytest.approx((4 * 0.20 + 2 * 0.15) / 6)
