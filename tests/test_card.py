"""The card's tables are those of the figures, and nothing else in it changes."""

import pytest

from models.card import fill

GROUP = {
    "pairs": 100,
    "accuracy": 0.71239,
    "accuracy_fp32": 0.7,
    "average_precision": None,
    "calibration_error": 0.01,
    "agreement": 0.99,
    "difference": 0.004,
}
EVALUATION = {
    "failed": [],
    "figures": {
        "all": GROUP,
        "two": GROUP,
        "two es": GROUP | {"accuracy": 0.5},
        "two en": GROUP,
        "two mean": GROUP | {"accuracy": 0.606},
        "one": GROUP,
        "one fr": GROUP,
    },
}
SPEED = {
    "cores": 2,
    "pairs": 10,
    "tokens": 12345,
    "engines": {"shipped": {"tokens_per_second": 9876, "times_torch_fp32": 2.5, "peak_memory_mb": 300}},
}
HEADS = {
    "boundaries": {"en": {"rules": 0.61, "tagger": 0.82}},
    "subject_tokens": {"en": 0.77},
    "boundaries_mean": {"rules": 0.61, "tagger": 0.82},
    "boundaries_mean_main": {"rules": 0.61, "tagger": 0.82},
    "claims": {
        "debates_en": {
            "rows": 100,
            "worth_checking": 20,
            "average_precision": 0.9,
            "average_precision_baseline": 0.7,
            "f1": 0.8,
            "f1_baseline": 0.5,
            "best_f1": 0.85,
        }
    },
}
AT = {
    "threshold": 0.05,
    "flagged": 34,
    "precision": 0.25,
    "recall": 0.2,
    "false_findings_per_clean_article": 0.4,
    "distractors_flagged": 0.02,
}
CALIBRATION = {
    "temperature": 1.5,
    "calibration_error_of_labels": {"before": 0.1, "after": 0.02},
    "pairs": 12345,
    "labelled_contradictions_among_them": 57,
    "average_precision_uncalibrated": 0.03,
    "articles": AT | {"average_precision": 0.14, "article_auroc": 0.6},
    "at": [AT],
    "findings_a_held_back_news_document": {"0.05": 0.35},
    "without": {"relatedness": 0.07},
    "calibration": {"weights": {"relatedness": 0.3}},
}
CARD = (
    "# Model\n\n<!-- evaluation -->\nold\n<!-- /evaluation -->\n\nBy hand.\n\n<!-- speed -->\n<!-- /speed -->\nEnd.\n"
)


def test_tables_have_a_row_for_each_language_set_and_mean() -> None:
    card = fill(CARD, {"evaluation": EVALUATION, "speed": SPEED})

    rows = [line for line in card.splitlines() if line.startswith("|") and "---" not in line]
    assert [row.split("|")[1].strip() for row in rows] == [
        "two", "en", "es", "**mean**", "set", "one (fr)", "**all pairs**", "engine", "shipped",
    ]  # fmt: skip
    assert "| es | 100 | 0.500 | 0.700 | 0.990 | – | 0.010 |" in rows
    assert "| shipped | 9,876 | 2.5 | 300 |" in rows
    assert "99.00% the label" in card
    assert "The gate is passed." in card


def test_what_is_written_by_hand_stays_and_filling_twice_changes_nothing() -> None:
    once = fill(CARD, {"evaluation": EVALUATION, "speed": SPEED})

    assert "old" not in once
    assert once.startswith("# Model\n\n<!-- evaluation -->")
    assert "\n\nBy hand.\n\n" in once
    assert once.endswith("End.\n")
    assert fill(once, {"evaluation": EVALUATION, "speed": SPEED}) == once


def test_heads_are_shown_beside_what_they_are_compared_with() -> None:
    card = fill("<!-- heads -->\n<!-- /heads -->\n", {"heads": HEADS})

    assert "| en | 0.61 | 0.82 | 0.77 |" in card
    assert "| debates_en | 100 | 20 | 0.7 | 0.9 | 0.5 | 0.8 | 0.85 |" in card


def test_confidence_is_shown_with_what_it_flags_and_what_each_feature_is_worth() -> None:
    card = fill("<!-- calibration -->\n<!-- /calibration -->\n", {"calibration": CALIBRATION})

    assert "average precision 0.140" in card
    assert "| 0.05 | 34 | 0.25 | 0.2 | 0.4 | 0.02 | 0.35 |" in card
    assert "| `relatedness` | +0.30 | 0.070 |" in card


def test_what_answers_for_articles_has_its_own_sentence() -> None:
    told = EVALUATION | {"for_articles": {"all": GROUP | {"agreement": 0.98765, "accuracy": 0.6}}}

    assert "98.77% (difference 0.0040)" in fill(CARD, {"evaluation": told})


def test_a_missed_bound_is_named() -> None:
    failed = [{"figure": "agreement", "value": 0.98, "bound": 0.985}]

    assert "The gate is missed by: agreement 0.98 (bound 0.985)." in fill(
        CARD, {"evaluation": EVALUATION | {"failed": failed}}
    )


def test_a_card_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no <!-- speed -->"):
        fill("# Model\n", {"speed": SPEED})
