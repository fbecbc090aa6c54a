"""Authored articles: their marks, and the examples that are made of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from claims.evaluate import is_hit
from claims.tagger import Tagger
from models.articles import FOLDER, HELD_OUT, authored_articles, read_articles, touches
from models.data import NOT_CONTRADICTION, article_examples, article_pairs

ARTICLE = """=== en
Council keeps every library open

The leader of the council said on Monday that [[c1a|no branch would close]]. [[d1a|Loans rose last year.]]

The savings include Cotham Green, [[c1b|where the reading room shuts for good in March]].

[[d1b|Loans fell the year before.]] The queue outside the town hall was long.
---
c1 position_vs_action
d1 time_change
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "en.txt"
    file.write_text(text, encoding="utf8")
    return file


def test_marks_are_read_as_spans_of_the_text_without_them(tmp_path: Path) -> None:
    (article,) = read_articles(written(tmp_path, ARTICLE))

    text = article.document.text
    assert "[[" not in text
    assert article.document.language == "en"
    (contradiction,), (distractor,) = article.contradictions, article.distractors
    assert [text[slice(*span)] for span in contradiction.spans] == [
        "no branch would close",
        "where the reading room shuts for good in March",
    ]
    assert (contradiction.kind, distractor.kind) == ("position_vs_action", "time_change")


@pytest.mark.parametrize(
    ("whole", "broken"),
    [("c1 position_vs_action\n", ""), ("[[c1b|", "[[c1a|"), ("no branch would close]]", "no branch would close]")],
)
def test_broken_marks_are_refused_by_name(tmp_path: Path, whole: str, broken: str) -> None:
    file = written(tmp_path, ARTICLE + ARTICLE.replace(whole, broken))

    with pytest.raises(ValueError, match=r"en\.txt, article 2: marks do not fit"):
        list(read_articles(file))


def test_a_piece_of_a_labelled_side_touches_it_but_not_one_side_alone(tmp_path: Path) -> None:
    (article,) = read_articles(written(tmp_path, ARTICLE))
    (contradiction,) = article.contradictions
    a, b = contradiction.spans

    assert touches((a[0], a[0] + 1), b, contradiction)
    assert touches(b, a, contradiction)
    assert not touches(a, (0, 5), contradiction)


def test_marked_pairs_of_an_article_are_taught_in_both_directions_and_no_other_pair_as_a_contradiction(
    tmp_path: Path,
) -> None:
    (article,) = read_articles(written(tmp_path, ARTICLE))

    examples = article_examples(article_pairs(article, Tagger.from_pretrained()), random.Random(0))

    contradicting = {(e.premise, e.hypothesis) for e in examples if e.in_article}
    assert ("no branch would close", "where the reading room shuts for good in March") in contradicting
    assert contradicting == {(b, a) for a, b in contradicting}
    assert all("no branch" in a + b and "reading room" in a + b for a, b in contradicting)
    others = [e for e in examples if not e.in_article]
    assert {e.allowed for e in others} == {NOT_CONTRADICTION}
    assert any("Loans rose" in e.premise and "Loans fell" in e.hypothesis for e in others)


def test_the_articles_that_train_and_those_kept_from_it_share_nothing() -> None:
    trained, kept = (authored_articles(held_out=held_out) for held_out in (False, True))

    assert {a.document.text for a in trained}.isdisjoint(a.document.text for a in kept)
    assert len(kept) == pytest.approx((len(trained) + len(kept)) / HELD_OUT, rel=0.2)


def test_authored_articles_hold_what_their_description_says() -> None:
    articles = authored_articles(held_out=False) + authored_articles(held_out=True)

    assert len({article.document.text for article in articles}) == len(articles)
    n_languages = len({article.document.language for article in articles})
    card = (FOLDER.parent / "README.md").read_text(encoding="utf8")
    assert f"{len(articles):,} news articles in {n_languages} languages" in card
    for article in articles:
        pairs = article.contradictions + article.distractors
        assert all(is_hit(pair.spans, pair.spans) for pair in pairs)
