import time
import tomllib
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.clauses import count_words, find_boundaries, find_insertion, has_verb, split_at

DATA = Path(__file__).parent / "data"
TABLES = tomllib.loads((resources.files("claims") / "data" / "clauses.toml").read_text(encoding="utf-8"))
LANGUAGES = st.sampled_from([*TABLES, "und", "xx", "", "pt-BR", "nb", "sr"])
PIECES = [
    *" \t\n\u00a0,;:.!?…-–—()[]\"'“”„«»‘’「」，。、；،؛؟¿¡*",
    *"aZ7éЖñ你はก한ا\u0301\u200d😀",
    *("dijo que ", "y ", "pero ", ", aunque ", "has said ", "and ", "что ", ", но ", "le ha ", "wenn ", "が、", "但"),
    *("ASTANA, (EFE) - ", "3,5", "dit-il", "l'État", "qu'il a", "jusqu'à ce que "),
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))


def cases(name: str) -> list[tuple[str, str, str]]:
    """(behaviour, language, marked sentence) of a case file; the form is described at its top."""
    found, behaviour = [], ""
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            behaviour = line.removeprefix("## ")
        elif line and not line.startswith("#"):
            found.append((behaviour, *line.split(": ", 1)))
    return [case for case in found if len(case) == 3]


def split_clauses(text: str, language: str) -> list[tuple[int, int]]:
    return split_at(text, [offset for offset, _ in find_boundaries(text, language)])


SOLVED = [
    pytest.param(language, marked, id=f"{behaviour} {index}")
    for index, (behaviour, language, marked) in enumerate(cases("clauses.txt"))
]
UNSOLVED = [
    pytest.param(language, marked, id=behaviour, marks=pytest.mark.xfail(reason=behaviour, strict=True))
    for behaviour, language, marked in cases("clauses_unsolved.txt")
]


def check(language: str, marked: str) -> None:
    text = marked.replace("|", "")

    clauses = [text[start:end] for start, end in split_clauses(text, language)]

    assert clauses == [clause.strip() for clause in marked.split("|")]


@pytest.mark.parametrize(("language", "marked"), SOLVED)
def test_case_is_cut_as_marked(language: str, marked: str) -> None:
    check(language, marked)


@pytest.mark.parametrize(("language", "marked"), UNSOLVED)
def test_known_failure_is_cut_as_marked(language: str, marked: str) -> None:
    check(language, marked)


@given(TEXTS, LANGUAGES)
def test_clauses_cover_everything_but_white_space_in_order(text: str, language: str) -> None:
    spans = split_clauses(text, language)

    assert all(start < end for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(text[start:end].strip() == text[start:end] for start, end in spans)
    assert "".join("".join(text[start:end] for start, end in spans).split()) == "".join(text.split())


@given(TEXTS, LANGUAGES)
def test_boundaries_lie_inside_and_ascend(text: str, language: str) -> None:
    offsets = [offset for offset, _ in find_boundaries(text, language)]

    assert offsets == sorted(set(offsets))
    assert all(0 < offset < len(text) for offset in offsets)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u00a0"])
def test_white_space_has_no_clauses(text: str) -> None:
    assert split_clauses(text, "es") == []


def test_sentence_without_words_is_one_clause() -> None:
    assert split_clauses(" -- ... ", "en") == [(1, 7)]


@pytest.mark.parametrize("language", ["pt-BR", "pt_PT", "PT"])
def test_region_does_not_matter(language: str) -> None:
    text = "O jogo foi suspenso porque o campo estava inundado."

    assert split_clauses(text, language) == split_clauses(text, "pt")
    assert len(split_clauses(text, language)) == 2


def test_sibling_languages_share_rules() -> None:
    text = "Utakmica je prekinuta jer je teren bio pod vodom."

    assert [split_clauses(text, code) for code in ("hr", "sr", "bs")] == [[(0, 21), (22, 49)]] * 3


def test_verbs_of_an_unknown_language_are_assumed() -> None:
    assert has_verb("Kyiv, Moscow, Berlin", "xx")
    assert not has_verb("Kyiv, Moscow, Berlin", "en")
    assert has_verb("Putin will visit", "en")


def test_capitals_inside_a_sentence_are_no_verbs() -> None:
    assert has_verb("llegó tarde", "es")
    assert not has_verb("a Bogotá", "es")


@pytest.mark.parametrize(("text", "n_words"), [("a b c", 3), ("l'État c'est moi", 5), ("你好你好你", 3), ("3,5 %", 1)])
def test_words_are_counted(text: str, n_words: float) -> None:
    assert count_words(text) == n_words


ARRAYS = {"subordinators", "after_comma", "coordinators", "complementizers", "relatives", "leaders"}
ARRAYS |= {"subjects", "bare_subjects", "closers", "not_closers"}
STRINGS = {"participles", "reporting", "reporting_endings", "verbs", "nominatives", "verb_endings", "not_verbs"}


@pytest.mark.parametrize("language", TABLES)
def test_every_table_holds_known_fields(language: str) -> None:
    for field, value in TABLES[language].items():
        if field in ARRAYS:
            assert all(isinstance(entry, str) and entry == entry.strip().lower() for entry in value), field
            assert len(set(value)) == len(value), field
        elif field in STRINGS:
            assert isinstance(value, str)
            assert value.split(), field
        else:
            assert field in {"comma", "relative_min"}
            assert isinstance(value, int)


HOSTILE = {
    "commas": "," * 300_000,
    "spaced commas": "a, " * 100_000,
    "connectives": "dijo que vino y " * 20_000,
    "one word": "a" * 300_000,
    "white space": "a" + " " * 300_000 + "b",
    "questions": "! ? - " * 50_000,
    "brackets": "(" * 300_000,
    "ideographs": "你，" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_sentence_is_read_in_linear_time(text: str) -> None:
    began = time.perf_counter()

    split_clauses(text, "es")

    assert time.perf_counter() - began < 5  # takes a fifth of a second; a quadratic pass would take minutes


@pytest.mark.parametrize(
    ("language", "clause", "inserted", "rest"),
    [
        ("es", "La comisión, que iba a celebrar todo en abierto, se reúne a puerta cerrada.", "que", "se"),
        ("de", "Dettmers, der jede Beteiligung ausschließt, will sie verkaufen.", "der", "will"),
        (
            "fr",
            "Le maire, Luc Rey, qui veut garder le tarif « à tout prix », présentera la hausse.",
            "qui",
            "présentera",
        ),
        ("ca", "La planta, que ha produït un terç de l’aigua, n’ha cobert la meitat.", "que", "n’ha"),
        ("ru", "Завод, который построили в 1970 году, закрыли весной.", "который", "закрыли"),
        ("pl", "Burmistrz, który nigdy nie sprzedał ulicy, wystawił plac na sprzedaż.", "który", "wystawił"),
    ],
)
def test_a_relative_clause_inserted_behind_the_subject_is_found(
    language: str, clause: str, inserted: str, rest: str
) -> None:
    found = find_insertion(clause, language)

    assert found
    assert (clause[found[0] :].split()[0], clause[found[2] :].split()[0]) == (inserted, rest)
    assert clause[found[1]] in ", "


@pytest.mark.parametrize(
    ("language", "clause"),
    [
        ("en", "The mayor sold the square, which had never been for sale, to a bank."),  # behind a verb
        ("en", "The mayor, a friend of the square, sold it to a bank."),  # no clause
        ("en", "The mayor, who sold the square, a bank, and two parks."),  # and no verb behind it
        ("ja", "市長は、広場を売ったことがない、市民は知っている。"),  # verbs not known
        ("xx", "The mayor, who has never sold a street, put the square on the market."),
    ],
)
def test_what_is_no_insertion_behind_a_subject_is_left(language: str, clause: str) -> None:
    assert find_insertion(clause, language) is None


@given(TEXTS, LANGUAGES)
def test_an_insertion_lies_inside_and_before_the_rest(text: str, language: str) -> None:
    found = find_insertion(text, language)

    assert found is None or 0 < found[0] < found[1] < found[2] < len(text)
