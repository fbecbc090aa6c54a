"""Exports: what a check says, for other programs and readers, with the verdicts on it."""

import csv
import io
import json
from pathlib import Path

import pytest

from claims import Detector, Document, Report
from claims.batch import run_of
from claims.calibration import Calibration
from claims.cli import Only
from claims.evaluate import are_articles, read_rows
from claims.export import CHOICES, Choice, chosen, failure_lines, lines_of, nli_lines, write_pages, write_parquet
from claims.render import Options, render
from claims.results import Results, pair_key
from tests.conftest import ByNegation

TEXTS = {
    "a.txt": "The bridge is open. The bridge is not open. Trams run again today.",
    "b.txt": "Nothing at all happened here. The mayor slept well.",
    "c.html": "الجسر مفتوح اليوم. The road is not closed <script>. The road is closed <script>.",
}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    detector = Detector(ByNegation())
    run = run_of(detector)
    opened = Results.open(tmp_path / "results.db", create=True)
    opened.begin_run(run)
    for source, text in TEXTS.items():
        opened.add_report(run, detector.detect(Document.from_text(text, source=source)), {source: "1"})
    opened.add_failure("d.txt", "1", "=d.txt: empty")
    return opened


def reports_of_a_check() -> list[Report]:
    return [Detector(ByNegation()).detect(Document.from_text(text, source=source)) for source, text in TEXTS.items()]


def test_the_choices_of_the_command_are_those_of_the_code() -> None:
    assert tuple(Only) == CHOICES


def confirm(results: Results) -> None:
    pair = pair_key("The bridge is open.", "The bridge is not open.")
    results.add_verdict(pair, "confirmed", reviewer="Ana", note="<b>=both | said</b>")


@pytest.mark.parametrize("format", ["jsonl", "csv", "md"])
def test_an_export_is_what_a_check_writes(results: Results, format: str) -> None:
    options = Options(statements=True, text=True)

    assert "".join(lines_of(results.reports(), format, options)) == render(reports_of_a_check(), format, options)


def test_a_verdict_stands_beside_its_finding_in_every_format(results: Results, tmp_path: Path) -> None:
    confirm(results)
    options = Options()

    written = {format: "".join(lines_of(results.reports(), format, options)) for format in ("jsonl", "csv", "md")}

    first, *_ = map(json.loads, written["jsonl"].splitlines())
    [finding] = [finding for finding in first["findings"] if "verdict" in finding]
    assert {**finding["verdict"], "given": ""} == {
        "verdict": "confirmed",
        "reviewer": "Ana",
        "note": "<b>=both | said</b>",
        "given": "",
    }
    rows = list(csv.DictReader(io.StringIO(written["csv"])))
    assert [(row["verdict"], row["reviewer"]) for row in rows if row["verdict"]] == [("confirmed", "Ana")]
    assert r"- Verdict: confirmed by Ana: \<b\>=both \| said\</b\>" in written["md"]
    write_pages(results.reports(), tmp_path / "pages", options)
    page = next((tmp_path / "pages" / "documents").glob(f"{first['document']['id'][:16]}.html")).read_text()
    assert "confirmed by Ana: &lt;b&gt;=both | said&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("only", "n_documents"), [("confirmed", 1), ("reviewed", 1), ("false_alarm", 0), ("unreviewed", 2), (None, 3)]
)
def test_findings_are_chosen_by_verdict(results: Results, only: str | None, n_documents: int) -> None:
    confirm(results)

    reports = list(chosen(results, Choice(only)))

    assert len(reports) == n_documents
    if only is not None:
        verdicts = [finding.verdict for report in reports for finding in report.findings]
        assert all((verdict is None) is (only == "unreviewed") for verdict in verdicts)


def test_a_reviewed_pair_is_exported_though_it_lies_below_the_threshold(tmp_path: Path) -> None:
    detector = Detector(ByNegation(), Calibration(1.0, 0.999, 0.0, {"contradiction": 1.0}))
    with Results.open(tmp_path / "results.db", create=True) as results:
        results.begin_run(run_of(detector))
        report = detector.detect(Document.from_text(TEXTS["a.txt"], source="a.txt"))
        results.add_report(run_of(detector), report, {"a.txt": "1"})
        assert next(iter(results.reports())).findings == ()
        confirm(results)

        written = "".join(lines_of(chosen(results, Choice("confirmed")), "csv", Options()))
        above = "".join(lines_of(chosen(results, Choice("confirmed", 0.999)), "csv", Options(0.999)))

    assert [row["verdict"] for row in csv.DictReader(io.StringIO(written))] == ["confirmed"]
    assert list(csv.DictReader(io.StringIO(above))) == []


def test_pages_list_all_articles_in_several_orders_and_load_nothing(results: Results, tmp_path: Path) -> None:
    confirm(results)
    folder = tmp_path / "new" / "pages"

    assert write_pages(results.reports(), folder, Options()) == 3

    pages = {page.relative_to(folder).as_posix(): page.read_text() for page in folder.rglob("*.html")}
    indexes = {name: page for name, page in pages.items() if "/" not in name}
    assert len(indexes) == 5
    for name, page in indexes.items():
        assert all(f'href="{document}"' in page for document in pages if "/" in document)
        assert all(f'href="{other}"' in page for other in indexes if other != name)
        assert "3 articles" in page
        assert "1 reviewed" in page
    for name, page in pages.items():
        assert "<script" not in page
        assert "http" not in page.replace("http-equiv", "")
        assert "/" not in name or 'href="../index.html"' in page
    by_findings = indexes["index.html"]
    assert by_findings.index("b.txt") > max(by_findings.index("a.txt"), by_findings.index("c.html"))


def test_parquet_has_a_row_for_each_finding(results: Results, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    confirm(results)

    n_rows = write_parquet(results.reports(), tmp_path / "findings.parquet", Options())

    rows = parquet.read_table(tmp_path / "findings.parquet").to_pylist()
    findings = [(report, finding) for report in results.reports() for finding in report.findings]
    assert len(rows) == n_rows == len(findings) > 1
    for row, (report, finding) in zip(rows, findings, strict=True):
        assert (row["document_id"], row["confidence"]) == (report.document.id, finding.confidence)
        assert report.document.text[row["a_start"] : row["a_end"]] == row["a_text"]
        assert row["verdict"] == (finding.verdict.verdict if finding.verdict else None)
        assert tuple(row["reasons"]) == finding.reasons


def test_reviewed_pairs_become_training_data(results: Results, tmp_path: Path) -> None:
    confirm(results)
    road = pair_key("The road is not closed <script>.", "The road is closed <script>.")
    results.add_verdict(road, "false_alarm", reviewer="Ana")
    taken_back = pair_key("The bridge is not open.", "Trams run again today.")
    results.add_verdict(taken_back, "confirmed", reviewer="Ana")
    results.add_verdict(taken_back, None, reviewer="Ana")

    written = "".join(nli_lines(results))

    assert [json.loads(line) for line in written.splitlines()] == [
        {
            "premise": "The bridge is open.",
            "hypothesis": "The bridge is not open.",
            "label": "contradiction",
            "language": "en",
        },
        {
            "premise": "The road is not closed <script>.",
            "hypothesis": "The road is closed <script>.",
            "label": "neutral",
            "language": results.document(results.document_ids()[-1]).language,
        },
    ]
    (tmp_path / "pairs.jsonl").write_text(written)
    rows = read_rows(tmp_path / "pairs.jsonl")
    assert not are_articles(rows, tmp_path / "pairs.jsonl")
    assert [row["label"] for row in rows] == ["contradiction", "neutral"]


def test_a_pair_that_stands_in_two_articles_is_written_once(results: Results) -> None:
    confirm(results)
    run = results.runs()[0]
    again = Document.from_text(f"{TEXTS['a.txt']} More is said here.", source="e.txt")
    results.add_report(run, Detector(ByNegation()).detect(again), {"e.txt": "1"})

    assert len(list(nli_lines(results))) == 1


def test_failures_are_written_with_their_reasons(results: Results) -> None:
    assert list(failure_lines(results.failures(), "jsonl")) == ['{"source": "d.txt", "error": "=d.txt: empty"}\n']
    assert "".join(failure_lines(results.failures(), "csv")) == "source,error\r\nd.txt,'=d.txt: empty\r\n"
