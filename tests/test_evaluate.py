"""The figures of an evaluation are those one counts by hand."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from claims.cli import app
from claims.errors import LabelsError
from claims.evaluate import (
    LabelledArticle,
    are_articles,
    is_hit,
    read_articles,
    read_rows,
    score_articles,
    score_pairs,
)
from claims.findings import Counts, Finding, Report
from claims.nli import Prediction
from claims.statements import Statement

TEXT = "The mill opened in 1902. It never opened at all. Rain fell. The owner sold it. The owner never sold it."
SENTENCES = [part + "." for part in TEXT.rstrip(".").split(". ")]
OPENED, NEVER, RAIN, SOLD, KEPT = SENTENCES
ROW = {
    "id": "mill",
    "lang": "en",
    "text": TEXT,
    "contradictions": [
        {"a": OPENED, "b": NEVER, "kind": "status", "same_sentence": False},
        {"a": SOLD, "b": KEPT, "kind": "denial_vs_admission", "same_sentence": True},
    ],
    "distractors": [{"a": OPENED, "b": RAIN, "kind": "other"}],
}
CLEAN = {"id": "clean", "lang": "es", "text": TEXT, "contradictions": [], "distractors": []}
SPANS = st.tuples(st.integers(0, 80), st.integers(1, 40)).map(lambda span: (span[0], span[0] + span[1]))


def statement(text: str) -> Statement:
    start = TEXT.index(text)
    return Statement(start, start + len(text), text, SENTENCES.index(text) if text in SENTENCES else 0)


def report(article: LabelledArticle, *scored: tuple[str, str, float], threshold: float = 0.5) -> Report:
    findings = [
        Finding(statement(a), statement(b), confidence, "narrative", (), (0, 0, 1), (0, 0, 1))
        for a, b, confidence in scored
    ]
    return Report(article.document, "model", "1", True, threshold, Counts(), tuple(findings), ())


def figures_of(*scored: tuple[str, str, float], clean: tuple[tuple[str, str, float], ...] = ()) -> dict[str, object]:
    articles = read_articles([ROW, CLEAN])
    reports = [report(articles[0], *scored), report(articles[1], *clean)]
    return score_articles(articles, reports).to_json()


def test_every_figure_is_the_one_counted_by_hand() -> None:
    figures = figures_of(
        (OPENED, RAIN, 0.9),  # a distractor, flagged
        (OPENED, NEVER, 0.8),  # right
        (RAIN, KEPT, 0.6),  # wrong
        (SOLD, KEPT, 0.2),  # right, below the threshold
        clean=((OPENED, SOLD, 0.7),),
    )

    assert figures["flagged"] == 4
    assert figures["precision"] == 0.25
    assert figures["recall"] == 0.5
    assert figures["average_precision"] == round((1 / 2 + 2 / 5) / 2, 4)
    assert figures["gold_listed_at_any_confidence"] == 1
    assert figures["article_auroc"] == 1
    assert figures["top1_right"] == 0
    assert figures["clean_articles"] == 1
    assert figures["false_findings_per_clean_article"] == 1
    assert figures["clean_articles_alarmed"] == 1
    assert figures["distractors_flagged"] == 1
    assert figures["recall_by"] == {
        "kind": {"denial_vs_admission": "0/1", "status": "1/1"},
        "lang": {"en": "1/2"},
        "same_sentence": {"False": "1/1", "True": "0/1"},
    }
    bins = {one["from"]: (one["n"], one["share_right"]) for one in figures["calibration_bins"]}  # type: ignore[attr-defined]
    assert bins == {0.1: (1, 1.0), 0.5: (1, 0.0), 0.7: (2, 0.5), 0.9: (1, 0.0)}
    assert figures["calibration_error"] == pytest.approx((0.8 + 0.6 + 2 * 0.25 + 0.9) / 5, abs=1e-3)


def test_a_contradiction_found_twice_counts_once_in_the_ranking_and_right_both_times() -> None:
    figures = figures_of((OPENED, NEVER, 0.9), ("The mill opened", NEVER, 0.8), (RAIN, KEPT, 0.7))

    assert (figures["flagged"], figures["precision"], figures["recall"]) == (3, 0.6667, 0.5)
    assert figures["average_precision"] == 0.5


def test_what_was_never_scored_costs_average_precision_and_nothing_flagged_is_no_division_by_zero() -> None:
    figures = figures_of()

    assert (figures["precision"], figures["recall"], figures["average_precision"]) == (0, 0, 0)
    assert figures["calibration_error"] is None


def test_another_threshold_flags_other_pairs() -> None:
    articles = read_articles([ROW])
    found = [report(articles[0], (OPENED, NEVER, 0.3))]

    assert score_articles(articles, found).flagged == 0
    assert score_articles(articles, found, threshold=0.3).found == 1


@given(SPANS, SPANS, SPANS, SPANS)
def test_sides_may_be_swapped(a, b, c, d) -> None:  # type: ignore[no-untyped-def]
    hit = is_hit((a, b), (c, d))

    assert hit == is_hit((b, a), (c, d)) == is_hit((a, b), (d, c))


@pytest.mark.parametrize(
    ("finding", "hit"),
    [
        (((0, 100), (200, 300)), True),
        (((50, 100), (200, 250)), True),
        (((95, 140), (200, 300)), False),  # hardly touches the first span
        (((0, 400), (500, 600)), False),  # another place
        (((0, 100), (99, 300)), False),  # overlap each other
        (((0, 100), (200, 501)), False),  # more than three times the span and 300
    ],
)
def test_a_finding_is_right_when_both_its_spans_are_those_of_the_pair(finding, hit: bool) -> None:  # type: ignore[no-untyped-def]
    assert is_hit(finding, ((0, 100), (200, 300))) is hit


def test_pairs_are_measured_for_each_language() -> None:
    rows = [
        {"premise": "", "hypothesis": "", "label": label, "language": language}
        for label, language in (("entailment", "en"), ("contradiction", "en"), ("contradiction", "fi"))
    ]
    logits = np.array([[5, 0, 0], [5, 0, 0], [0, 0, 5]], np.float32)

    figures = score_pairs(rows, Prediction(logits, np.zeros(3, np.bool_)))

    assert {name: one["accuracy"] for name, one in figures.items()} == {"all": 0.6667, "en": 0.5, "fi": 1.0}
    assert figures["fi"]["average_precision"] == 1
    assert figures["en"]["pairs"] == 2


@pytest.mark.parametrize(
    ("rows", "trouble"),
    [
        ([{**ROW, "contradictions": [{"a": "Snow fell", "b": RAIN}]}], "'Snow fell' is not in the text"),
        ([{key: ROW[key] for key in ("id", "text", "contradictions")}], "has no 'lang'"),
    ],
)
def test_labels_that_do_not_fit_their_article_are_named(rows: list[dict[str, object]], trouble: str) -> None:
    with pytest.raises(LabelsError, match=f"mill: .*{trouble}"):
        read_articles(rows)


def test_rows_of_two_kinds_or_of_none_are_refused() -> None:
    pair = {"premise": "a", "hypothesis": "b", "label": "neutral"}

    assert are_articles([ROW, CLEAN], Path("x"))
    assert not are_articles([pair], Path("x"))
    for rows in ([], [ROW, pair], [{"premise": "a"}], [{**pair, "label": "maybe"}]):
        with pytest.raises(LabelsError, match="rows of one kind"):
            are_articles(rows, Path("x"))


def test_files_that_are_no_labels_say_so(tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text('{"a": 1}\n{"a"')
    (tmp_path / "list.jsonl").write_text("[]\n")
    (tmp_path / "empty").mkdir()

    for name, trouble in (
        ("broken.jsonl", "line 2: no JSON"),
        ("list.jsonl", "line 1: no JSON object"),
        ("missing.jsonl", "cannot be read"),
        ("empty", "no .*jsonl"),
    ):
        with pytest.raises(LabelsError, match=trouble):
            read_rows(tmp_path / name)


def test_the_command_measures_articles_and_writes_their_reports(tmp_path: Path) -> None:
    data, reports = tmp_path / "articles.jsonl", tmp_path / "reports.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in (ROW, CLEAN)), encoding="utf8")

    done = CliRunner().invoke(app, ["evaluate", str(data), "-f", "json", "--threshold", "0", "--reports", str(reports)])

    assert done.exit_code == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["articles"], figures["gold_pairs"], figures["recall"]) == (2, 2, 1)
    written = [json.loads(line) for line in reports.read_text(encoding="utf8").splitlines()]
    assert [one["document"]["source"] for one in written] == ["mill", "clean"]
    assert sum(len(one["findings"]) for one in written) == figures["flagged"]


def test_the_command_measures_pairs_and_prints_a_table(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "pairs.jsonl.gz", "wt", encoding="utf8") as file:
        file.write(json.dumps({"premise": OPENED, "hypothesis": NEVER, "label": "contradiction", "language": "en"}))

    done = CliRunner().invoke(app, ["evaluate", str(tmp_path)])

    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[1].split()[:3] == ["en", "1", "1.000"]


def test_the_command_refuses_what_is_no_label(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "no label"}\n')

    done = CliRunner().invoke(app, ["evaluate", str(tmp_path / "x.jsonl")])

    assert done.exit_code == 2
    assert "rows of one kind" in done.stderr


def test_figures_of_reports_that_hold_a_part_of_the_pairs_are_of_that_part() -> None:
    articles = read_articles([ROW])
    whole = report(articles[0], (OPENED, NEVER, 0.9), (RAIN, KEPT, 0.2))
    part = replace(whole, scored=whole.listed())

    assert score_articles(articles, [part]).flagged == score_articles(articles, [whole]).flagged == 1
