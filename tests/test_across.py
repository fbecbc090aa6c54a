"""Contradictions between articles: what is compared, what is not, and what is kept."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from claims import Detector, Document
from claims.across import SAME_SUBJECT, Subjects, candidates_across, detect_across
from claims.batch import run_of
from claims.export import ACROSS_COLUMNS, Choice, across_lines, reports_across, write_pages, write_parquet_across
from claims.nli import BundledModel
from claims.render import Options
from claims.results import Results, Run
from tests.conftest import ByNegation

pytest.importorskip("faiss")

FIRST = "The new bridge over the Amur is open. Trams run to the harbour. The mayor slept well."
SECOND = "Visitors came from far away. The new bridge over the Amur is not open. Trams run to the harbour."
OTHER = "The museum of Lisbon bought a painting. It shows a horse that nobody rides."


@pytest.fixture
def stub() -> Detector:
    return Detector(ByNegation())


@pytest.fixture
def run(stub: Detector) -> Run:
    return run_of(stub)


def add(results: Results, detector: Detector, run: Run, *texts: str, dates: tuple[str | None, ...] = ()) -> None:
    results.begin_run(run)
    for k, text in enumerate(texts):
        document = Document.from_text(text, source=f"{len(results.document_ids())}.txt", language="en")
        document = replace(document, date=dates[k] if dates else None)
        results.add_report(run, detector.detect(document), {document.source: "1"})


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results.open(tmp_path / "results.db", create=True)


def texts(results: Results) -> list[tuple[str, str]]:
    return [tuple(sorted((finding.a.text, finding.b.text))) for _, _, finding in results.across()]  # type: ignore[misc]


def test_two_articles_that_disagree_are_found(results: Results, stub: Detector, run: Run) -> None:
    add(results, stub, run, FIRST, SECOND, OTHER)

    within = [report.findings for report in results.reports()]

    assert detect_across(results, stub, run) > 0

    assert texts(results) == [("The new bridge over the Amur is not open.", "The new bridge over the Amur is open.")]
    [(one, other, finding)] = results.across()
    assert {one.source, other.source} == {"0.txt", "1.txt"}
    assert one.text[finding.a.start : finding.a.end] == finding.a.text
    assert other.text[finding.b.start : finding.b.end] == finding.b.text
    assert finding.kind == "between_articles"
    assert results.totals().across == 1
    assert [report.findings for report in results.reports()] == within


def test_copies_and_unrelated_statements_are_not_compared(
    results: Results, stub: Detector, run: Run, bundled: BundledModel
) -> None:
    add(results, stub, run, FIRST, f"A copy. {FIRST}", OTHER)

    pairs = candidates_across(results, results.document_ids(), bundled)

    compared = [
        (results.statements_of(p.document_a)[p.a].text, results.statements_of(p.document_b)[p.b].text) for p in pairs
    ]
    assert all(a != b for a, b in compared)
    assert not any("museum" in a + b for a, b in compared)


def test_articles_on_other_subjects_are_not_compared(results: Results, stub: Detector, run: Run) -> None:
    fire = "The fire burned down the mill of Ostrow. Nobody was hurt. A cow was saved. The new bridge is not open."
    add(results, stub, run, FIRST, fire)

    assert detect_across(results, stub, run) == 0


def test_likeness_is_that_of_the_rarer_words_of_articles_in_one_language() -> None:
    subjects = Subjects()
    for text, language in ((FIRST, "en"), (SECOND, "en"), (OTHER, "en"), (FIRST, "en"), (FIRST, "es"), ("", "en")):
        subjects.add(Document.from_text(text, language=language))

    assert subjects.likeness(0, 3) == pytest.approx(1)
    assert subjects.likeness(0, 1) == pytest.approx(subjects.likeness(1, 0))
    assert 1 > subjects.likeness(0, 1) > 0.3 > SAME_SUBJECT > subjects.likeness(0, 2)
    assert subjects.likeness(0, 4) == subjects.likeness(0, 5) == 0


@pytest.mark.parametrize(("dates", "n"), [(("2024-01-01", "2024-01-20"), 1), (("2024-01-01", "2024-06-01"), 0)])
def test_articles_of_other_times_are_not_compared(
    results: Results, stub: Detector, run: Run, dates: tuple[str, str], n: int
) -> None:
    add(results, stub, run, FIRST, SECOND, dates=dates)

    detect_across(results, stub, run)

    assert len(texts(results)) == n


def test_nothing_is_read_again_until_an_article_is_added(results: Results, stub: Detector, run: Run) -> None:
    add(results, stub, run, FIRST, SECOND)
    detect_across(results, stub, run)
    before = texts(results)

    assert detect_across(results, stub, run) == 0
    assert texts(results) == before

    add(results, stub, run, "Nobody came. The new bridge over the Amur is not open yet.")
    assert detect_across(results, stub, run) == 2  # the new statement with those of the two others, not these again
    assert set(before) < set(texts(results))


def test_the_confidence_of_a_pair_is_the_same_whatever_else_is_compared(tmp_path: Path, detector: Detector) -> None:
    assert detector.calibration
    detector = replace(detector, calibration=replace(detector.calibration, threshold=0.0))
    run, found = run_of(detector), []
    others = (OTHER, "The bridge over the Amur has never been painted. It is old.")
    for name, between in (("alone", ()), ("among", others)):
        with Results.open(tmp_path / f"{name}.db", create=True) as results:
            add(results, detector, run, FIRST, *between, SECOND)
            detect_across(results, detector, run)
            confidences = [finding.confidence for *_, finding in results.across()]
            found.append(dict(zip(texts(results), confidences, strict=True)))

    alone, among = found
    assert alone
    assert alone.keys() < among.keys()
    assert all(among[pair] == pytest.approx(alone[pair], rel=1e-4) for pair in alone)


def test_a_changed_article_takes_its_pairs_along(results: Results, stub: Detector, run: Run) -> None:
    add(results, stub, run, FIRST, SECOND)
    detect_across(results, stub, run)

    changed = Document.from_text(OTHER, source="1.txt", language="en")
    results.add_report(run, stub.detect(changed), {"1.txt": "2"})
    results.end_run(run)

    assert texts(results) == []


@pytest.mark.parametrize("format", ["jsonl", "csv", "md"])
def test_pairs_between_articles_are_exported(results: Results, stub: Detector, run: Run, format: str) -> None:
    add(results, stub, run, FIRST, SECOND)
    detect_across(results, stub, run)

    written = "".join(across_lines(results.across(), format))

    if format == "jsonl":
        data = json.loads(written)
        assert {document["source"] for document in data["documents"]} == {"0.txt", "1.txt"}
        assert data["kind"] == "between_articles"
    elif format == "csv":
        [row] = csv.DictReader(io.StringIO(written))
        assert {row["a_source"], row["b_source"]} == {"0.txt", "1.txt"}
    else:
        assert "two articles disagree" in written
    assert "The new bridge over the Amur is not open." in written


def test_pairs_between_articles_have_a_page_that_leads_to_both(
    results: Results, stub: Detector, run: Run, tmp_path: Path
) -> None:
    add(results, stub, run, FIRST, SECOND, dates=("2024-01-01", "2024-01-20"))
    detect_across(results, stub, run)

    write_pages(results.reports(), tmp_path, Options(), reports_across(results, Choice()))

    index, page = ((tmp_path / name).read_text() for name in ("index.html", "between-articles.html"))
    assert '<a href="between-articles.html">1 finding between articles</a>' in index
    assert 'href="index.html"' in page
    linked = re.findall(r'<a href="(documents/.*?)"', page)
    assert len(linked) == 2
    assert all((tmp_path / document).is_file() for document in linked)
    assert "2024-01-20" in page


def test_without_pairs_between_articles_there_is_no_page_for_them(
    results: Results, stub: Detector, run: Run, tmp_path: Path
) -> None:
    add(results, stub, run, FIRST, OTHER)

    write_pages(results.reports(), tmp_path, Options(), reports_across(results, Choice()))

    assert not (tmp_path / "between-articles.html").exists()
    assert "between articles" not in (tmp_path / "index.html").read_text()


def test_pairs_between_articles_go_into_parquet(results: Results, stub: Detector, run: Run, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    add(results, stub, run, FIRST, SECOND)
    detect_across(results, stub, run)

    assert write_parquet_across(results.across(), tmp_path / "pairs.parquet") == 1

    [row] = parquet.read_table(tmp_path / "pairs.parquet").to_pylist()
    assert tuple(row) == ACROSS_COLUMNS
    assert {row["a_source"], row["b_source"]} == {"0.txt", "1.txt"}
    assert results.document(row["b_document_id"]).text[row["b_start"] : row["b_end"]] == row["b_text"]


def test_pairs_between_articles_are_merged_along(results: Results, stub: Detector, run: Run, tmp_path: Path) -> None:
    add(results, stub, run, FIRST, SECOND)
    detect_across(results, stub, run)

    with Results.open(tmp_path / "whole.db", create=True) as whole:
        add(whole, stub, run, OTHER)
        whole.merge(results)
        whole.merge(results)

        assert texts(whole) == texts(results)
        detect_across(whole, stub, run)
        assert texts(whole) == texts(results)
        whole.merge(results)
        assert texts(whole) == texts(results)


def test_translations_of_one_article_do_not_contradict_each_other(results: Results, detector: Detector) -> None:
    english = "The parliament of Kazakhstan approved the budget on Tuesday. Taxes rise by 3 percent. Schools get more."
    spanish = "El parlamento de Kazajistán aprobó el presupuesto el martes. Los impuestos suben un 3 por ciento."
    run = run_of(detector)
    results.begin_run(run)
    for language, text in (("en", english), ("es", spanish)):
        document = Document.from_text(text, source=language, language=language)
        results.add_report(run, detector.detect(document), {language: "1"})

    detect_across(results, detector, run)

    assert texts(results) == []
