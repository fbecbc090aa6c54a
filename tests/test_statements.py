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
from claims.tagger import Tagger

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


def tagged(text: str, language: str, tagger: Tagger) -> list[Statement]:
    return extract_statements(Document(text, language=language), split_sentences(text, language), tagger)


def test_seed_article_states_both_sides_of_its_contradiction(tagger: Tagger) -> None:
    text = SEED.read_text(encoding="utf-8")
    found = {statement.text: statement for statement in tagged(text, "es", tagger)}

    president = [
        found["Por una parte, se ha mostrado firme a respetar las sanciones impuestas contra Rusia"],
        found["continuará la cooperación integral con Rusia"],
        found["cumple las sanciones"],
        found['sigue siendo una fuente importante de "importaciones paralelas" para Rusia.'],
    ]
    (remark,) = [statement for words, statement in found.items() if "es prácticamente imposible" in words]
    assert [statement.speaker for statement in president] == ["Kasim-Yomart Tokáev"] * 4
    assert not any(statement.own_voice for statement in president)
    assert remark.own_voice
    assert remark.speaker is None


def test_omitted_subject_comes_from_the_sentences_before(tagger: Tagger) -> None:
    text = SEED.read_text(encoding="utf-8")

    (firm,) = [statement for statement in tagged(text, "es", tagger) if "se ha mostrado firme" in statement.text]

    assert firm.subject
    assert text[slice(*firm.subject)] == "el presidente de Kazajistán"


@pytest.mark.parametrize(
    ("language", "text", "statement", "subject"),
    [
        ("es", "El alcalde subió los impuestos y prometió bajar las tasas.", 1, "El alcalde"),
        ("en", "The mayor raised taxes in May and promised lower fees for all.", 1, "The mayor"),
        ("en", "The mayor raised taxes in May. He promised lower fees for all.", 1, "The mayor"),
        ("en", "The mayor raised taxes in May. The council rejected it.", 1, None),
        ("it", "Il sindaco ha aumentato le tasse. Poi ha promesso tariffe più basse.", 1, "Il sindaco"),
    ],
)
def test_a_clause_without_a_subject_of_its_own_names_where_it_comes_from(
    tagger: Tagger, language: str, text: str, statement: int, subject: str | None
) -> None:
    found = tagged(text, language, tagger)[statement].subject

    assert (found and text[slice(*found)]) == subject


def test_a_clause_inserted_behind_the_subject_and_what_goes_on_behind_it_are_two_statements(tagger: Tagger) -> None:
    text = "El prefecto, que se dice enemigo de politizar la desgracia, repartió kits con su retrato."

    inserted, rest = tagged(text, "es", tagger)

    assert (inserted.text, rest.text) == (
        "se dice enemigo de politizar la desgracia",
        "repartió kits con su retrato.",
    )
    assert inserted.subject == rest.subject == (0, len("El prefecto"))


def test_a_frame_with_an_inserted_clause_stays_a_frame(tagger: Tagger) -> None:
    text = "The minister, who is camping in the district, said that the road is open again."

    (said,) = tagged(text, "en", tagger)

    assert said.text == "the road is open again."
    assert said.speaker


def test_a_reporting_frame_is_no_statement() -> None:
    assert texts("The minister told reporters that prices had fallen sharply.") == ["prices had fallen sharply."]
    assert texts("«Los precios bajaron en mayo», explicó ayer el ministro de Economía, Luis Rey.", "es") == [
        "«Los precios bajaron en mayo»"
    ]
    assert texts("Según ha informado el Kremlin, los presidentes se reunirán en Astana.", "es") == [
        "los presidentes se reunirán en Astana."
    ]


@pytest.mark.parametrize(
    ("language", "text", "kept"),
    [
        ("en", "Prices fell sharply in May, he said, but wages rose again.", ["Prices fell", "wages rose again"]),
        ("en", "The bridge is closed, police said, and trains are not running.", ["bridge is closed", "trains"]),
        ("ca", "Segons Fontcuberta, tots els hospitals de la regió apliquen ja el protocol.", ["tots els hospitals"]),
        (
            "de",
            "Die Hallen stehen leer, sagte Hellweg, sie würden bald vermietet.",
            ["Hallen stehen leer", "vermietet"],
        ),
    ],
)
def test_what_stands_behind_a_frame_is_not_lost(tagger: Tagger, language: str, text: str, kept: list[str]) -> None:
    for found in (texts(text, language), [statement.text for statement in tagged(text, language, tagger)]):
        assert all(any(part in statement for statement in found) for part in kept), found


@pytest.mark.parametrize(
    ("language", "text", "content"),
    [
        ("en", "The minister denied that the bridge is closed to trains.", "the bridge"),
        ("en", "Nobody said that the bridge is closed to trains.", "the bridge"),
        ("en", "The minister did not say that the bridge is closed to trains.", "the bridge"),
        ("en", "It is not true that the bridge is closed to trains.", "the bridge"),
        ("es", "El ministro negó que los precios hubieran bajado en mayo.", "los precios"),
        ("fr", "Le ministre dément que les prix aient baissé en mai.", "les prix"),
        ("de", "Der Minister bestritt, dass die Preise im Mai gefallen sind.", "die Preise"),
        ("ru", "Министр отрицал, что цены в мае выросли на треть.", "цены"),
    ],
)
def test_what_is_denied_is_not_stated(tagger: Tagger, language: str, text: str, content: str) -> None:
    for found in (texts(text, language), [statement.text for statement in tagged(text, language, tagger)]):
        assert not any(statement.startswith(content) for statement in found), found


def test_what_a_source_rejects_is_a_statement() -> None:
    assert len(texts("The minister rejected the plan, but parliament insists on it.")) == 2


def test_a_complementizer_is_no_part_of_a_statement() -> None:
    assert texts("También destaca que el país sigue siendo una fuente importante.", "es") == [
        "el país sigue siendo una fuente importante."
    ]


def test_cues_and_dates_are_those_of_the_statement() -> None:
    (statement,) = statements("The plant will not open in May 2027.")

    assert statement.cues == ("future", "dated", "negated")
    assert statement.dates == ("2027-05",)


def test_without_a_tagger_nothing_is_known_of_claims_and_subjects() -> None:
    (statement,) = statements("Prices fell sharply in May.")

    assert (statement.claim_score, statement.subject) == (None, None)
    assert statement.is_claim


@pytest.mark.parametrize(
    ("score", "cues", "is_claim"), [(0.9, (), True), (0.2, (), False), (0.9, ("wish",), False), (None, (), True)]
)
def test_a_claim_scores_enough_and_neither_asks_nor_wishes(
    score: float | None, cues: tuple[str, ...], is_claim: bool
) -> None:
    assert Statement(0, 4, "It is", 0, cues=cues, claim_score=score).is_claim is is_claim


def test_seed_article_loses_no_sentence() -> None:
    text = SEED.read_text(encoding="utf-8")

    assert {statement.sentence for statement in statements(text, "es")} == set(range(len(split_sentences(text, "es"))))


def test_statement_is_the_slice_of_its_sentence() -> None:
    text = "It is open. Prices fell sharply in May, but wages rose again."

    assert statements(text) == [
        Statement(0, 11, "It is open.", 0, cues=("present",)),
        Statement(12, 38, "Prices fell sharply in May", 1, cues=("dated",), dates=("--05",)),
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

    assert quoted(text) == [True]


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
