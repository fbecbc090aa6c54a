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
    VERSION,
    Calibration,
    expected_calibration_error,
    fit_logistic,
    fit_temperature,
    numeric_conflict,
    pair_features,
    ranks,
)
from claims.errors import ModelError
from claims.nli import bundled_folder, softmax
from claims.pairs import Candidates
from claims.statements import Statement

STATEMENTS = st.builds(
    lambda text, sentence: Statement(0, len(text), text, sentence), st.text(max_size=40), st.integers(0, 3)
)
LOG_ODDS = st.floats(-12, 12)


def candidates(n: int, relatedness: float = 0.0) -> Candidates:
    return Candidates(((0, 1),) * n, np.full(n, relatedness, np.float32), possible=n, usual=n)


@given(STATEMENTS, STATEMENTS, LOG_ODDS, LOG_ODDS, st.floats(0, 1, width=32))
def test_swapping_a_pair_keeps_its_features_and_confidence(a, b, contradiction, entailment, relatedness) -> None:
    con, ent = np.array([contradiction]), np.array([entailment])
    related = candidates(1, relatedness)

    features = pair_features([(a, b)], con, ent, ranks(con, 1), related)
    swapped = pair_features([(b, a)], con, ent, ranks(con, 1), related)

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


def statement(text: str, sentence: int, speaker: str | None = None, claim_score: float | None = None) -> Statement:
    return Statement(0, len(text), text, sentence, speaker=speaker, claim_score=claim_score)


def features_of(a: Statement, b: Statement) -> dict[str, float]:
    values = pair_features([(a, b)], np.zeros(1), np.zeros(1), np.zeros(1), candidates(1))[0]
    return dict(zip(FEATURES, values.tolist(), strict=True))


def test_features_say_where_two_statements_stand_and_who_makes_them() -> None:
    one, next_to_it, far = (statement("It is so", n, speaker) for n, speaker in ((4, "Lee"), (5, "Lee"), (11, None)))

    near = features_of(one, next_to_it)
    apart = features_of(one, far)
    within = features_of(one, statement("It is not so", 4, "Ross"))

    assert (near["same_speaker"], near["one_reported"], near["neighbours"], near["same_sentence"]) == (1, 0, 1, 0)
    assert (apart["same_speaker"], apart["one_reported"], apart["neighbours"]) == (0, 1, 0)
    assert (within["same_speaker"], within["one_reported"], within["same_sentence"], within["distance"]) == (0, 0, 1, 0)
    assert apart["distance"] > near["distance"] > 0


def test_amounts_in_conflict_count_the_more_the_more_else_is_shared() -> None:
    a = statement("The bridge cost 12 million euros", 0, claim_score=0.75)
    same_scope = features_of(a, statement("The bridge cost 15 million euros", 3, claim_score=0.5))
    other_scope = features_of(a, statement("Spain lends 15 million to its towns", 3))

    assert same_scope["numeric_conflict"] > other_scope["numeric_conflict"] > 0
    assert (same_scope["claim_scores"], other_scope["claim_scores"]) == (1.25, 0.75)


def test_a_pair_among_many_has_more_to_compete_with() -> None:
    pairs = [(statement("It is so", 0), statement("It is not so", 1))]

    def pairs_read(n: int) -> float:
        nothing = np.zeros(n)
        return float(pair_features(pairs * n, nothing, nothing, nothing, candidates(n))[0, -1])

    assert FEATURES[-1] == "pairs_read"
    assert (pairs_read(1), pairs_read(100)) == (0, pytest.approx(np.log(100)))
    assert Calibration.load(bundled_folder() / FILE).weights["pairs_read"] < 0


def test_the_surest_pair_of_an_article_ranks_first() -> None:
    np.testing.assert_allclose(ranks(np.array([0.0, 2.0, -1.0]), usual=3), np.log1p([1, 0, 2]))


def test_a_rank_among_fewer_pairs_than_usual_counts_as_one_among_the_usual_number() -> None:
    np.testing.assert_allclose(ranks(np.array([0.0, 2.0, -1.0]), usual=6), np.log1p([2, 0, 4]))


def test_uncalibrated_confidence_is_the_probability_of_a_contradiction() -> None:
    a, b = Statement(0, 1, "a", 0), Statement(2, 3, "b", 1)

    features = pair_features([(a, b)], np.log([4.0]), np.zeros(1), np.zeros(1), candidates(1))

    assert UNCALIBRATED.confidence(features)[0] == pytest.approx(0.8)


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    calibration = Calibration(1.3, 0.4, -2.5, dict.fromkeys(FEATURES, 0.25))

    calibration.save(tmp_path / FILE)

    assert Calibration.load(tmp_path / FILE) == calibration


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", f'{{"version": {VERSION}}}', "not json", f'{{"version": {VERSION}, "temperature": 1, "x": 1}}'],
)
def test_a_damaged_calibration_file_is_one_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)

    with pytest.raises(ModelError, match="not a calibration file"):
        Calibration.load(tmp_path / FILE)


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"version": 1}, f"of version 1, not {VERSION}"),
        ({"version": 9, "news": 1}, f"of version 9, not {VERSION}"),
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
