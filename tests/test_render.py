"""What each format shows, and that no article can break out of it."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from claims.cues import CUES
from claims.document import Document
from claims.findings import KINDS, Counts, Extract, ExtractCounts, Finding, Report, ranked
from claims.render import FORMATS, Options, render, render_statements, shown
from claims.render.markdown import escape
from claims.render.shown import clean, confidence_words, limit_words, one_line
from claims.render.text import print_text
from claims.statements import Statement

ARTICLE = (
    "El presidente cumple las sanciones.\n"
    "Por una parte, respeta las sanciones contra Rusia, pero continuará la cooperación integral con Rusia.\n"
    "\n"
    "El ministro lo niega."
)
SANCTIONS = "respeta las sanciones contra Rusia,"
COOPERATION = "pero continuará la cooperación integral con Rusia."
DENIAL = "El ministro lo niega."

HOSTILE = [
    "<script>alert(1)</script>",
    "</style><style>*{display:none}",
    '"><img src=x onerror=alert(1)>',
    "</title></mark></p></article>",
    "<!--",
    "]]>",
    "&lt;b&gt;&#0;&amp",
    "\x00\x07\x1b[31m\x1b]0;owned\x07\x9b2J",
    "\u202egnp.exe\u202c \u2067\u2066",
    "\u2028one\u2029two\x85three\r\nfour\x0bfive",
    "\u0338\u0301 combining",
    "[red]markup[/red] :smile: [link=https://example.org]x[/link]",
    "=HYPERLINK(1)",
    "* _a_ `b` ![c](d) | ~~e~~ # f $g$ <http://h>",
    "سارع الوزير",
    "😀\U000e0041",
]


def statement(text: str, part: str, sentence: int = 0, **more: object) -> Statement:
    start = text.index(part)
    return Statement(start, start + len(part), part, sentence, **more)  # type: ignore[arg-type]


def finding(a: Statement, b: Statement, confidence: float = 0.934, **more: object) -> Finding:
    given: dict[str, object] = {"kind": "self_contradiction", "reasons": ("each excludes the other",), **more}
    return Finding(a, b, confidence, forward=(0.02, 0.1, 0.88), backward=(0.01, 0.14, 0.85), **given)  # type: ignore[arg-type]


def extract(*statements: Statement, document: Document | None = None, **more: int) -> Extract:
    document = document or Document(ARTICLE, "article.txt", "es", "Un viaje", "2024-05-01")
    n_claims = sum(s.is_claim for s in statements)
    counts = ExtractCounts(**{"sentences": 9, "statements": len(statements), "claims": n_claims, **more})
    return Extract(document, counts, statements)


def report(*scored: Finding, document: Document | None = None, **more: object) -> Report:
    document = document or Document(ARTICLE, "article.txt", "es", "Un viaje", "2024-05-01")
    statements = tuple(sorted({s for f in scored for s in (f.a, f.b)}, key=lambda s: (s.start, s.end)))
    given: dict[str, object] = {
        "model": "small",
        "model_version": "1",
        "calibrated": True,
        "threshold": 0.5,
        "counts": Counts(19, 41, 820, 820),
        **more,
    }
    return Report(document, scored=ranked(scored), statements=statements, **given)  # type: ignore[arg-type]


def about(text: str, *, threshold: float = 0.5) -> Report:
    """A report in which a text is everything a report takes from outside."""
    whole = f"{text} {text}"
    a, b = (
        Statement(0, len(text), text, 0, speaker=text),
        Statement(len(text) + 1, len(whole), text, 1, True, text),
    )
    document = Document(whole, text, "en", text, text)
    return report(finding(a, b, kind=text, reasons=(text,)), document=document, model=text, threshold=threshold)


@pytest.fixture
def sanctions() -> Report:
    speaker = {"speaker": "Tokáev", "own_voice": False}
    a, b = statement(ARTICLE, SANCTIONS, 1, **speaker), statement(ARTICLE, COOPERATION, 1, **speaker)
    c = statement(ARTICLE, DENIAL, 2, quoted=True, own_voice=False)
    return report(finding(a, b), finding(b, c, 0.71, kind="unattributed", reasons=()), finding(a, c, 0.31))


@pytest.fixture
def statements() -> Extract:
    """One of each: the article's own, with a subject from elsewhere, somebody's, and no claim."""
    president = ARTICLE.index("El presidente"), len("El presidente")
    tokaev: dict[str, object] = {"speaker": "Tokáev", "mention": president, "own_voice": False, "subject": president}
    dated: dict[str, object] = {"cues": ("future", "dated"), "dates": ("2024-05-12", "--06", "monday")}
    return extract(
        statement(ARTICLE, "El presidente cumple las sanciones.", 0, claim_score=0.937),
        statement(ARTICLE, SANCTIONS, 1, claim_score=0.4999, **tokaev),
        statement(ARTICLE, COOPERATION, 1, claim_score=0.71, **tokaev, **dated),
        statement(ARTICLE, DENIAL, 2, quoted=True, own_voice=False, claim_score=0.9, cues=("wish",)),
        skipped_sentences=6,
    )


def extract_about(text: str) -> Extract:
    """An extract in which a text is everything it takes from outside."""
    whole = f"{text} {text}"
    first = Statement(0, len(text), text, 0, True, text, (0, len(text)), False, None, (text,), (text,), 0.9)
    span = len(text) + 1, len(whole)
    second = Statement(*span, text, 1, subject=(0, len(text)), cues=("dated",), dates=(text,), claim_score=0.1)
    return extract(first, second, document=Document(whole, text, "en", text, text))


# every format


@pytest.mark.parametrize("format", FORMATS)
def test_output_ends_with_one_newline(sanctions: Report, format: str) -> None:
    for reports in ([sanctions], [sanctions, sanctions.at(0.99)]):
        written = render(reports, format, Options(statements=True, text=True))
        assert written.endswith("\n")
        assert not written.endswith(("\n\n", "\n\r\n"))


@pytest.mark.parametrize("format", FORMATS)
def test_same_report_gives_same_bytes(sanctions: Report, format: str) -> None:
    assert render([sanctions], format) == render([sanctions], format)


@pytest.mark.parametrize("format", FORMATS)
def test_no_report_is_valid_output(format: str) -> None:
    expected = {"text": "", "json": "[]\n", "jsonl": ""}
    written = render([], format)
    assert written == expected.get(format, written)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_control_character_and_no_override_comes_out(format: str, text: str) -> None:
    options = Options(statements=True, text=True)
    for written in (render([about(text)], format, options), render_statements([extract_about(text)], format, options)):
        written.encode()
        assert re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e]", written) == []


@pytest.mark.parametrize("format", FORMATS)
def test_min_confidence_lists_more_than_the_threshold(sanctions: Report, format: str) -> None:
    assert SANCTIONS in render([sanctions], format)
    pages = (render([sanctions], format, Options(min_confidence=least)) for least in (None, 0.0))
    fewer, more = (re.sub("</?b\\b[^>]*>", "", page) for page in pages)  # what differs is marked within a statement
    assert more.count(DENIAL) > fewer.count(DENIAL)


def test_unknown_format_is_refused(sanctions: Report, statements: Extract) -> None:
    with pytest.raises(ValueError, match="use one of text, json"):
        render([sanctions], "xml")
    with pytest.raises(ValueError, match="use one of text, json"):
        render_statements([statements], "xml")


def test_rich_is_not_imported_for_other_formats() -> None:
    code = (
        "import sys; from claims.render import render, FORMATS;"
        "[render([], f) for f in FORMATS if f != 'text']; sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# every format, of statements


@pytest.mark.parametrize("format", FORMATS)
def test_statements_end_with_one_newline_and_are_the_same_bytes_again(statements: Extract, format: str) -> None:
    for extracts in ([], [statements], [statements, statements]):
        written = render_statements(extracts, format)
        assert written == render_statements(extracts, format)
        assert written.endswith("\n") or not extracts
        assert not written.endswith(("\n\n", "\n\r\n"))


@pytest.mark.parametrize("format", FORMATS)
def test_statements_show_who_speaks(statements: Extract, format: str) -> None:
    written = render_statements([statements], format)
    assert "Tokáev" in written
    if format in ("text", "md", "html"):
        assert written.count("the article") == 1
        assert written.count("somebody, unknown who") == 1
        assert "1 speaker" in written


@pytest.mark.parametrize("format", FORMATS)
def test_claims_only_lists_nothing_else(statements: Extract, format: str) -> None:
    written = render_statements([statements], format, Options(claims_only=True))
    assert COOPERATION in written
    assert SANCTIONS not in written
    assert DENIAL not in written


@pytest.mark.parametrize("format", ["text", "md", "html"])
def test_statements_say_what_a_reader_wants_to_know(statements: Extract, format: str) -> None:
    written = " ".join(render_statements([statements], format, Options(width=200)).split())
    assert "9 sentences, 4 statements, 2 claims, 1 speaker" in written
    assert "6 sentences hold no statement" in written
    for words in ("claim 0.93", "no claim 0.49", "claim 0.71", "no claim 0.90", "quoted", "about El presidente"):
        assert words in written
    assert CUES["future"] in written
    assert CUES["wish"] in written
    assert "names 12 May 2024, June, Monday" in written


@pytest.mark.parametrize("format", ["text", "md", "html"])
def test_statements_that_are_not_listed_are_counted(statements: Extract, format: str) -> None:
    options = Options(claims_only=True)
    assert "2 claims; 2 other statements not listed" in render_statements([statements], format, options)
    only_wish = extract(statements.statements[-1])
    assert "No claims; 1 other statement not listed" in render_statements([only_wish], format, options)


@pytest.mark.parametrize("format", ["text", "md", "html"])
def test_an_article_without_statements_says_so(format: str) -> None:
    assert "No statements." in render_statements([extract()], format)


@pytest.mark.parametrize("format", ["text", "md", "html"])
def test_statements_that_no_model_scored_say_so(format: str) -> None:
    written = render_statements([extract(statement(ARTICLE, DENIAL))], format)
    assert "No model scored what is worth checking" in " ".join(written.split())
    assert "claim 0" not in written


@pytest.mark.parametrize(
    ("date", "words"),
    [
        *(("2019", "2019"), ("2023-05", "May 2023"), ("2023-05-02", "2 May 2023"), ("--05-12", "12 May")),
        *(("--03", "March"), ("thursday", "Thursday"), ("2023-13", "2023-13"), ("<b>", "<b>")),
    ],
)
def test_dates_are_written_out(date: str, words: str) -> None:
    named = statement(ARTICLE, DENIAL, cues=("dated",), dates=(date,))
    assert f"the article · names {words}\n" in render_statements([extract(named)], "text")


# words


def test_confidence_is_never_rounded_up(sanctions: Report) -> None:
    shown = [confidence_words(sanctions, c) for c in (0.0, 0.29, 0.496, 0.57, 0.9999, 1.0)]
    assert shown == ["0 %", "29 %", "49 %", "57 %", "99 %", "100 %"]
    assert [limit_words(sanctions, c) for c in (0.0, 0.07, 0.5, 0.995)] == ["0 %", "7 %", "50 %", "99.5 %"]


def test_uncalibrated_score_is_no_percentage() -> None:
    pair = finding(statement(ARTICLE, SANCTIONS), statement(ARTICLE, DENIAL))
    uncalibrated = report(pair, calibrated=False)
    for format in ("text", "md", "html"):
        written = render([uncalibrated], format)
        assert "0.93" in written
        assert "93 %" not in written
        assert "not calibrated for this model" in written


@pytest.mark.parametrize("format", ["text", "md", "html"])
def test_what_was_left_out_is_said(format: str) -> None:
    counts = Counts(19, 41, 2023, 820, skipped_pairs=1203, truncated=1, skipped_sentences=2, skipped_chars=5000)
    words = " ".join(render([report(counts=counts)], format, Options(width=200)).split())
    assert "1,203 pairs with less in common were not read" in words
    assert "1 comparison was cut short" in words
    assert "2 sentences hold no statement" in words
    assert "5,000 characters beyond the size limit" in words


@pytest.mark.parametrize("format", ["text", "md", "html"])
def test_nothing_found_says_so_and_shows_the_closest_pair(sanctions: Report, format: str) -> None:
    written = render([sanctions.at(0.95)], format)
    assert "No likely contradictions at or above 95 %; the closest pair has 93 %:" in written.replace("\u00a0", " ")
    assert SANCTIONS in written
    assert COOPERATION in written


@pytest.mark.parametrize("format", ["text", "md", "html"])
def test_nothing_compared_says_so(format: str) -> None:
    written = render([report()], format).replace("\u00a0", " ")
    assert "No likely contradictions at or above 50 %; no pair was compared." in written


def test_pairs_below_the_threshold_are_not_called_likely(sanctions: Report) -> None:
    written = render([sanctions], "text", Options(min_confidence=0))
    assert "3 pairs at or above 0 %, 2 of them at or above the threshold of 50 %" in written


# text


def test_text_of_a_report(sanctions: Report) -> None:
    assert render([sanctions], "text", Options(width=70)) == (
        "Un viaje\n"
        "article.txt · es · 2024-05-01\n"
        "19 sentences, 41 statements, 820 pairs, 820 scored\n"
        "\n"
        "2 likely contradictions at or above 50 %\n"
        "\n"
        f" 1. 93 %  █████████░  {KINDS['self_contradiction']}\n"
        "    Why: each excludes the other\n"
        "    A  sentence 2 · Tokáev\n"
        "       respeta las sanciones contra Rusia,\n"
        "    B  sentence 2 · Tokáev\n"
        "       pero continuará la cooperación integral con Rusia.\n"
        "\n"
        f" 2. 71 %  ███████░░░  {KINDS['unattributed']}\n"
        "    A  sentence 2 · Tokáev\n"
        "       pero continuará la cooperación integral con Rusia.\n"
        "    B  sentence 3 · somebody, unknown who · quoted\n"
        "       El ministro lo niega.\n"
    )


def test_text_of_statements(statements: Extract) -> None:
    assert render_statements([statements], "text", Options(width=60)) == (
        "Un viaje\n"
        "article.txt · es · 2024-05-01\n"
        "9 sentences, 4 statements, 2 claims, 1 speaker\n"
        "Note: 6 sentences hold no statement (questions, short\n"
        "headings).\n"
        "\n"
        "4 statements (● claim, ○ no claim)\n"
        "\n"
        "   1  ● El presidente cumple las sanciones.\n"
        "        claim 0.93 · the article\n"
        "\n"
        "   2  ○ respeta las sanciones contra Rusia,\n"
        "        no claim 0.49 · Tokáev · about El presidente\n"
        "      ● pero continuará la cooperación integral con Rusia.\n"
        "        claim 0.71 · Tokáev · about El presidente · speaks\n"
        "        of the future · names 12 May 2024, June, Monday\n"
        "\n"
        "   3  ○ El ministro lo niega.\n"
        "        no claim 0.90 · somebody, unknown who · quoted ·\n"
        "        says what should be, not what is\n"
    )


def test_a_report_lists_its_statements_as_an_extract_does(sanctions: Report) -> None:
    written = render([sanctions], "text", Options(statements=True))
    listed = render_statements([extract(*sanctions.statements)], "text")
    assert written.endswith(listed[listed.index("3 statements (●") :])


@pytest.mark.parametrize("width", [40, 80, 120])
def test_text_keeps_its_width_and_has_no_space_at_line_ends(sanctions: Report, statements: Extract, width: int) -> None:
    text, options = "palabra " * 60 + "一" * 100, Options(width=width)
    reports, extracts = [sanctions, about(text)], [statements, extract_about(text)]
    for line in (render(reports, "text", options) + render_statements(extracts, "text", options)).splitlines():
        assert len(line) <= width
        assert line == line.rstrip()


def test_text_shows_markup_as_it_is() -> None:
    markup = "[red]alarm[/red] :smile: [/]"
    assert render([about(markup)], "text").count(markup) >= 5
    assert render_statements([extract_about(markup)], "text").count(markup) >= 5


def test_terminal_gets_colour_and_article_no_say_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for of in (about, extract_about):
        coloured, plain = (_terminal(of(text), "standard") for text in ("\x1b[5mblink", "�[5mblink"))
        assert "\x1b[1;36m" in coloured
        assert coloured == plain


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch, sanctions: Report) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert re.findall("\x1b\\[[0-9;]*3[0-9]", _terminal(sanctions, "standard")) == []


def test_terminal_width_is_used_up_to_a_readable_line() -> None:
    long = about("palabra " * 80)
    assert max(map(len, _terminal(long, None, width=70).splitlines())) <= 70
    assert max(map(len, _terminal(long, None, width=400).splitlines())) <= 110


def test_bar_and_marks_are_ascii_where_the_output_is(sanctions: Report, statements: Extract) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    print_text([sanctions, statements], Options(), Console(file=file))
    file.seek(0)
    written = file.read()
    assert "93 %  #########-" in written
    assert "   1  * El presidente" in written
    assert "   2  - respeta" in written


def _terminal(shown: Report | Extract, colors: str | None, width: int = 80) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system=colors, width=width)  # type: ignore[arg-type]
    print_text([shown], Options(), console)
    return file.getvalue()


# JSON, JSON Lines, CSV


def test_json_is_the_contract_of_the_report(sanctions: Report) -> None:
    assert json.loads(render([sanctions], "json")) == sanctions.to_json()
    several = json.loads(render([sanctions, sanctions.at(0.9)], "json", Options(text=True)))
    assert several == [sanctions.to_json(text=True), sanctions.at(0.9).to_json(text=True)]


def test_json_is_readable(sanctions: Report) -> None:
    written = render([sanctions], "json")
    assert written.startswith('{\n  "schema": 1,\n')
    assert "continuará" in written


@pytest.mark.parametrize("text", HOSTILE)
def test_jsonl_has_one_object_a_line_however_lines_are_told(text: str) -> None:
    hostile = about(text)
    lines = render([hostile, hostile], "jsonl", Options(text=True, statements=True)).splitlines()
    assert [json.loads(line) for line in lines] == [hostile.to_json(text=True, statements=True)] * 2


def test_csv_row_per_finding(sanctions: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(render([sanctions, sanctions.at(0.9)], "csv"), newline="")))
    assert [(row["source"], row["confidence"], row["kind"]) for row in rows] == [
        ("article.txt", "0.9340", "self_contradiction"),
        ("article.txt", "0.7100", "unattributed"),
        ("article.txt", "0.9340", "self_contradiction"),
    ]
    first = rows[0]
    assert first["document_id"] == sanctions.document.id
    assert ARTICLE[int(first["a_start"]) : int(first["a_end"])] == first["a_text"] == SANCTIONS
    assert (first["b_text"], first["b_speaker"], rows[1]["b_speaker"]) == (COOPERATION, "Tokáev", "")


def test_csv_always_has_its_header() -> None:
    assert render([], "csv") == render([report()], "csv")
    assert render([], "csv").startswith("source,document_id,language,confidence,calibrated,kind,reasons,a_start,")
    assert render([], "csv").count("\r\n") == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r@", " +", "＝", "－"])
def test_csv_cell_is_no_formula(start: str) -> None:
    (row,) = csv.DictReader(io.StringIO(render([about(f"{start}1+1|x")], "csv"), newline=""))
    for column in ("source", "kind", "reasons", "a_text", "a_speaker", "b_text", "b_speaker"):
        assert row[column] == f"'{start.strip()}1+1|x"


def test_json_is_the_contract_of_the_extract(statements: Extract) -> None:
    assert json.loads(render_statements([statements], "json")) == statements.to_json()
    assert json.loads(render_statements([statements], "json", Options(array=True))) == [statements.to_json()]
    claims = json.loads(render_statements([statements], "jsonl", Options(claims_only=True, text=True)))
    assert claims == statements.to_json(claims_only=True, text=True)


def test_csv_row_per_statement(statements: Extract) -> None:
    rows = list(csv.DictReader(io.StringIO(render_statements([statements, statements], "csv"), newline="")))
    assert len(rows) == 8
    first, _, third, last = rows[:4]
    assert ARTICLE[int(third["start"]) : int(third["end"])] == third["text"] == COOPERATION
    assert (first["speaker"], first["own_voice"], first["quoted"]) == ("", "true", "false")
    assert (third["speaker"], third["own_voice"], third["quoted"]) == ("Tokáev", "false", "false")
    assert (last["speaker"], last["own_voice"], last["quoted"]) == ("", "false", "true")
    assert (third["source"], third["document_id"], third["language"], third["sentence"]) == (
        *("article.txt", statements.document.id, "es", "1"),
    )
    assert (third["claim_score"], third["is_claim"], last["claim_score"], last["is_claim"]) == (
        *("0.7100", "true", "0.9000", "false"),
    )
    assert (third["subject"], third["cues"], third["dates"]) == (
        *("El presidente", "future; dated", "2024-05-12; --06; monday"),
    )


def test_csv_of_statements_always_has_its_header() -> None:
    header = (
        "source,document_id,language,sentence,start,end,text,speaker,own_voice,quoted,"
        "claim_score,is_claim,subject,cues,dates\r\n"
    )
    assert render_statements([], "csv") == render_statements([extract()], "csv") == header


def test_a_score_that_is_not_known_is_an_empty_cell() -> None:
    written = render_statements([extract(statement(ARTICLE, DENIAL))], "csv")
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert (row["claim_score"], row["is_claim"]) == ("", "true")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r@", " +", "＝", "－"])
def test_csv_cell_of_a_statement_is_no_formula(start: str) -> None:
    written = render_statements([extract_about(f"{start}1+1|x")], "csv")
    first, second = csv.DictReader(io.StringIO(written, newline=""))
    cells = [first[column] for column in ("source", "text", "speaker", "cues", "dates")] + [second["subject"]]
    assert set(cells) == {f"'{start.strip()}1+1|x"}


# Markdown


def test_markdown_of_a_report(sanctions: Report) -> None:
    assert render([sanctions.at(0.9)], "md") == (
        "# Possible contradictions\n\n"
        "## Un viaje\n\n"
        "- article.txt\n- es\n- 2024-05-01\n"
        "- 19 sentences, 41 statements, 820 pairs, 820 scored\n- model small 1\n\n"
        "**1 likely contradiction at or above 90 %**\n\n"
        f"### 1. 93 %: {KINDS['self_contradiction']}\n\n"
        "- **A**, sentence 2, Tokáev: respeta las sanciones contra Rusia,\n"
        "- **B**, sentence 2, Tokáev: pero continuará la cooperación integral con Rusia.\n"
        "- Why: each excludes the other\n"
    )


def test_markdown_of_statements(statements: Extract) -> None:
    assert render_statements([statements], "md", Options(claims_only=True)) == (
        "# Statements\n\n"
        "## Un viaje\n\n"
        "- article.txt\n- es\n- 2024-05-01\n"
        "- 9 sentences, 4 statements, 2 claims, 1 speaker\n\n"
        "> 6 sentences hold no statement (questions, short headings).\n\n"
        "**2 claims; 2 other statements not listed**\n\n"
        "| Sentence | Statement | Who says it | Claim | Remarks |\n"
        "|---:|---|---|---|---|\n"
        "| 1 | El presidente cumple las sanciones. | the article | claim 0.93 |  |\n"
        "| 2 | pero continuará la cooperación integral con Rusia. | Tokáev | claim 0.71 |"
        " about El presidente; speaks of the future; names 12 May 2024, June, Monday |\n"
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(HOSTILE) | st.text("*_`[]()<>|~#&$!^\\ ab\n-+=1.:"), max_size=5).map("".join))
def test_markdown_shows_article_text_as_it_is(text: str) -> None:
    (paragraph,) = (t for t in _markdown(f"- A: {escape(text)}.") if t.type == "inline")
    assert {token.type for token in paragraph.children} <= {"text", "text_special"}
    assert "".join(token.content for token in paragraph.children) == f"A: {one_line(text)}."


def test_article_adds_nothing_to_the_structure_of_markdown() -> None:
    for render_one, of in ((render, about), (render_statements, extract_about)):
        documents = [render_one([of(text)], "md", Options(statements=True)) for text in (*HOSTILE, "plain")]  # type: ignore[operator]
        assert len({tuple(token.type for token in _markdown(document)) for document in documents}) == 1


def test_markdown_table_shows_article_text_as_it_is() -> None:
    for text in (*HOSTILE, "a \\| b", "a | b\\"):
        tokens = _markdown(render_statements([extract_about(text)], "md"))
        cells = [t for before, t in pairwise(tokens) if before.type == "td_open"]
        assert "".join(token.content for token in cells[1].children) == one_line(text)


def _markdown(text: str) -> list:  # type: ignore[type-arg]
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


# HTML


class Page(HTMLParser):
    """What a browser would make of a page."""

    VOID = ("meta",)

    def __init__(self, written: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.style = ""
        self.policy = ""
        self.article = ""
        self.quotes: list[str] = []
        self.marked: dict[str, str] = {}
        self.directions: set[tuple[str | None, str | None]] = set()
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(written)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs)
        self.tags.add(tag)
        self.attributes |= set(given)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if "href" in given else []
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if "lang" in given and tag != "html":
            self.directions.add((given["lang"], given.get("dir")))
        if tag == "blockquote":
            self.quotes.append("")
        if tag not in self.VOID:
            self._open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        around = [tag for tag, _ in self._open]
        if "style" in around:
            self.style += data
        if "blockquote" in around:
            self.quotes[-1] += data
        if "article" in around and "p" in around and "sup" not in around:
            self.article += data
        for tag, attributes in self._open:
            for name in (attributes["class"] or "").split() if tag == "mark" else ():
                self.marked[name] = self.marked.get(name, "") + data


OURS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "nav",
        "main",
        "section",
        "article",
        "footer",
    ),
    *("h1", "h2", "h3", "p", "ul", "ol", "li", "div", "blockquote", "details", "summary"),
    *("a", "b", "bdi", "mark", "span", "sup", "svg", "rect"),
}
OUR_ATTRIBUTES = {
    *("aria-hidden", "aria-label", "aria-labelledby", "charset", "class", "content", "dir", "height", "href"),
    *("http-equiv", "id", "lang", "name", "preserveaspectratio", "viewbox", "width"),
}


def without_space(text: str) -> str:
    return "".join(text.split())


def check_markup(written: str) -> Page:
    """Every promise that holds for any page, whatever it shows."""
    page = Page(written)
    assert page.tags <= OURS
    assert page.attributes <= OUR_ATTRIBUTES
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert all(link.startswith("#") for link in page.links)
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    return page


def check_page(reports: list[Report], options: Options) -> Page:
    """Every promise that holds for the page of any reports."""
    page = check_markup(render(reports, "html", options))
    assert without_space(page.article) == without_space("".join(clean(r.document.text) for r in reports))
    for n, each in enumerate(reports, start=1):
        for m, found in enumerate(each.at(options.min_confidence or 0).findings, start=1):
            for side in (found.a, found.b):
                assert clean(side.text) in page.quotes
            for name, side in ((f"r{n}f{m}a", found.a), (f"r{n}f{m}b", found.b)):
                assert without_space(page.marked.get(name, "")) == without_space(clean(side.text))
                assert name in page.ids
                assert f"#{name}" in page.links
    return page


texts = st.lists(st.sampled_from(HOSTILE) | st.sampled_from("\n\r\t ") | st.text(), max_size=6).map("".join)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    text = draw(texts) + "."
    edges = st.integers(0, len(text) - 1)
    short = st.none() | texts

    def statements() -> Statement:
        start = draw(edges)
        end = draw(st.integers(start + 1, len(text)))
        return Statement(start, end, text[start:end], draw(st.integers(0, 9)), draw(st.booleans()), draw(short))

    scored = [
        finding(statements(), statements(), draw(st.floats(0, 1)), kind=draw(st.sampled_from([*KINDS, "<i>"])))
        for _ in range(draw(st.integers(0, 4)))
    ]
    document = Document(text, draw(texts), draw(st.sampled_from(["es", "ar", "und"])), draw(short), draw(short))
    return report(*scored, document=document)


@st.composite
def extracts(draw: st.DrawFn) -> Extract:
    text = draw(texts) + "."
    short = st.none() | texts
    spans = st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text))).map(lambda span: tuple(sorted(span)))
    cues = st.lists(st.sampled_from([*CUES, "<i>"]), max_size=3).map(tuple)
    dates = st.lists(st.sampled_from(["2019", "--05", "monday", "<i>"]), max_size=2).map(tuple)
    scores = st.none() | st.floats(0, 1)
    found = []
    for _ in range(draw(st.integers(0, 4))):
        start, end = draw(spans)
        span, sentence, quoted, speaker = (start, end), draw(st.integers(0, 9)), draw(st.booleans()), draw(short)
        told = draw(st.tuples(st.none() | spans, st.booleans(), st.none() | spans, cues, dates, scores))
        found.append(Statement(*span, text[start:end], sentence, quoted, speaker, *told))
    document = Document(text, draw(texts), draw(st.sampled_from(["es", "ar", "und"])), draw(short), draw(short), 3)
    return extract(*found, document=document, skipped_chars=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(reports(), max_size=2), st.booleans())
def test_html_holds_for_any_text_and_spans(given: list[Report], statements: bool) -> None:
    check_page(given, Options(min_confidence=0, statements=statements))


@settings(max_examples=60, deadline=None)
@given(reports())
def test_json_round_trip(given: Report) -> None:
    written = render([given], "json", Options(min_confidence=0, statements=True, text=True))
    assert Report.from_json(json.loads(written)) == given


@settings(max_examples=60, deadline=None)
@given(st.lists(extracts(), max_size=2))
def test_html_of_statements_holds_for_any_text_and_spans(given: list[Extract]) -> None:
    page = check_markup(render_statements(given, "html"))
    shown = [clean(statement.text) for extract in given for statement in extract.statements]
    assert [without_space(quote) for quote in page.quotes] == [without_space(text) for text in shown]


@settings(max_examples=60, deadline=None)
@given(extracts())
def test_json_round_trip_of_statements(given: Extract) -> None:
    for format in ("json", "jsonl"):
        assert Extract.from_json(json.loads(render_statements([given], format, Options(text=True)))) == given


@pytest.mark.parametrize("text", HOSTILE)
def test_html_of_hostile_text_has_only_our_elements(text: str) -> None:
    check_page([about(text), about(text)], Options(min_confidence=0, statements=True))
    check_markup(render_statements([extract_about(text), extract_about(text)], "html"))


def test_html_marks_claims_and_links_articles(statements: Extract) -> None:
    written = render_statements([statements, statements], "html")
    page = check_markup(written)
    assert written.count('<div class="statement claim">') == 4
    assert written.count('<div class="statement">') == 4
    assert page.links == ["#r1", "#r2"]
    assert "</a> (2 claims)" in written


def test_html_marks_overlapping_and_nested_statements() -> None:
    text = "Uno dos tres cuatro cinco."
    overlapping = finding(statement(text, "Uno dos tres"), statement(text, "dos tres cuatro"))
    nested = finding(statement(text, "tres cuatro cinco."), statement(text, "cuatro"), 0.8)
    page = check_page([report(overlapping, nested, document=Document(text))], Options(min_confidence=0))
    assert page.marked == {
        "r1f1a": "Uno dos tres",
        "r1f1b": "dos tres cuatro",
        "r1f2a": "tres cuatro cinco.",
        "r1f2b": "cuatro",
    }


def test_html_marks_a_statement_over_several_paragraphs() -> None:
    text = "Uno dos.\n\nTres cuatro."
    page = check_page(
        [report(finding(statement(text, "dos.\n\nTres"), statement(text, "cuatro.")), document=Document(text))],
        Options(),
    )
    assert page.marked["r1f1a"].split() == ["dos.", "Tres"]


def test_html_names_and_links_every_finding(sanctions: Report) -> None:
    page = check_page([sanctions, sanctions.at(0.9)], Options(min_confidence=0.5))
    assert {"r1", "r1f1", "r1f2a", "r2f1b", "r2f2"} <= set(page.ids)
    # each side: from its card into the text, and from the other side; the card: from both sides in the text
    assert [page.links.count(f"#{name}") for name in ("r1f1a", "r1f1b", "r1f1", "r1")] == [2, 2, 2, 1]


def test_html_lights_up_both_statements_of_the_target(sanctions: Report) -> None:
    style = Page(render([sanctions], "html")).style
    assert ":root:has(:is(#r1f1, #r1f1a, #r1f1b):target) .r1f1b" in style


@pytest.mark.parametrize(
    ("language", "expected"),
    [("ar", ("ar", "rtl")), ("he", ("he", "rtl")), ("fa", ("fa", "rtl")), ("ur", ("ur", "rtl")),
     ("es", ("es", "auto")), ("und", ("", "auto"))],
)  # fmt: skip
def test_html_shows_an_article_in_the_direction_of_its_language(
    language: str, expected: tuple[str, str], sanctions: Report
) -> None:
    given = report(*sanctions.scored, document=Document(ARTICLE, language=language))
    assert Page(render([given], "html", Options(statements=True))).directions == {expected}
    listed = extract(*given.statements, document=given.document)
    assert Page(render_statements([listed], "html")).directions == {expected}


def test_html_shows_the_name_of_a_file_in_its_own_direction() -> None:
    arabic = extract(document=Document(ARTICLE, "/tmp/a.txt", "ar"))
    assert '<h2 id="r1-title" dir="auto">/tmp/a.txt</h2>' in render_statements([arabic], "html")


def test_html_loads_nothing(sanctions: Report, statements: Extract) -> None:
    written = render([sanctions], "html") + render_statements([statements], "html")
    assert re.findall(r"https?:|url\(|@import|<script|<link|src=|style=", written) == []


def test_combining_mark_does_not_merge_with_the_tag_before_it() -> None:
    written = render([about("\u0338x")], "html")
    assert ">\u0338" not in written
    assert "&#824;x" in written


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_html_colours_can_be_read(scheme: str, sanctions: Report) -> None:
    schemes = re.findall(r":root \{(.*?)\}", Page(render([sanctions], "html")).style, re.DOTALL)
    colour = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", schemes[["light", "dark"].index(scheme)]))
    pairs = [
        ("ink", "page"),
        ("ink", "sheet"),
        ("soft", "page"),
        ("soft", "sheet"),
        ("link", "sheet"),
        ("link", "page"),
    ]
    pairs += [("ink", "mark"), ("ink", "a"), ("ink", "b"), ("a-ink", "sheet"), ("b-ink", "sheet")]
    pairs += [("warn-ink", "warn"), ("link", "track")]
    for above, below in pairs:
        assert _contrast(colour[above], colour[below]) >= 4.5, (above, below)
    assert _contrast(colour["bar"], colour["track"]) >= 3


def _contrast(one: str, other: str) -> float:
    """Source: WCAG 2.2, contrast ratio."""

    def luminance(color: str) -> float:
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("sign", "space"), [("a", " "), ("桥", "")])
def test_what_stands_around_a_statement_is_cut_between_words_where_there_are_any(sign: str, space: str) -> None:
    word = sign * 7 + space
    text = f"{word * 60}It is open. {word * 60}"
    start = text.index("It is open.")

    before, behind = shown.around(Document(text, "x.txt", "und"), Statement(start, start + 11, "It is open.", 0))

    assert before.startswith(f"… {sign}")
    assert behind.endswith(f"{sign} …")
    assert all(130 < len(side) < 170 for side in (before, behind))
    assert not space or {len(part) for part in f"{before} {behind}".replace("…", " ").split()} == {7}


def test_around_a_statement_stands_nothing_of_another_paragraph_and_no_mark_alone() -> None:
    text = "Before.\nHe said: it is open.\nBehind."

    assert shown.around(Document(text, "x.txt", "en"), Statement(17, 27, "it is open", 0)) == ("He said: ", "")
