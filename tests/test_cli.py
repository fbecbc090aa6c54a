import csv
import io
import json
import os
import pty
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import claims
from claims import Calibration
from claims.cli import Format
from claims.pairs import PAIRS_PER_STATEMENT
from claims.render import FORMATS
from claims.results import Results
from tests.conftest import SEED

CLAIMS = [sys.executable, "-c", "from claims.cli import main; main()"]
ARTICLE = "The museum opens on Monday. On Monday the museum stays closed. Entry costs 12 euros."


def run(*arguments: object, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(
        [*CLAIMS, *map(str, arguments)], input=stdin, capture_output=True, cwd=cwd, env=environment, check=False
    )


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.txt"
    path.write_text(ARTICLE, encoding="utf8")
    return path


def test_check_shows_the_contradiction_of_an_article(article: Path) -> None:
    done = run("check", article)

    assert done.returncode == 0
    assert done.stderr == b""
    out = done.stdout.decode()
    assert "The museum opens on Monday" in out
    assert "On Monday the museum stays closed" in out


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_json_offsets_count_in_the_text_that_is_included(article: Path, format: str) -> None:
    done = run("check", article, "--format", format, "--min-confidence", "0", "--text", "--statements")

    report = json.loads(done.stdout)
    assert report["document"]["text"] == ARTICLE
    assert report["document"]["source"] == str(article)
    assert len(report["findings"]) == report["counts"]["scored"] == 3
    assert len(report["statements"]) == report["counts"]["statements"] == 3
    for finding in report["findings"]:
        for side in ("a", "b"):
            assert ARTICLE[finding[side]["start"] : finding[side]["end"]] == finding[side]["text"]


def test_csv_has_a_row_for_each_listed_pair(article: Path) -> None:
    done = run("check", article, "--format", "csv", "--min-confidence", "0")

    rows = list(csv.DictReader(io.StringIO(done.stdout.decode(), newline="")))
    assert len(rows) == 3
    assert {row["language"] for row in rows} == {"en"}


def test_output_goes_to_a_file_when_asked(article: Path, tmp_path: Path) -> None:
    done = run("check", article, "--format", "html", "-o", tmp_path / "report.html")

    assert done.returncode == 0
    assert done.stdout == b""
    assert "wrote" in done.stderr.decode()
    assert (tmp_path / "report.html").read_text(encoding="utf8").startswith("<!DOCTYPE html>")


def test_a_file_that_cannot_be_written_is_one_clear_error(article: Path, tmp_path: Path) -> None:
    done = run("check", article, "-o", tmp_path / "no" / "such" / "folder.txt")

    assert_one_error(done, "cannot be written")


def test_standard_input_is_read_for_a_dash() -> None:
    done = run("check", "-", "--format", "json", stdin=ARTICLE.encode())

    assert json.loads(done.stdout)["document"]["source"] == "-"


def test_several_articles_make_several_reports(article: Path, tmp_path: Path) -> None:
    shutil.copy(article, tmp_path / "copy.md")

    done = run("check", article, tmp_path / "copy.md", "--format", "jsonl")

    assert len(done.stdout.splitlines()) == 2


def test_a_bad_file_does_not_stop_the_others(article: Path, tmp_path: Path) -> None:
    done = run("check", tmp_path / "missing.txt", article, "--format", "jsonl")

    assert done.returncode == 2
    assert json.loads(done.stdout)["document"]["source"] == str(article)
    assert "missing.txt" in done.stderr.decode()


def test_fail_on_is_a_gate(article: Path) -> None:
    top = json.loads(run("check", article, "--format", "json", "--min-confidence", "0").stdout)["findings"][0]

    assert run("check", article, "--fail-on", top["confidence"] - 0.001).returncode == 1
    assert run("check", article, "--fail-on", min(1, top["confidence"] + 0.001)).returncode == 0


def test_threshold_decides_what_is_listed(article: Path) -> None:
    all_pairs = run("check", article, "--format", "json", "--threshold", "0")
    none = run("check", article, "--format", "json", "--threshold", "1")

    assert len(json.loads(all_pairs.stdout)["findings"]) == 3
    assert json.loads(none.stdout)["findings"] == []
    assert json.loads(none.stdout)["threshold"] == 1


def test_max_pairs_bounds_the_work_and_the_rest_is_counted(article: Path) -> None:
    counts = json.loads(run("check", article, "--format", "json", "--max-pairs", "1").stdout)["counts"]

    assert (counts["scored"], counts["skipped_pairs"]) == (1, 2)


def test_the_language_can_be_given(article: Path) -> None:
    assert (
        json.loads(run("check", article, "--format", "json", "--language", "pt-BR").stdout)["document"]["language"]
        == "pt"
    )
    assert_one_error(run("check", article, "--language", "klingon!"), "language")


def test_claims_only_pairs_nothing_but_claims(article: Path) -> None:
    article.write_text(f"{ARTICLE} The town should close the museum.", encoding="utf8")

    every, claims_only = (
        json.loads(run("check", article, "--format", "json", "--min-confidence", "0", *more).stdout)
        for more in ((), ("--claims-only",))
    )

    assert every["counts"]["statements"] == claims_only["counts"]["statements"] == 4
    sides = [{finding[side]["text"] for finding in of["findings"] for side in "ab"} for of in (every, claims_only)]
    assert "The town should close the museum." in sides[0] - sides[1]


def test_extract_lists_the_statements_and_speakers_of_the_seed_article() -> None:
    done = run("extract", SEED)

    out = " ".join(done.stdout.decode().split())
    assert done.returncode == 0
    assert done.stderr == b""
    assert "es-kazakhstan-sanctions.txt" in out
    assert "se ha mostrado firme a respetar las sanciones" in out
    assert "continuará la cooperación integral con Rusia" in out
    assert "Tokáev" in out
    assert "the article" in out
    assert "speaks of the future" in out


@pytest.mark.parametrize("format", [format.value for format in Format])
def test_extract_writes_every_format(article: Path, format: str) -> None:
    done = run("extract", article, "--format", format)

    assert done.returncode == 0
    assert "On Monday the museum stays closed." in done.stdout.decode()


def test_extract_json_is_an_extract(article: Path) -> None:
    data = json.loads(run("extract", article, "--format", "json", "--text", "--language", "en").stdout)

    found = claims.Extract.from_json(data)
    assert found.document.text == ARTICLE
    assert [statement.text for statement in found.statements] == ARTICLE.replace(". ", ".\n").split("\n")


def test_extract_of_several_articles_goes_on_after_a_bad_one(article: Path, tmp_path: Path) -> None:
    copy = shutil.copy(article, tmp_path / "copy.md")

    done = run("extract", article, tmp_path / "missing.txt", copy, "--format", "json")

    assert done.returncode == 2
    assert "missing.txt" in done.stderr.decode()
    assert [found["document"]["source"] for found in json.loads(done.stdout)] == [str(article), str(copy)]


def test_extract_claims_lists_no_wishes(article: Path) -> None:
    wish = "The town should close the museum."
    article.write_text(f"{ARTICLE} {wish}", encoding="utf8")

    every, claims_only = (run("extract", article, *more).stdout.decode() for more in ((), ("--claims",)))

    assert wish in every
    assert wish not in claims_only
    assert "not listed" in claims_only


def test_extract_writes_a_file_and_reads_standard_input(tmp_path: Path) -> None:
    done = run("extract", "-", "-f", "csv", "-o", tmp_path / "out.csv", stdin=ARTICLE.encode())

    assert (done.returncode, done.stdout) == (0, b"")
    written = (tmp_path / "out.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbfsource,")
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert " ".join(row["text"] for row in rows) == ARTICLE


def test_models_shows_and_checks_the_bundled_model() -> None:
    done = run("models")

    assert done.returncode == 0
    out = done.stdout.decode()
    assert "e5-small-nli" in out
    assert "checksums right" in out
    assert "mdeberta" in out


def test_a_closed_pipe_is_no_error() -> None:
    for arguments in ("check {} --format json --max-pairs 9", "check {} --max-pairs 9", "extract {}"):
        command = f"{shlex.join(CLAIMS)} {arguments.format(SEED)}"

        done = subprocess.run(
            ["bash", "-c", f"{command} | true; exit ${{PIPESTATUS[0]}}"], capture_output=True, check=False
        )

        assert done.returncode == 0
        assert done.stderr == b""


def test_a_terminal_without_the_letters_still_gets_the_rest(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("Мост открыт. Мост закрыт для всех.", encoding="utf8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = subprocess.run(
        [*CLAIMS, "check", str(tmp_path / "x.txt")], env=environment, capture_output=True, check=False
    )

    assert done.returncode == 0
    assert b"x.txt" in done.stdout


def test_the_same_article_gives_the_same_bytes_in_every_process(article: Path) -> None:
    outputs = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [*CLAIMS, "check", str(SEED), "--format", "json", "--min-confidence", "0"]
        outputs.add(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)

    assert len(outputs) == 1


def test_json_of_several_articles_is_an_array_however_many_could_be_read(article: Path, tmp_path: Path) -> None:
    done = run("check", article, tmp_path / "missing.txt", "--format", "json")

    assert done.returncode == 2
    assert [report["document"]["source"] for report in json.loads(done.stdout)] == [str(article)]


@pytest.mark.parametrize("command", ["check", "extract"])
def test_standard_input_cannot_be_read_twice(command: str) -> None:
    done = run(command, "-", "-", stdin=b"Some text is here.")

    assert done.returncode == 2
    assert b"once" in done.stderr


def test_the_bundled_model_by_its_name_is_calibrated(article: Path, tmp_path: Path) -> None:
    (tmp_path / "e5-small-nli").mkdir()

    done = run("check", article, "--model", "e5-small-nli", "--format", "json", cwd=tmp_path)

    assert json.loads(done.stdout)["calibrated"] is True


def test_a_device_the_bundled_model_cannot_use_is_refused(article: Path) -> None:
    assert_one_error(run("check", article, "--device", "cuda"), "CPU only")


def test_version_is_that_of_the_package() -> None:
    assert run("--version").stdout.decode() == f"claims {claims.__version__}\n"


def test_formats_and_defaults_in_the_help_are_those_of_the_code() -> None:
    assert [format.value for format in Format] == list(FORMATS)
    assert f"{PAIRS_PER_STATEMENT} a statement" in " ".join(run("check", "--help").stdout.decode().split())


def test_help_does_not_load_the_model_or_the_array_library() -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from claims.cli import app;"
        "r = CliRunner().invoke(app, ['check', '--help']); assert r.exit_code == 0, r.output;"
        "print(*({'torch', 'transformers', 'onnxruntime', 'trafilatura'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    "command", ["check", "extract", "batch", "merge", "review", "calibrate", "export", "evaluate", "models"]
)
def test_every_command_explains_itself(command: str) -> None:
    done = run(command, "--help")

    assert done.returncode == 0
    assert command in done.stdout.decode()


def test_review_of_an_article_checks_it_once_into_a_file_beside_it(article: Path) -> None:
    beside = article.with_name("article.txt.claims.db")
    for _ in range(2):
        command = [*CLAIMS, "review", str(article), "--no-browser"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout
            assert b"/?token=" in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            assert process.stderr
            assert f"saved in {beside}" in process.stderr.read().decode()
        with Results.open(beside) as results:
            [kept] = results.reports()
            assert kept.document.text == ARTICLE
            assert kept.findings
            results.add_verdict(results.kept(kept.document.id)[0].pair, "confirmed", reviewer="Ana")
    with Results.open(beside) as results:
        [kept] = results.reports()
        assert kept.findings[0].verdict


def test_a_calibration_changes_the_confidence_and_a_missing_one_is_one_clear_error(
    article: Path, tmp_path: Path
) -> None:
    Calibration(1.0, 0.9, 5.0, {}).save(tmp_path / "sure.json")

    data = json.loads(run("check", article, "--format", "json", "--calibration", tmp_path / "sure.json").stdout)

    assert data["threshold"] == 0.9
    assert data["findings"][0]["confidence"] > 0.99
    done = run("batch", tmp_path, "-o", tmp_path / "r.db", "--workers", "1", "--calibration", tmp_path / "sure.json")
    assert "at or above 90 %" in done.stdout.decode()
    assert_one_error(
        run("check", article, "--calibration", tmp_path / "no.json"), "cannot be read (No such file or directory)"
    )


def test_calibrate_refuses_too_few_verdicts_with_a_reason(article: Path, tmp_path: Path) -> None:
    run("check", article, "--save", tmp_path / "results.db")

    assert_one_error(run("calibrate", tmp_path / "results.db"), "too few verdicts", "0 right, 0 false alarms")
    assert not (tmp_path / "results.calibration.json").exists()


def test_training_data_is_of_every_reviewed_pair(article: Path, tmp_path: Path) -> None:
    run("check", article, "--save", tmp_path / "results.db")
    with Results.open(tmp_path / "results.db") as results:
        results.add_verdict(results.kept(results.document_ids()[0])[0].pair, "confirmed", reviewer="Ana")

    done = run("export", tmp_path / "results.db", "--format", "nli")

    assert json.loads(done.stdout)["label"] == "contradiction"
    assert_one_error(run("export", tmp_path / "results.db", "--format", "nli", "--only", "confirmed"), "leave out")


def test_progress_shows_on_a_terminal_only(article: Path) -> None:
    ours, theirs = pty.openpty()
    subprocess.run([*CLAIMS, "check", str(article)], stdout=subprocess.DEVNULL, stderr=theirs, check=True)
    os.close(theirs)

    assert "article.txt" in os.read(ours, 100_000).decode(errors="replace")
    assert run("check", article).stderr == b""


def assert_one_error(done: subprocess.CompletedProcess[bytes], *words: str) -> None:
    error = done.stderr.decode()
    assert done.returncode == 2
    assert done.stdout == b""
    assert "Traceback" not in error
    assert error.count("\n") == 1, error
    for word in words:
        assert word in error


WRONG = {
    "empty file": (b"", "empty.txt"),
    "white space only": (b" \n\t\n ", "blank.txt"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n" * 20, "article.pdf"),
    "random bytes": (bytes(range(256)) * 40, "noise.txt"),
    "zip": (b"PK\x03\x04" + bytes(200), "article.docx"),
    "only NUL bytes": (bytes(1000), "nul.txt"),
    "HTML without text": (b"<html><head><script>var x = 1;</script></head><body></body></html>", "page.html"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_article_is_one_clear_error(tmp_path: Path, case: str) -> None:
    data, name = WRONG[case]
    (tmp_path / name).write_bytes(data)

    assert_one_error(run("check", tmp_path / name), name)
    assert_one_error(run("extract", tmp_path / name), name)


def test_missing_file_and_folder_are_one_clear_error(tmp_path: Path) -> None:
    assert_one_error(run("check", tmp_path / "missing.txt"), "missing.txt")
    assert_one_error(run("check", tmp_path), str(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may read every file")
def test_an_unreadable_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text(ARTICLE)
    path.chmod(0)
    # root may read anything unless it lays down that right
    without = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    done = subprocess.run([*without, *CLAIMS, "check", str(path)], capture_output=True, check=False)

    assert_one_error(done, "secret.txt")


def test_a_model_that_does_not_exist_is_one_clear_error(article: Path) -> None:
    assert_one_error(run("check", article, "--model", "./no-model"), "./no-model")


ODD = {
    "invalid UTF-8": "Le café est fermé. Le café est ouvert.".encode() + b"\xff\xfe\x80 fin. Il pleut encore.",
    "a few NUL bytes": b"The door is open.\x00 The door is shut. It rains.",
    "only questions": b"Who knows? Why not? Is it so?",
    "one sentence": b"The bridge is open to traffic.",
    "one long word": b"x" * 20_000,
    "unknown language": b"Zorp flibble quanxo drell. Blimfa dorp zorp flibble!",
    "right to left": "الجسر مفتوح أمام حركة المرور. الجسر مغلق أمام حركة المرور.".encode(),
    "emoji": "🙂🙂 The door is open 👩‍👩‍👧. The door is shut 🇪🇸!".encode(),
    "10,000 unclosed quotes": b'"The door is open. ' * 10_000,
    "UTF-16": "The door is open. The door is shut.".encode("utf-16"),
    "cp1251": "Мост открыт для движения транспорта. Мост закрыт для движения транспорта.".encode("cp1251"),
    "bidi override": "The \u202edoor\u202c is open. The door is shut.".encode(),
    "terminal escape": b"The \x1b[31mdoor is open. The door is shut.",
}


@pytest.mark.parametrize("case", ODD)
def test_odd_text_gives_a_result(tmp_path: Path, case: str) -> None:
    (tmp_path / "odd.txt").write_bytes(ODD[case])

    for arguments in (("check", "--max-pairs", "50"), ("extract",)):
        done = run(*arguments, tmp_path / "odd.txt")

        assert done.returncode == 0, done.stderr.decode()
        assert done.stderr == b""
        assert done.stdout.decode().strip()
        assert b"\x1b" not in done.stdout


def test_fifty_megabytes_are_cut_in_bounded_memory_and_the_rest_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    path.write_bytes("".join(f"Item {i} of the list costs {i} euros today. " for i in range(1_100_000)).encode())
    assert path.stat().st_size > 45_000_000
    program = (
        "import resource; from claims.cli import app\n"
        f"try: app(['check', {str(path)!r}, '--format', 'json', '--max-pairs', '20'])\n"
        "finally: open('peak', 'w').write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=tmp_path, check=False)

    assert done.returncode == 0, done.stderr.decode()
    counts = json.loads(done.stdout)["counts"]
    assert counts["skipped_chars"] > 44_000_000
    assert counts["scored"] == 20
    assert int((tmp_path / "peak").read_text()) < 1500  # MB


def test_a_short_text_with_hostile_markup_stays_text(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("<script>alert(1)</script> is open today. <script>alert(1)</script> is shut today.")

    for arguments in (("check", "--min-confidence", "0"), ("extract",)):
        done = run(*arguments, tmp_path / "x.txt", "--format", "html")

        assert b"<script" not in done.stdout
        assert b"&lt;script&gt;" in done.stdout


@pytest.fixture
def folder(article: Path, tmp_path: Path) -> Path:
    articles = tmp_path / "articles"
    (articles / "sub").mkdir(parents=True)
    (articles / "first.txt").write_bytes(article.read_bytes())
    (articles / "sub" / "again.md").write_bytes(article.read_bytes())
    (articles / "sub" / "other.txt").write_text("The museum opens on Monday. On Monday the museum stays closed.")
    (articles / "empty.txt").write_bytes(b"")
    (articles / "photo.jpg").write_bytes(b"\xff\xd8")
    return articles


def test_a_batch_can_be_run_again_and_exported(folder: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.db"

    first = run("batch", folder, "-o", results)
    again = run("batch", folder, "-o", results, "--threshold", "0.5")
    exported = run("export", results, "--min-confidence", "0.02")
    failures = run("export", results, "--failures")

    assert first.returncode == again.returncode == 0, first.stderr
    assert b"2 documents" in first.stdout
    assert b"2 scored, 1 with a text that another has, 1 failed" in first.stdout
    assert b"1 of other kinds" in first.stdout
    assert b"0 scored, 3 unchanged, 1 failed" in again.stdout
    assert b"at or above 50 %" in again.stdout
    reports = [json.loads(line) for line in exported.stdout.splitlines()]
    assert {report["threshold"] for report in reports} == {0.5}
    for report in reports:
        source = report["document"]["source"]
        checked = json.loads(run("check", source, "--format", "json", "--min-confidence", "0.02").stdout)
        assert [(f["a"], f["b"], f["kind"]) for f in report["findings"]] == [
            (f["a"], f["b"], f["kind"]) for f in checked["findings"]
        ]
    assert [json.loads(line)["source"] for line in failures.stdout.splitlines()] == [f"{folder}/empty.txt"]


def test_articles_are_compared_with_each_other_when_asked(tmp_path: Path) -> None:
    folder, results = tmp_path / "articles", tmp_path / "results.db"
    folder.mkdir()
    (folder / "first.txt").write_text(
        "The museum of Lisbon opens on Monday. Entry costs 12 euros. The mayor cut the ribbon."
    )
    (folder / "b.txt").write_text("The museum of Lisbon stays closed on Monday. Trams run to the harbour in May.")

    done = run("batch", folder, "-o", results, "--across", "--workers", "1", "--threshold", "0.01")
    exported = run("export", results, "--across", "--min-confidence", "0.01")

    assert b"between articles; " in done.stdout
    first = json.loads(exported.stdout.splitlines()[0])
    assert {first["a"]["text"], first["b"]["text"]} == {
        "The museum of Lisbon opens on Monday.",
        "The museum of Lisbon stays closed on Monday.",
    }
    assert_one_error(run("export", results, "--across", "--format", "html", "-o", tmp_path / "x"), "leave it out")


def test_a_results_file_is_not_written_over(folder: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.db"
    assert run("check", folder / "first.txt", "--save", results).returncode == 0
    before = results.read_bytes()

    for command in (
        ("export", results, "-f", "csv"),
        ("export", results, "-f", "parquet"),
        ("check", folder / "first.txt"),
    ):
        assert_one_error(run(*command, "-o", results), "a results file, which would be lost")

    assert results.read_bytes() == before


def test_two_articles_from_standard_input_are_both_saved(tmp_path: Path) -> None:
    for text in ("The bridge is open. It is closed.", "The museum is open. It is closed."):
        assert run("check", "-", "--save", tmp_path / "results.db", stdin=text.encode()).returncode == 0

    exported = run("export", tmp_path / "results.db")
    assert len(exported.stdout.splitlines()) == 2


def test_without_its_library_a_comparison_of_articles_does_not_begin(folder: Path, tmp_path: Path) -> None:
    program = "import sys; sys.modules['faiss'] = None; from claims.cli import main; main()"
    command = [sys.executable, "-c", program, "batch", folder, "-o", tmp_path / "results.db", "--across"]

    assert_one_error(subprocess.run(command, capture_output=True, check=False), "install claims[across]")
    assert not (tmp_path / "results.db").exists()


def test_a_saved_check_is_exported_as_it_was_printed(folder: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.db"

    printed = run("check", folder / "first.txt", "--format", "jsonl", "--statements", "--text", "--save", results)
    exported = run("export", results, "--statements", "--text")

    assert printed.returncode == 0
    assert exported.stdout == printed.stdout
    assert b"0 scored, 1 unchanged" in run("batch", folder / "first.txt", "-o", results, "--workers", "1").stdout


def test_shards_are_merged(folder: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole.db", [tmp_path / f"{k}.db" for k in (1, 2)]

    for k, part in enumerate(parts, start=1):
        assert run("batch", folder, "-o", part, "--shard", f"{k}/2", "--workers", "1").returncode == 0
    merged = run("merge", *parts, "-o", whole)

    assert merged.stdout.startswith(f"{whole}: 2 documents".encode())
    assert_one_error(run("merge", whole, "-o", whole), "both a part and what they are joined into")
    assert run("batch", folder, "-o", tmp_path / "x.db", "--shard", "3/2").returncode == 2


@pytest.mark.parametrize("case", ["missing", "empty", "nothing readable", "results in a folder", "results no database"])
def test_a_batch_that_cannot_run_is_one_clear_error(tmp_path: Path, case: str) -> None:
    folder, results = tmp_path / "articles", tmp_path / "results.db"
    if case != "missing":
        folder.mkdir()
    if case == "nothing readable":
        (folder / "first.txt").write_bytes(b"")
    elif case == "results in a folder":
        results.mkdir()
    elif case == "results no database":
        results.write_text("a letter " * 1000)
    words = {
        "missing": f"{folder}: no such file or folder",
        "empty": f"{folder}: no article could be read",
        "nothing readable": f"{folder}: no article could be read",
        "results in a folder": f"{results}: a folder",
        "results no database": f"{results}: not a results file",
    }[case]

    done = run("batch", folder, "-o", results, "--workers", "1")

    assert done.returncode == 2
    assert done.stderr.startswith(f"claims: {words}".encode())
    assert done.stderr.count(b"\n") == 1


def test_a_batch_that_is_interrupted_finishes_its_documents_and_can_go_on(folder: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.db"
    for k in range(120):
        text = "".join(f"Tram {k} runs to place {n} at last. " for n in range(20))
        (folder / f"{k}.txt").write_text(text)
    command = [*CLAIMS, "batch", str(folder), "-o", str(results), "--max-pairs", "1", "--workers", "2"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as batch:
        while not results.exists() or not count_documents(results):
            assert batch.poll() is None
        batch.send_signal(signal.SIGINT)
        _, said = batch.communicate()

    assert batch.returncode == 130
    assert b"finishing what is being scored" in said
    assert said.endswith(b"claims: stopped; the same command goes on from here\n")
    assert 0 < count_documents(results) < 122


def count_documents(results: Path) -> int:
    try:
        return int(sqlite3.connect(results).execute("SELECT count(*) FROM documents").fetchone()[0])
    except sqlite3.Error:  # not made yet
        return 0


def test_a_gigabyte_of_nothing_does_not_stop_a_batch(folder: Path, tmp_path: Path) -> None:
    with (folder / "huge.txt").open("wb") as huge:
        huge.truncate(1 << 30)

    done = run("batch", folder, "-o", tmp_path / "results.db", "--workers", "1")

    assert done.returncode == 0
    assert b"2 scored" in done.stdout
    assert b"2 failed" in done.stdout


def test_an_export_of_pages_and_tables_needs_a_place(folder: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.db"
    run("check", folder / "first.txt", "--save", results)

    for format in ("html", "parquet"):
        assert_one_error(run("export", results, "--format", format), "name where to write it with -o")
        assert run("export", results, "--format", format, "-o", tmp_path / format).returncode == 0
    assert (tmp_path / "html" / "index.html").is_file()
    assert_one_error(run("export", results, "--format", "html", "-o", folder / "first.txt"), "cannot be written")
    assert_one_error(run("export", tmp_path / "none.db"), "no such file")
