"""Which articles a folder and a table hold, in which order, and what cannot be read."""

import datetime
import gzip
import json
import os
from pathlib import Path

import pytest

from claims import DocumentError
from claims.folder import Columns, Listing, Source

TEXT = "The bridge is open. The bridge is closed."


def names(listing: Listing) -> list[str]:
    root = f"{listing.paths[0]}/"
    return [source.name.removeprefix(root) for source in listing]


def failure(source: Source) -> str:
    with pytest.raises(DocumentError) as failed:
        source.read()
    return str(failed.value)


def write(path: Path, content: str | bytes = TEXT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_articles_come_by_name_from_all_folders_below(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "sub/z.html", "sub/deep/A.TXT", ".git/x.txt", ".hidden.txt", "photo.jpg", "c.pdf"):
        write(tmp_path / name)

    listing = Listing([tmp_path])

    assert names(listing) == ["a.md", "b.txt", "sub/deep/A.TXT", "sub/z.html"]
    assert listing.n_others() == 2
    assert [source.read().text for source in listing][1] == TEXT


@pytest.mark.parametrize(
    ("glob", "found"), [("*.log", ["a.log", "x/b.log"]), ("x/*", ["x/b.log", "x/c.txt"]), ("c.*", ["x/c.txt"])]
)
def test_a_glob_chooses_by_name_or_path_whatever_the_ending(tmp_path: Path, glob: str, found: list[str]) -> None:
    for name in ("a.log", "x/b.log", "x/c.txt"):
        write(tmp_path / name)

    assert names(Listing([tmp_path], glob)) == found


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path / "a" / "a.txt")
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "b").symlink_to(tmp_path / "a", target_is_directory=True)

    assert names(Listing([tmp_path])) == ["a/a.txt"]


def test_names_with_line_ends_and_odd_bytes_are_read_and_told_apart(tmp_path: Path) -> None:
    write(tmp_path / "two\nlines.txt")
    for byte in (b"\xfe", b"\xff"):
        write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + byte + b".txt")))

    listing = Listing([tmp_path])

    assert names(listing) == ["two\nlines.txt", "\\xfe.txt", "\\xff.txt"]
    assert {source.read().text for source in listing} == {TEXT}
    json.dumps([source.name for source in listing]).encode()


def test_what_is_no_file_fails_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    write(tmp_path / "empty.txt", b"")

    gone, pipe = (source for source in Listing([tmp_path]) if "empty" not in source.name)

    assert failure(gone) == f"{tmp_path}/gone.txt: cannot be read (No such file or directory); check the path"
    assert failure(pipe) == f"{tmp_path}/pipe.txt: not a regular file; leave it out or make it one"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path) -> None:
    write(tmp_path / "shut" / "a.txt")
    (tmp_path / "shut").chmod(0)

    [shut] = Listing([tmp_path])

    (tmp_path / "shut").chmod(0o700)
    assert "cannot be listed" in failure(shut)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="nowhere: no such file or folder; check the path"):
        list(Listing([tmp_path / "nowhere"]))


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt")
    [before] = Listing([tmp_path])
    [same] = Listing([tmp_path])

    os.utime(path, ns=(1, 1))
    [after] = Listing([tmp_path])

    assert before.stamp == same.stamp != after.stamp


ROWS = [
    {"id": "k1", "text": TEXT, "language": "en-GB", "title": "Bridge", "date": "2024-05-06"},
    {"text": "El puente está abierto."},
    {"id": "k1", "text": "The same id again."},
    {"id": "k3", "text": "  "},
    {"id": "k4"},
]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.ndjson", "rows.jsonl.gz", "rows.csv", "rows.parquet"])
def test_every_row_of_a_table_is_an_article(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith(".parquet"):
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(ROWS), path)
    elif name.endswith(".csv"):
        import csv

        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, ["id", "text", "language", "title", "date"])
            writer.writeheader()
            writer.writerows(ROWS)
    else:
        opened = gzip.open if name.endswith(".gz") else open
        with opened(path, "wt", encoding="utf8") as file:
            file.writelines(json.dumps(row) + "\n" for row in ROWS)

    first, second, *failing = Listing([path])

    document = first.read()
    assert (first.name, document.text) == (f"{path}#k1", TEXT)
    assert (document.language, document.title, document.date) == ("en", "Bridge", "2024-05-06")
    assert (second.name, second.read().language) == (f"{path}#2", "es")
    repeated, empty, missing = map(failure, failing)
    assert repeated == f"{path}#k1 (3): an earlier row has the same id; make it another"
    assert empty == f"{path}#k3: no text in it; leave the row out"
    assert missing.startswith(f"{path}#k4: no text in ")


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", json.dumps({"url": "a/b", "body": TEXT}) + '\n{"body": "No url."}\n')

    named, unnamed = Listing([path], columns=Columns("body", "url"))

    assert (named.name, named.read().text) == (f"{path}#a/b", TEXT)
    assert "no 'url' in this row; choose another with --id-column" in failure(unnamed)
    assert "choose one with --text-column (there are: 'url', 'body')" in failure(next(iter(Listing([path]))))


def test_a_broken_line_fails_alone(tmp_path: Path) -> None:
    good = json.dumps({"text": TEXT})
    path = write(tmp_path / "rows.jsonl", f"{good}\nnonsense\n[1]\n\n{'[' * 100_000}\n{good}\n")

    first, nonsense, array, deep, last = Listing([path])

    assert first.read().text == last.read().text == TEXT
    assert failure(nonsense).startswith(f"{path}#2: not a line of JSON")
    assert failure(array) == f"{path}#3: not a JSON object; mend it"
    assert failure(deep).startswith(f"{path}#4: not a line of JSON")


def test_a_line_too_long_is_skipped_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claims.folder.LONGEST_ROW", 1000)
    path = write(tmp_path / "rows.jsonl", '{"text": "' + "a" * 5000 + '"}\n' + json.dumps({"text": TEXT}))

    long, short = Listing([path])

    assert failure(long) == f"{path}#1: longer than 1,000 bytes; leave it out"
    assert short.read().text == TEXT


@pytest.mark.parametrize(
    ("name", "content", "trouble"),
    [
        ("a.jsonl.gz", b"no gzip at all", "cannot be read (Not a gzipped file"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "It is so."}\n' * 9999)[:-20], "after row"),
        ("a.csv", b"one,two\n1,2\n", "no column 'text'; choose one with --text-column (there are: 'one', 'two')"),
        ("a.parquet", b"no parquet at all", "not a Parquet file"),
    ],
)
def test_a_broken_table_fails_behind_its_good_rows(tmp_path: Path, name: str, content: bytes, trouble: str) -> None:
    *_, last = Listing([write(tmp_path / name, content)])

    assert trouble in failure(last)


def test_a_link_to_itself_fails_and_the_rest_is_listed(tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    (tmp_path / "b.txt").symlink_to(tmp_path / "b.txt")

    _, loop = Listing([tmp_path])

    assert "cannot be read" in failure(loop)


def test_a_path_that_is_missing_is_an_error_before_any_other_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", "{}")

    with pytest.raises(DocumentError, match="no such file or folder"):
        next(Listing([tmp_path / "a.jsonl", tmp_path / "missing"]).files())


def test_a_source_has_the_same_key_in_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "in" / "a.txt")
    write(tmp_path / "in" / "b.csv", f"id,text\n7,{TEXT}\n")

    keys = []
    for folder, path in ((tmp_path, "in"), (tmp_path / "in", ".")):
        monkeypatch.chdir(folder)
        keys.append([source.key for source in Listing([Path(path)])])

    assert keys[0] == keys[1] == [f"{tmp_path}/in/a.txt", f"{tmp_path}/in/b.csv#7"]


def test_half_a_surrogate_in_a_row_is_written_out(tmp_path: Path) -> None:
    row = '{"id": "a\\ud83d", "date": "\\ud83d", "text": "It is open."}'

    [source] = Listing([write(tmp_path / "a.jsonl", row)])

    assert source.key.endswith(r"#a\ud83d")
    assert source.read().date == r"\ud83d"


def test_dates_of_a_parquet_file_are_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    days = [datetime.date(2026, 3, 1), datetime.datetime(2026, 3, 2, 12)]
    for name, day in zip("ab", days, strict=True):
        parquet.write_table(pyarrow.table({"text": [TEXT, None], "date": [day, day]}), tmp_path / f"{name}.parquet")

    a, empty, b, _ = Listing([tmp_path])

    assert [source.read().date for source in (a, b)] == ["2026-03-01", "2026-03-02"]
    assert failure(empty).endswith("no text in it; leave the row out")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1251"])
def test_a_table_may_be_in_an_older_encoding(tmp_path: Path, encoding: str) -> None:
    text = "Мост открыт для движения." if encoding == "cp1251" else "El año pasado cerró el túnel de la montaña."
    table = write(tmp_path / "a.csv", f"id,text\n1,{text}\n".encode(encoding))

    [source] = Listing([table])

    assert source.read().text == text


def test_a_quotation_mark_without_its_pair_swallows_no_rows(tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", f'id,text\n1,{TEXT}\n2,"{TEXT}\n3,{TEXT}\n')

    first, broken = Listing([table])

    assert first.read().text == TEXT
    assert "after row 1, cannot be read" in failure(broken)
