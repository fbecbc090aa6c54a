import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.document import Document
from claims.sentences import split_sentences
from claims.statements import Statement, extract_statements, without_markers

SEED = Path(__file__).parents[1] / "seeds" / "es-kazakhstan-sanctions.txt"
PIECES = [
    *" \t\n,;:.!?…-–—()[]\"'“”„«»‘’「」，。、？；؟¿¡\u037e",
    *"aZ7éЖ你は한ا",
    *("Él dijo que ", "y ganó ", "pero perdió ", "He has said ", "and left ", "KYIV, ", "don't ", "“He left. "),
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))
LANGUAGES = st.sampled_from(["und", "en", "es", "de", "ru", "zh", "el", "xx", ""])


@dataclass(frozen=True)
class Span:
    """Stands in for a sentence where the splitter is not the point."""

    start: int
    end: int


def statements(text: str, language: str = "en") -> list[Statement]:
    return extract_statements(Document(text, language=language), split_sentences(text, language))


def texts(text: str, language: str = "en") -> list[str]:
    return [statement.text for statement in statements(text, language)]


def quoted(text: str, language: str = "en") -> list[bool]:
    return [statement.quoted for statement in statements(text, language)]


def test_seed_article_states_both_sides_of_its_contradiction() -> None:
    found = texts(SEED.read_text(encoding="utf-8"), "es")

    assert "Por una parte, se ha mostrado firme a respetar las sanciones impuestas contra Rusia" in found
    assert (
        "pero de la otra ha destacado que continuará la cooperación integral con Rusia, exactamente como hasta ahora."
        in found
    )
    assert "Y es que aunque Tokáev ha destacado que cumple las sanciones" in found
    assert 'también destaca que sigue siendo una fuente importante de "importaciones paralelas" para Rusia.' in found


def test_seed_article_loses_no_sentence() -> None:
    text = SEED.read_text(encoding="utf-8")

    assert {statement.sentence for statement in statements(text, "es")} == set(range(len(split_sentences(text, "es"))))


def test_statement_is_the_slice_of_its_sentence() -> None:
    text = "It is open. Prices fell sharply in May, but wages rose again."

    assert statements(text) == [
        Statement(0, 11, "It is open.", 0),
        Statement(12, 38, "Prices fell sharply in May", 1),
        Statement(40, 61, "but wages rose again.", 1),
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Did the minister resign?", "en"),
        ('"Did the minister resign?"', "en"),
        ("¿Dimitió ayer el ministro?", "es"),
        ("¿Ha dimitido el ministro o sigue en su puesto?", "es"),
        ("Παραιτήθηκε χθες ο υπουργός;", "el"),
        ("Παραιτήθηκε χθες ο υπουργός\u037e", "el"),
        ("هل استقال الوزير أمس؟", "ar"),
        ("部长昨天辞职了吗？", "zh"),
        ("« Le ministre a-t-il démissionné ? »", "fr"),
    ],
)
def test_question_is_no_statement(text: str, language: str) -> None:
    assert texts(text, language) == []


def test_what_stands_before_a_spanish_question_is_kept() -> None:
    text = "El ministro ha dimitido esta mañana; ¿por qué lo ha hecho?"

    assert texts(text, "es") == ["El ministro ha dimitido esta mañana"]


def test_semicolon_asks_in_greek_only() -> None:
    assert texts("Η τιμή έπεσε στην αγορά;", "el") == []
    assert texts("The price fell again;", "en") == ["The price fell again"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Cultura", "es"),
        ("Vida social", "es"),
        ("* * *", "en"),
        ("12 34 56 78.", "en"),
        ("Kyiv, Moscow, Berlin and Paris.", "en"),
        ("ASTANA, June 12 (EFE)", "en"),
        ("他说。", "zh"),
        ("走吧", "zh"),
    ],
)
def test_fragment_is_no_statement(text: str, language: str) -> None:
    assert texts(text, language) == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Putin no se rinde.", "es"),
        ("Putin Visits Kazakhstan Amid Sanctions", "en"),
        ("Bundeskanzler Scholz besucht Kasachstan", "de"),
        ("Russia, China and Iran said No", "en"),
        ("总统访问哈萨克斯坦。", "zh"),
    ],
)
def test_headline_is_a_statement(text: str, language: str) -> None:
    assert texts(text, language) == [text]


def test_dateline_is_left_out() -> None:
    text = "MOSCOW, June 12 (Reuters) - The president will visit Kazakhstan on Thursday."

    assert texts(text) == ["The president will visit Kazakhstan on Thursday."]


def test_separators_are_trimmed() -> None:
    assert texts("– Prices fell in May, but wages rose;") == ["Prices fell in May", "but wages rose"]


def test_minus_sign_is_not_trimmed() -> None:
    assert texts("-5 degrees were measured.") == ["-5 degrees were measured."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Prices fell in May.", "Prices fell in May."),
        ("“Prices fell in May.”", "“Prices fell in May.”"),
        ("Prices fell in May.”", "Prices fell in May."),
        ('He called it "a failure".', 'He called it "a failure".'),
        ("(Prices fell in May.)", "(Prices fell in May.)"),
        ("The players’ wages rose.", "The players’ wages rose."),
        ("„Die Preise sind gefallen.“", "„Die Preise sind gefallen.“"),
        ("»Priserne er faldet igen.«", "»Priserne er faldet igen.«"),
    ],
)
def test_lone_quotation_marks_at_the_edges_are_trimmed(text: str, expected: str) -> None:
    assert texts(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "“Prices fell again.”",
        "„Preise sind gefallen.“",
        "«Los precios han bajado.»",
        "« Les prix ont baissé. »",
        "»Priserne er faldet.«",
        "”Priserna har fallit.”",
        '"Prices fell again."',
        "'Prices fell again.'",
        "‘Prices don’t fall.’",
        "「価格が下がりました。」",
        "『価格が下がりました。』",
        "他说“价格下降了很多。”",
    ],
)
def test_every_kind_of_quotation_mark_quotes(text: str) -> None:
    assert quoted(text) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "The players' wages don't rise in the '90s.",
        "He called it a 'failure' of the state.",
        'The screen of 15" is larger now.',
        'He spoke of "parallel imports" for Russia.',
        "L'État n'a pas d'argent, c'est sûr.",
        "Prices fell.” Wages rose again.",
    ],
)
def test_apostrophes_and_short_quotations_do_not_quote(text: str) -> None:
    assert True not in quoted(text)


def test_quotation_reaches_over_sentences() -> None:
    text = "“Prices fell again. Wages did not. We are poor.” He left the room."

    assert quoted(text) == [True, True, True, False]


def test_unclosed_quotation_ends_with_its_paragraph() -> None:
    text = "“Prices fell again. Wages did not.\nHe left the room."

    assert quoted(text) == [True, True, False]


def test_unclosed_quotation_ends_after_five_sentences() -> None:
    assert quoted("“" + "Prices fell again. " * 8) == [True] * 5 + [False] * 3


def test_frame_and_speech_are_told_apart() -> None:
    text = '"The dam is sound for the time being," said the chief engineer of the company.'

    assert quoted(text) == [True, False]


def test_dropped_sentences_can_be_counted() -> None:
    text = "Prices fell again. Really? Wages did not."
    sentences = split_sentences(text, "en")

    assert len(sentences) - len({statement.sentence for statement in statements(text)}) == 1


@given(TEXTS, LANGUAGES)
def test_statements_are_ordered_disjoint_slices(text: str, language: str) -> None:
    document, sentences = Document(text, language=language), split_sentences(text, language)

    found = extract_statements(document, sentences)

    assert all(statement.text == text[statement.start : statement.end] for statement in found)
    assert all(any(map(str.isalpha, statement.text)) for statement in found)
    assert all(one.end <= two.start and one.sentence <= two.sentence for one, two in pairwise(found))
    for statement in found:
        sentence = sentences[statement.sentence]
        assert sentence.start <= statement.start < statement.end <= sentence.end
        assert statement.text == statement.text.strip()


@given(TEXTS)
def test_sentences_of_any_shape_are_taken(text: str) -> None:
    # The whole text as one sentence: marks, line ends and spaces at the edges.
    spans = [Span(0, len(text))] if text else []

    for statement in extract_statements(Document(text), spans):  # type: ignore[arg-type]
        assert statement.text == text[statement.start : statement.end]


def test_ten_thousand_unclosed_quotations_are_read_in_linear_time() -> None:
    text = "“He left the house. " * 10_000
    began = time.perf_counter()

    found = statements(text)

    assert len(found) == 10_000
    assert time.perf_counter() - began < 5  # takes a fifth of a second


@pytest.mark.parametrize(
    ("text", "language", "rest"),
    [
        ("Por una parte, se ha mostrado firme", "es", "se ha mostrado firme"),
        ("pero de la otra ha destacado que sigue", "es", "ha destacado que sigue"),
        ("Y es que aunque Tokáev cumple las sanciones", "es", "Tokáev cumple las sanciones"),
        ("However, the plant stays open", "en", "the plant stays open"),
        ("However hard it tries, it fails", "en", "However hard it tries, it fails"),
        ("If it rains, the match is off", "en", "If it rains, the match is off"),
        ("And so on", "en", "And so on"),
        ("Andorra is a small country", "en", "Andorra is a small country"),
        ("Einerseits bleibt das Werk offen", "de", "bleibt das Werk offen"),
        ("但是这座桥仍然开放", "zh", "这座桥仍然开放"),
        ("However, the plant stays open", "xx", "However, the plant stays open"),
    ],
)
def test_discourse_markers_at_the_beginning_do_not_reach_the_model(text: str, language: str, rest: str) -> None:
    assert without_markers(text, language) == rest
