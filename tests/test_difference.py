"""What is marked between two statements: numbers, names and negations that only one of them has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.cues import find_negations
from claims.render.difference import differing


def marked(a: str, b: str, language: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    one, other = differing(a, b, language, language)
    return tuple([(part.text, part.differs) for part in side if part.differs] for side in (one, other))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("a", "b", "language", "in_a", "in_b"),
    [
        ("costó 12 millones", "costó 15 millones", "es", [("12", "number")], [("15", "number")]),
        ("cost 1,200 euros", "cost 1.200 euros", "en", [], []),
        ("It is open", "It is not open", "en", [], [("not", "negation")]),
        ("It is not open", "It is not shut", "en", [], []),
        ("El alcalde nunca mintió", "El alcalde mintió", "es", [("nunca", "negation")], []),
        ("Die Brücke ist nicht offen", "Die Brücke ist offen", "de", [("nicht", "negation")], []),
        ("Il n'est pas venu", "Il est venu", "fr", [("n'", "negation")], []),
        ("الجسر مفتوح", "الجسر ليس مفتوحا", "ar", [], [("ليس", "negation")]),
        ("said Ann Reed", "said Ann Lee", "en", [("Reed", "name")], [("Lee", "name")]),
        ("Yesterday it closed", "It closed", "en", [], []),  # a capital that begins a sentence is no name
        ("in Zürich", "im Zürcher Rathaus", "de", [], []),  # nor is every German noun
        ("in Moscow", "near moscow", "en", [], []),
    ],
)
def test_what_differs_is_marked(
    a: str, b: str, language: str, in_a: list[tuple[str, str]], in_b: list[tuple[str, str]]
) -> None:
    assert marked(a, b, language) == (in_a, in_b)
    assert marked(b, a, language) == (in_b, in_a)


@given(st.text(), st.text(), st.sampled_from(["es", "ar", "tr", "zh", "und"]))
def test_the_pieces_are_the_statements(a: str, b: str, language: str) -> None:
    one, other = differing(a, b, language, language)

    assert "".join(part.text for part in one) == a
    assert "".join(part.text for part in other) == b


@given(
    st.text(st.sampled_from(" .'’\u0301\u064bnoNOİI’t") | st.characters()), st.sampled_from(["en", "es", "ar", "tr"])
)
def test_negations_are_spans_of_the_text(text: str, language: str) -> None:
    for start, end in find_negations(text, language):
        assert 0 <= start < end <= len(text)


def test_a_negation_is_found_where_it_stands() -> None:
    text = "  «No habrá más gastos»"
    [(start, end)] = find_negations(text, "es")
    assert text[start:end] == "No"
