"""The converter: what transformers loads answers as what ships."""

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import helper
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertForSequenceClassification

from claims import Detector
from claims.calibration import FILE, Calibration
from claims.nli import LABELS, BundledModel, TransformersModel, bundled_folder
from models.export import WORD_EMBEDDINGS
from models.to_transformers import build_model, convert, read_config, read_weights
from tests.conftest import ROOT, SEED
from tests.graphs import feed_of, graphs_of, run

# (premise, hypothesis) whose answer is plain
PAIRS = [
    ("The bridge is closed on Monday.", "The bridge is open on Monday."),
    ("The bridge was built in 1990.", "The bridge was repaired by a local company."),
    ("Ein Mann kauft Brot.", "Der Mann kauft das Brot für seine Familie."),
    ("Tres hombres cantan en la calle.", "Hay personas cantando."),
    ("Der Bürgermeister ist zurückgetreten.", "Der Bürgermeister bleibt im Amt."),
    ("Le train est arrivé à l'heure.", "Le train avait du retard."),
    ("Мост открыт для движения.", "Мост закрыт для движения."),
    ("الجسر مغلق اليوم.", "الجسر مفتوح اليوم."),
    ("这座桥是1990年建的。", "这座桥建于1990年。"),
    ("橋は閉鎖されている。", "橋は通行できる。"),
]


@pytest.mark.parametrize(("in_8_bits", "tolerance"), [(False, 1e-4), (True, 0.1)])
def test_torch_computes_from_the_graphs_what_they_compute(
    small_model: BertForSequenceClassification, in_8_bits: bool, tolerance: float
) -> None:
    ids = np.random.default_rng(0).integers(3, 50, (4, 17))
    mask = np.ones_like(ids)
    graphs = graphs_of(small_model, feed_of(small_model, ids, mask) if in_8_bits else None)
    mask[1, 9:] = mask[3, 5:] = 0

    restored = read_weights(*(graph.graph for graph in graphs))
    restored[WORD_EMBEDDINGS] = small_model.state_dict()[WORD_EMBEDDINGS].numpy()
    again = build_model(restored, read_config(graphs[0].graph, restored)).eval()
    with torch.inference_mode():
        logits = again(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask)).logits.numpy()

    np.testing.assert_allclose(logits, run(graphs, feed_of(small_model, ids, mask)), atol=tolerance)
    assert again.config.layer_norm_eps == pytest.approx(1e-6)


def test_a_graph_without_names_is_refused() -> None:
    with pytest.raises(ValueError, match="do not name their weights"):
        read_weights(helper.make_graph([], "empty", [], []))


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("converted")
    convert(bundled_folder(), folder)
    yield folder
    shutil.rmtree(folder)  # 0.5 GB, which pytest would keep


def test_token_ids_are_those_of_the_shipped_tokenizer(converted: Path, bundled: BundledModel) -> None:
    files = [SEED, *sorted((ROOT / "tests/data/document").glob("*.txt"))]
    lines = [line for file in files for line in file.read_text(encoding="utf8").splitlines() if line.strip()]
    tokenizer = AutoTokenizer.from_pretrained(converted)

    expected, truncated = bundled.encoder.encode(list(pairwise(lines)))
    told = tokenizer(lines[:-1], lines[1:])

    assert len(files) > 20
    assert not truncated.any()
    assert told["input_ids"] == expected
    assert set(told) == {"input_ids", "attention_mask"}
    assert tokenizer.model_max_length == bundled.encoder.max_length


def test_logits_are_near_those_of_the_shipped_model(converted: Path, bundled: BundledModel) -> None:
    shipped = bundled.predict(PAIRS).logits
    logits = TransformersModel(str(converted), device="cpu").predict(PAIRS).logits

    np.testing.assert_allclose(logits, shipped, atol=0.35)  # the shipped graph quantises activations too
    assert (logits.argmax(axis=1) == shipped.argmax(axis=1)).all()


def test_the_folder_for_articles_answers_and_is_calibrated_as_the_shipped_model_is_for_them(
    bundled: BundledModel, tmp_path: Path
) -> None:
    convert(bundled_folder(), tmp_path, for_articles=True)
    shipped = bundled.for_articles().predict(PAIRS).logits
    detector = Detector.from_pretrained(tmp_path, device="cpu")
    logits = detector.model.predict(PAIRS).logits
    shutil.rmtree(tmp_path)

    np.testing.assert_allclose(logits, shipped, atol=0.5)
    assert detector.calibration == Calibration.load(bundled_folder() / FILE)


def test_the_folder_holds_every_weight_and_the_labels(converted: Path) -> None:
    model, told = AutoModelForSequenceClassification.from_pretrained(converted, output_loading_info=True)

    assert not any(told[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert tuple(model.config.id2label[i] for i in range(3)) == LABELS
    assert (model.config.pad_token_id, model.config.type_vocab_size) == (1, 2)


def test_the_snippet_of_the_card_runs(converted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = (ROOT / "models" / "README.md").read_text(encoding="utf8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", card, re.DOTALL | re.MULTILINE)

    exec(compile(code.replace("FOLDER", str(converted)), "models/README.md", "exec"), {})

    assert "contradiction" in capsys.readouterr().out
