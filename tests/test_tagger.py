"""The heads on the bundled encoder: what they find, and that numpy computes what was fitted in torch."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.errors import ModelError
from claims.nli import BundledModel, Tokens
from claims.tagger import FILE, Tagger, features, read_heads, tag_tokens


@pytest.mark.parametrize(
    ("language", "marked"),
    [
        (
            "es",
            "El alcalde prometió congelar los impuestos, |pero el presupuesto prevé una subida del tres por ciento.",
        ),
        ("en", "The mayor promised to freeze taxes, |but the budget raises them by three percent."),
        ("de", "Der Bürgermeister will die Steuern senken, |aber der Haushalt sieht eine Erhöhung vor."),
        ("fr", "Le pont a été fermé lundi |et les trains ont pris du retard."),
        ("ru", "Мэр обещал не повышать налоги, |но бюджет предусматривает рост на три процента."),
        ("ca", "La fàbrica tancarà a l'estiu |i els treballadors cobraran una indemnització."),
        ("sw", "Meya aliahidi kutopandisha kodi, |lakini bajeti inaonyesha ongezeko la asilimia tatu."),
    ],
)
def test_a_clause_begins_where_a_second_thing_is_said(tagger: Tagger, language: str, marked: str) -> None:
    sentence = marked.replace("|", "")

    (tags,) = tagger.tag([sentence], language)

    assert tags.boundaries == (marked.index("|"),)


def test_a_sentence_that_says_one_thing_is_one_clause(tagger: Tagger) -> None:
    (tags,) = tagger.tag(["The bridge over the river was closed for repairs on Monday morning."], "en")

    assert tags.boundaries == ()


def test_the_subject_of_each_clause_is_found(tagger: Tagger) -> None:
    sentence = "The old bridge was closed on Monday, but the trains were running on time."

    (tags,) = tagger.tag([sentence], "en")

    assert [sentence[start:end] for start, end in tags.subjects] == ["The old bridge", "the trains"]


def test_figures_are_worth_more_checking_than_thanks(tagger: Tagger) -> None:
    sentences = [
        "Unemployment fell from 9.1 to 6.3 percent in three years.",
        "Thank you all very much for being here tonight.",
        "El paro bajó del 9,1 al 6,3 por ciento en tres años.",
        "Muchas gracias a todos por estar aquí esta noche.",
    ]

    scores = [
        tagger.claim_score(tags, 0, len(sentence))
        for sentence, tags in zip(sentences, tagger.tag(sentences, "en"), strict=True)
    ]

    assert min(scores[0], scores[2]) > max(scores[1], scores[3])


def test_a_sentence_is_tagged_alike_alone_and_among_others(tagger: Tagger) -> None:
    sentences = ["Prices fell in May, but wages rose again.", "x " * 400, "", "Two people were hurt and nobody died."]

    together = tagger.tag(sentences, "en")

    for sentence, tags in zip(sentences, together, strict=True):
        (alone,) = tagger.tag([sentence], "en")
        assert alone.boundaries == tags.boundaries
        assert alone.subjects == tags.subjects


def test_a_sentence_that_comes_again_is_read_once(
    tagger: Tagger, bundled: BundledModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def reading(texts: Sequence[str]) -> list[Tokens]:
        read.extend(texts)
        return BundledModel.read(bundled, texts)

    monkeypatch.setattr(bundled, "read", reading)

    first, other, again = tagger.tag(["The bridge is open.", "Trams run.", "The bridge is open."], "en")

    assert read == ["The bridge is open.", "Trams run."]
    assert first is again is not other


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gets_tags_within_it(tagger: Tagger, text: str) -> None:
    (tags,) = tagger.tag([text], "und")

    assert all(0 < offset < len(text) for offset in tags.boundaries)
    assert sorted(set(tags.boundaries)) == list(tags.boundaries)
    assert all(0 <= start < end <= len(text) for start, end in tags.subjects)
    assert 0 <= tagger.claim_score(tags, 0, len(text)) <= 1


def test_numpy_computes_what_torch_does(bundled: BundledModel) -> None:
    torch = pytest.importorskip("torch")
    from models.heads import TaggingHead, arrays

    torch.manual_seed(1)
    head = TaggingHead(8).eval()
    sentences = [np.random.default_rng(n).normal(size=(n, 8)).astype(np.float32) for n in (1, 3, 9, 30)]

    found = tag_tokens(arrays(head), sentences)

    for x, answers in zip(sentences, found, strict=True):
        with torch.inference_mode():
            expected = torch.sigmoid(head(torch.from_numpy(x)[None], torch.ones(1, len(x))))[0].numpy()
        np.testing.assert_allclose(answers, expected, atol=1e-5)


def test_what_the_rules_say_is_an_input(bundled: BundledModel) -> None:
    sentence = "Prices fell sharply in May, but wages rose again."
    (tokens,) = bundled.read([sentence])

    flags = features(sentence, tokens, "en")[:, -1]

    assert [int(tokens.starts[k]) for k in np.flatnonzero(flags)] == [28]


def test_characters_that_are_words_have_subjects_of_their_own(tagger: Tagger) -> None:
    sentence = "总统说经济正在快速增长，但是部长说经济没有增长。"

    (tags,) = tagger.tag([sentence], "zh")

    assert tags.subjects
    assert max(end - start for start, end in tags.subjects) <= 4


def test_incomplete_heads_are_one_clear_error(tmp_path: Path) -> None:
    np.savez(tmp_path / FILE, layers=np.array([3, 5, 7]))

    with pytest.raises(ModelError, match=r"heads\.npz: damaged \(no tag\.thresholds"):
        read_heads(tmp_path / FILE)


def test_a_folder_without_heads_has_no_tagger_and_one_of_other_layers_is_refused(
    bundled: BundledModel, tmp_path: Path
) -> None:
    shutil.copytree(bundled.folder, tmp_path / "model")
    model = BundledModel(tmp_path / "model")
    heads = dict(np.load(model.folder / FILE))
    np.savez(model.folder / FILE, **heads | {"layers": np.array([1, 2])})

    with pytest.raises(ModelError, match="made for layers"):
        Tagger.open(model)
    (model.folder / FILE).unlink()

    assert Tagger.open(model) is None


def test_damaged_heads_are_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"nothing of the kind")

    with pytest.raises(ModelError, match=r"heads\.npz: damaged"):
        read_heads(tmp_path / FILE)
