import time
import tomllib
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.sentences import Sentence, split_sentences

DATA = Path(__file__).parent / "data"
PIECES = [
    *".?!…。！？۔।;:,\"'“”„«»‘’()[]（）「」—- \n\r\t\u00a0\u2028\u200b",
    *"aZ7éЖг你กあ",
    *("Dr.", "z. B.", "U.S.", "etc.", "The", "Inc.", "г.", "No. 5", "...", "[1]", "他说。", "β;", "😀"),
    *("สวัสดีครับ" * 4, " และ", "www.ine.es", "race.The", "II.", "3. Oktober"),
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))
LANGUAGES = st.sampled_from(["und", "en", "es", "de", "ru", "zh", "th", "xx", ""])
N_CHARS = 300_000
HOSTILE = {
    "unclosed quotes": "“" * N_CHARS,
    "unclosed quotations": "“He left. " * (N_CHARS // 10),
    "one word": "a" * N_CHARS,
    "dots": "." * N_CHARS,
    "newlines": "\n" * N_CHARS,
    "closing quotes": "”" * N_CHARS,
    "closers after a stop": "end." + "”" * N_CHARS,
    "spaced closers after a stop": "end." + " )" * (N_CHARS // 2),
    "spaces after a stop": "end. " + " " * N_CHARS + "x",
    "openers after a stop": "end. " + "(" * N_CHARS + "x",
    "stars after stops": "x.***" * (N_CHARS // 5),
    "initials": "A. " * (N_CHARS // 3),
    "letters and dots": "a." * (N_CHARS // 2),
    "ellipses": "a... " * (N_CHARS // 5),
    "questions": "A? a " * (N_CHARS // 5),
    "ideographic stops": "走。" * (N_CHARS // 2),
    "reported speech": "！”他" * (N_CHARS // 3),
    "Greek question marks": "α; " * (N_CHARS // 3),
    "Thai spaces": "ก " * (N_CHARS // 2),
}


def pieces(text: str, language: str = "und") -> list[str]:
    return [text[s.start : s.end] for s in split_sentences(text, language)]


def cases(name: str) -> list[tuple[str, str, str]]:
    """(behaviour, language, marked text) of a case file; the form is described at its top."""
    found, behaviour = [], ""
    for line in (DATA / name).read_text(encoding="utf8").splitlines():
        if line.startswith("## "):
            behaviour = line.removeprefix("## ")
        elif line and not line.startswith("#"):
            language, text = line.split(": ", 1)
            found.append((behaviour, language, text.replace("\\n", "\n").replace("\\r", "\r")))
    return found


SOLVED = [
    pytest.param(language, text, id=f"{behaviour} {i}")
    for i, (behaviour, language, text) in enumerate(cases("sentences.txt"))
]
UNSOLVED = [
    pytest.param(language, text, id=behaviour, marks=pytest.mark.xfail(reason=behaviour, strict=True))
    for behaviour, language, text in cases("sentences_unsolved.txt")
]


def check(language: str, marked: str) -> None:
    text = marked.replace("|", "")
    expected = [piece.strip() for piece in marked.split("|")]

    assert pieces(text, language) == expected


@pytest.mark.parametrize(("language", "marked"), SOLVED)
def test_case_is_split_as_marked(language: str, marked: str) -> None:
    check(language, marked)


@pytest.mark.parametrize(("language", "marked"), UNSOLVED)
def test_known_failure_is_split_as_marked(language: str, marked: str) -> None:
    check(language, marked)


@pytest.mark.parametrize("text", ["", " ", "\n\r\n \t", "\u00a0"])
def test_text_without_words_has_no_sentences(text: str) -> None:
    assert split_sentences(text) == []


def test_unclosed_quotation_does_not_swallow_the_paragraph() -> None:
    text = "“" + "He left. " * 1000

    assert len(split_sentences(text, "en")) == 1000


def test_quotation_cut_off_by_the_next_line_is_not_a_sentence_of_its_own() -> None:
    assert pieces('He left. "\nShe stayed.', "en") == ['He left. "', "She stayed."]


@pytest.mark.parametrize("language", ["und", "xx", "", "EN", "any"])
def test_any_language_code_works(language: str) -> None:
    assert pieces("Mr. Smith left. He was tired.", language) == ["Mr. Smith left.", "He was tired."]


def test_norwegian_codes_share_one_list() -> None:
    text = "Ca. 5 km fra bl.a. Oslo. Det var den 3. Mai."

    assert split_sentences(text, "nb") == split_sentences(text, "nn") == split_sentences(text, "no")


@given(TEXTS, LANGUAGES)
def test_sentences_are_ordered_and_cover_every_visible_character(text: str, language: str) -> None:
    end = 0
    for sentence in split_sentences(text, language):
        assert end <= sentence.start < sentence.end <= len(text)
        assert text[end : sentence.start].strip() == ""
        assert text[sentence.start : sentence.end].strip() == text[sentence.start : sentence.end]
        end = sentence.end
    assert text[end:].strip() == ""


@given(TEXTS, LANGUAGES)
def test_no_sentence_crosses_a_line_break(text: str, language: str) -> None:
    assert all(len(piece.splitlines()) == 1 for piece in pieces(text, language))


@given(TEXTS, TEXTS, LANGUAGES)
def test_each_line_is_split_on_its_own(first: str, second: str, language: str) -> None:
    moved = [Sentence(s.start + len(first) + 1, s.end + len(first) + 1) for s in split_sentences(second, language)]

    assert split_sentences(f"{first}\n{second}", language) == split_sentences(first, language) + moved


@given(TEXTS, LANGUAGES)
def test_splitting_twice_gives_the_same(text: str, language: str) -> None:
    assert split_sentences(text, language) == split_sentences(text, language)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name: str) -> None:
    began = time.perf_counter()

    split_sentences(HOSTILE[name], "en")

    assert time.perf_counter() - began < 3  # about 0.3 s; quadratic time would be minutes


def test_word_lists_are_well_formed() -> None:
    lists = tomllib.loads((resources.files("claims") / "data" / "abbreviations.toml").read_text("utf8"))
    kinds = {"title", "number", "short", "closing", "starters", "ordinals"}

    for language, table in lists.items():
        assert language == "any" or len(language) == 2
        assert set(table) <= kinds, language
        words = [word for kind in kinds - {"starters", "ordinals"} for word in table.get(kind, "").split()]
        assert sorted(words) == sorted(set(words)), language
        assert not [word for word in words if word.endswith(".")], language
