"""Mining reads training news only, and keeps from a model what may be a contradiction after all."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from claims import Tagger
from claims.nli import BundledModel
from claims.statements import Statement
from models.mine import MOST_SURE, OTHERS, may_contradict, mine, news_in_turn

NEWS = (
    "The council of Alba met on Monday. The mayor said that the bridge will open in May. The bridge cost 12 million "
    "euros. Residents complained about the noise. The mayor did not answer questions. Trains were late all week. "
    "The school on Mill Street will close in June. A new school is planned for next year."
)


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def part(name: str) -> int:
    return int(hashlib.sha1(name.encode()).hexdigest(), 16) % 5


@pytest.fixture
def data(tmp_path: Path) -> Path:
    news = [
        {"id": f"{lang}{i}", "par": None, "lang": lang, "text": NEWS, "words": 200, "translated": i % 2}
        for lang in ("en", "es", "xx")
        for i in range(30)
    ]
    write(tmp_path / "news" / "news.jsonl.gz", [*news, {**news[0], "id": "long", "words": 5000}])
    write(tmp_path / "nli" / "train" / "authored_sets.jsonl.gz", [{"lang": "en"}, {"lang": "es"}])
    return tmp_path


def test_news_that_measures_or_calibrates_is_not_mined(data: Path) -> None:
    rows = news_in_turn(data, 1000)

    assert {row["lang"] for row in rows} == {"en", "es"}
    assert {part(str(row["id"])) for row in rows} == {2, 3, 4}
    assert len(rows) == sum(part(f"{lang}{i}") > 1 for lang in ("en", "es") for i in range(30))


def test_languages_take_turns_and_originals_come_before_translations(data: Path) -> None:
    rows = news_in_turn(data, 1000)

    assert {row["lang"] for row in rows[:2]} == {"en", "es"}
    of_english = [row["translated"] for row in rows if row["lang"] == "en"]
    assert of_english == sorted(of_english)
    assert news_in_turn(data, 6) == rows[:6]


def test_the_surest_pairs_of_each_document_are_written_and_a_few_others(bundled: BundledModel, tagger: Tagger) -> None:
    rows = [{"id": name, "lang": "en", "text": NEWS} for name in ("one", "two")]

    mined = list(mine(bundled, tagger, rows))

    of_one, of_two = ([row for row in mined if row["document"] == name] for name in ("one", "two"))
    assert len(of_one) == len(of_two) > MOST_SURE
    assert sum(row["is_hard"] for row in of_one) == MOST_SURE
    assert sum(not row["is_hard"] for row in of_one) <= OTHERS
    assert [row["a"] for row in of_one if row["is_hard"]] == [row["a"] for row in of_two if row["is_hard"]]
    sure = [row["score"] for row in of_one if row["is_hard"]]
    assert sure == sorted(sure, reverse=True)
    assert all(min(sure) >= row["score"] for row in of_one if not row["is_hard"])


@pytest.mark.parametrize(
    ("a", "b", "may"),
    [
        ("The bridge cost 12 million euros", "The bridge cost 15 million euros", True),
        ("The bridge cost 12 million euros", "Spain spent 15 million on schools", False),
        ("The bridge will open in May", "The bridge will not open in May", True),
        ("The bridge will open in May", "Residents were not asked", False),
        ("The bridge will open in May", "The bridge will open in spring", False),
    ],
)
def test_what_differs_in_an_amount_or_a_negation_alone_is_left_out(a: str, b: str, may: bool) -> None:
    one, other = (Statement(0, len(text), text, 0, cues=("negated",) if " not " in text else ()) for text in (a, b))

    assert may_contradict(one, other) is may_contradict(other, one) is may
