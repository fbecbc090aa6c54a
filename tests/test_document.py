"""Reading an article: formats, encodings, limits, hard-wrapped lines, language, and the refusals."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claims import document as document_module
from claims.document import MAX_BYTES, MAX_CHARS, Document, detect_language
from claims.errors import DocumentError
from claims.formats import looks_like_html
from claims.language import language_code
from claims.unwrap import unwrap

DATA = Path(__file__).parent / "data" / "document"
ARTICLES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(DATA.glob("*.txt"))}
WORD_WRAPPED = sorted(set(ARTICLES) - {"zh", "ja", "th"})  # th: written without spaces
OLDER_ENCODINGS = {
    "es": "cp1252 iso8859_1", "ca": "cp1252", "gl": "cp1252", "pt": "cp1252 iso8859_1", "fr": "cp1252",
    "de": "cp1252", "sv": "cp1252", "no": "iso8859_1", "pl": "cp1250 iso8859_2", "cs": "cp1250 iso8859_2",
    "hu": "cp1250 iso8859_2", "tr": "cp1254 iso8859_9", "lt": "cp1257", "ru": "cp1251 koi8_r cp866 iso8859_5",
    "uk": "cp1251 koi8_u", "kk": "kz1048 ptcp154", "el": "cp1253 iso8859_7", "he": "cp1255",
    "ar": "cp1256 iso8859_6", "th": "tis_620", "zh": "gb18030 gbk big5", "ja": "shift_jis euc_jp iso2022_jp",
    "ko": "euc_kr cp949",
}  # fmt: skip
PARAGRAPH = "<p>The council said on Monday that the old bridge would stay open, whatever the weather.</p>"


def written(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return path


def document_or_message(data: bytes, source: str) -> Document | str:
    try:
        return Document.from_bytes(data, source=source)
    except DocumentError as error:
        return str(error)


# --- plain text -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ARTICLES)
def test_plain_utf8_text_stays_as_it_is(language: str, tmp_path: Path) -> None:
    path = written(tmp_path, "article.txt", ARTICLES[language])

    document = Document.read(path)

    assert document.text == ARTICLES[language]
    assert document.source == str(path)
    assert document.language == language
    assert document.skipped_chars == 0
    assert document.id == hashlib.sha256(ARTICLES[language].encode()).hexdigest()


def test_plain_text_needs_neither_html_nor_encoding_libraries() -> None:
    code = (
        "import sys; from claims.document import Document;"
        f"Document.read({str(DATA / 'en.txt')!r}, language='en');"
        "heavy = ('trafilatura', 'charset_normalizer', 'markdown_it', 'py3langid');"
        "print([name for name in heavy if name in sys.modules])"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


def test_every_line_end_becomes_a_newline() -> None:
    text = "A.\r\nB.\rC.\x85D.\u2028E.\u2029F.\x0cG.\x0bH.\n\nI."

    assert Document.from_text(text).text == "A.\nB.\nC.\nD.\nE.\nF.\nG.\nH.\n\nI."


def test_characters_no_renderer_can_show_are_left_out() -> None:
    document = Document.from_text("\ufeffA \x00word\x1b[31m \ud800 and \ud83d\ude00, \x93quoted\x94.")

    assert document.text == "A word[31m \ufffd and 😀, “quoted”."


def test_title_is_one_clean_line() -> None:
    assert Document.from_text("It closes.", title=" The \ud800old\r\nbridge\x1b ").title == "The \ufffdold bridge"


def test_leading_and_trailing_space_stays_so_that_offsets_stay_true() -> None:
    assert Document.from_text("\n  The bridge.\n\n").text == "\n  The bridge.\n\n"


def test_text_given_by_hand_may_be_empty() -> None:
    document = Document.from_text("", title="Nothing")

    assert (document.text, document.title, document.language) == ("", "Nothing", "und")


@settings(max_examples=150, deadline=None)
@given(st.text() | st.text(alphabet="ab .A,\n-\u4e00\r\x00\ufeff\ud800\udc00", max_size=400))
@example("\x00\ufeffA")
@example("a \n" * 30)
def test_reading_a_text_again_changes_nothing(text: str) -> None:
    document = Document.from_text(text, language="en")

    assert Document.from_text(document.text, language="en").text == document.text
    assert document.text.encode("utf-8").decode("utf-8") == document.text
    assert "\r" not in document.text


# --- formats ----------------------------------------------------------------------------------------------


def test_html_gives_main_text_title_date_and_language() -> None:
    document = Document.read(DATA / "article.html")

    assert document.text == (
        "Council keeps the old bridge\n"
        "The city council said on Monday that the old bridge would stay open to traffic all year,"
        " whatever the weather.\n"
        "Two days later the same office told residents that the bridge would close in October for repairs.\n"
        "“We were promised the opposite,” said the owner of the café on the north bank."
    )
    assert (document.title, document.date) == ("Council keeps the old bridge", "2024-05-03")
    assert document.language == "en"


@pytest.mark.parametrize(
    "body",
    [
        PARAGRAPH,
        f"<div>{PARAGRAPH[3:-4]}</div>",
        f"<table><tr><td>{PARAGRAPH}</td></tr></table>",
        PARAGRAPH[3:-4],
        f"<form>{PARAGRAPH}</form>",
        "<p>Taxes will rise.</p>",
    ],
)
def test_small_page_is_read_without_its_boilerplate(body: str) -> None:
    noise = "<div id='cookie-note'><p>We use cookies.</p></div><nav>Sport pages</nav><footer>Rights</footer>"
    page = f"<!doctype html><html><head><title>T</title></head><body>{noise}{body}</body></html>"

    document = Document.from_bytes(page.encode(), source="page.html")

    assert document.text == re.sub("<[^>]*>", "", body)


def test_year_in_the_footer_is_not_the_date() -> None:
    page = f"<html><body>{PARAGRAPH * 3}<footer>© 2019 The River Post</footer></body></html>"

    assert Document.from_bytes(page.encode(), source="page.html").date is None


def test_html_is_known_by_its_content_when_the_name_says_nothing() -> None:
    page = f"<?xml version='1.0'?><!-- x --><html xml:lang='ca'><body>{PARAGRAPH}</body></html>".encode()

    assert Document.from_bytes(page, source="-").text == PARAGRAPH[3:-4]
    assert Document.from_bytes(page, source="download").language == "ca"
    assert Document.from_bytes(page, source="page.txt").text.startswith("<?xml")


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 50_000 + PARAGRAPH,
        "<b><i><a href=" * 500 + PARAGRAPH,
        "<html><body><script>" + "<p>no</p>" * 1000,
        "<html><frameset></html>",
        "<!doctype html>",
        "<html><head><script type='application/ld+json'>" + "[" * 20_000 + "</script></head></html>",
        "<html><body><p>&#0;&#55296;&#x110000;&bogus;" * 50,
        "<table><tr><td>" * 2000 + PARAGRAPH,
    ],
)
def test_hostile_html_gives_a_document_or_a_document_error(page: str) -> None:
    outcome = document_or_message(page.encode(), "page.html")

    if isinstance(outcome, Document):
        assert outcome.text.strip()
        assert "script" not in outcome.text
    else:
        assert "save the article as a text file" in outcome


def test_markdown_gives_plain_text_without_marks() -> None:
    document = Document.read(DATA / "article.md")

    assert document.text.split("\n") == [
        "Council keeps the old bridge",
        "The city council said on Monday that the old bridge would stay open to traffic all year,"
        " whatever the weather.",
        "Two days later",
        "The bridge would close in October for repairs, the mayor said — no date yet.",
        "Engineers inspected it in March.",
        "They found no reason for alarm.",
        "The council meets on 12 May.",
        "The last paragraph.",
    ]
    assert (document.title, document.date) == ("Council keeps the old bridge", "2024-05-03")
    assert document.language == "en"


def test_markdown_without_front_matter_takes_its_first_heading_for_title() -> None:
    markdown = "---\n\nIntro\n\n旧桥*全年*\n开放。\n\nBridge\n======\n"

    document = Document.from_bytes(markdown.encode(), source="a.md")

    assert (document.title, document.text) == ("Bridge", "Intro\n旧桥全年开放。\nBridge")


def test_indented_paragraphs_of_markdown_are_not_taken_for_code() -> None:
    document = Document.from_bytes(b"    The bridge stays open.\n\n    It closes.", source="a.markdown")

    assert document.text == "The bridge stays open.\nIt closes."


def test_standard_input_is_read_as_text_or_html(monkeypatch: pytest.MonkeyPatch) -> None:
    for data, text in ((b"The bridge.\r\n", "The bridge.\n"), (PARAGRAPH.encode(), PARAGRAPH[3:-4])):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

        document = Document.read("-")

        assert (document.text, document.source) == (text, "-")


# --- encodings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_unicode_encodings_with_and_without_byte_order_mark(encoding: str, language: str) -> None:
    document = Document.from_bytes(ARTICLES[language].encode(encoding), source="article.txt")

    assert document.text == ARTICLES[language]


def test_utf16_with_big_endian_byte_order_mark() -> None:
    assert Document.from_bytes("\ufeffThe bridge.".encode("utf-16-be"), source="a.txt").text == "The bridge."


@pytest.mark.parametrize(
    ("language", "encoding"),
    [(key, name) for key, names in OLDER_ENCODINGS.items() for name in names.split()],
)
def test_older_encodings_of_news_are_told_apart(language: str, encoding: str) -> None:
    data = ARTICLES[language].encode(encoding, "ignore")  # ISO 8859-1 has no “ ”, Big5 no simplified forms
    text = data.decode(encoding)
    assert len(text) > (0.5 if encoding == "big5" else 0.9) * len(ARTICLES[language])

    document = Document.from_bytes(data, source="article.txt")

    assert document.text == text
    assert document.language == language


def test_a_few_pounds_and_accents_do_not_make_english_polish() -> None:
    text = "The café owner said it would cost £40 – “too much”."

    assert Document.from_bytes(text.encode("cp1252"), source="a.txt").text == text


def test_language_given_narrows_the_encoding() -> None:
    data = "Łódź, źródło".encode("iso8859_2")

    assert Document.from_bytes(data, source="a.txt", language="pl").text == "Łódź, źródło"


@pytest.mark.parametrize("declaration", ["charset=koi8-r", "content='text/html; charset=koi8-r'"])
def test_html_may_name_its_encoding(declaration: str) -> None:
    page = f"<html><head><meta {declaration}></head><body><p>Мост.</p></body></html>"

    assert Document.from_bytes(page.encode("koi8_r"), source="a.html").text == "Мост."


@pytest.mark.parametrize("name", ["utf-8", "no-such-encoding", "zip", "utf-16", "undefined", "idna"])
def test_html_naming_a_wrong_encoding_is_read_by_its_bytes(name: str) -> None:
    page = f"<html><head><meta charset={name}></head><body><p>{ARTICLES['ru'][:300]}</p></body></html>"

    assert "старый мост" in Document.from_bytes(page.encode("cp1251"), source="a.html").text


def test_broken_places_in_utf8_do_not_change_the_encoding() -> None:
    data = ARTICLES["es"].encode().replace("ú".encode(), b"\xfa", 1)

    assert Document.from_bytes(data, source="a.txt").text == ARTICLES["es"].replace("ú", "\ufffd", 1)


def test_a_few_stray_nuls_are_left_out() -> None:
    data = ARTICLES["en"].encode().replace(b" ", b" \0", 3)

    assert Document.from_bytes(data, source="a.txt").text == ARTICLES["en"]


# --- limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "ending"), [("The old bridge closes. ", "closes."), ("open ", "open"), ("旧桥", "桥")]
)
def test_text_beyond_the_limit_is_cut_at_a_good_place_and_counted(unit: str, ending: str) -> None:
    text = unit * (3 * MAX_CHARS // len(unit))

    document = Document.from_text(text, language="en")

    assert document.text + text[len(document.text) :] == text
    assert MAX_CHARS - 100 < len(document.text) <= MAX_CHARS
    assert document.text.endswith(ending)
    assert document.skipped_chars == len(text) - len(document.text)
    assert Document.from_text(document.text, language="en").text == document.text


def test_cut_prefers_the_end_of_a_paragraph() -> None:
    paragraph = "It closes. " * 100 + "\n\n"

    document = Document.from_text(paragraph * (2 * MAX_CHARS // len(paragraph)), language="en")

    assert document.text.endswith("closes. ")
    assert len(document.text) % len(paragraph) == len(paragraph) - 2


@pytest.mark.parametrize(
    ("unit", "encoding", "language"),
    [("word ", "ascii", "en"), ("мост ", "utf-8", "ru"), ("桥", "gb18030", "zh")],
)
def test_fifty_megabytes_in_one_line_are_read_in_part(unit: str, encoding: str, language: str, tmp_path: Path) -> None:
    n_units = 50_000_000 // len(unit.encode(encoding))
    path = written(tmp_path, "long.txt", unit.encode(encoding) * n_units)

    document = Document.read(path, language=language)

    assert MAX_CHARS - 100 < len(document.text) <= MAX_CHARS
    assert "\ufffd" not in document.text
    assert len(document.text) + document.skipped_chars == pytest.approx(n_units * len(unit), abs=10)


def test_no_character_is_cut_in_half_at_the_byte_limit() -> None:
    data = b"x" + "桥".encode() * MAX_BYTES

    document = Document.from_bytes(data, source="a.txt", language="zh")

    assert "\ufffd" not in document.text


# --- hard-wrapped lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ARTICLES)
def test_text_that_is_not_wrapped_stays_as_it_is(language: str) -> None:
    article = ARTICLES[language]

    assert unwrap(article) == article
    assert unwrap(article.replace("\n\n", "\n")) == article.replace("\n\n", "\n")


@pytest.mark.parametrize("width", [60, 72, 80, 100])
@pytest.mark.parametrize("language", WORD_WRAPPED)
def test_wrapped_paragraphs_come_back(language: str, width: int) -> None:
    paragraphs = ARTICLES[language].strip().split("\n\n")
    wrapped = "\n\n".join("\n".join(textwrap.wrap(paragraph, width)) for paragraph in paragraphs)

    assert unwrap(wrapped).split("\n\n") == paragraphs


@pytest.mark.parametrize("width", [30, 36, 40])
@pytest.mark.parametrize("language", ["zh", "ja"])
def test_wrapped_chinese_and_japanese_come_back_without_spaces(language: str, width: int) -> None:
    paragraphs = ARTICLES[language].strip().split("\n\n")
    wrapped = "\n\n".join("\n".join(textwrap.wrap(paragraph, width)) for paragraph in paragraphs)

    assert unwrap(wrapped) == "\n\n".join(paragraphs)


def test_wrapped_paragraphs_without_blank_lines_end_at_their_short_last_line() -> None:
    heading, *paragraphs = ARTICLES["en"].strip().split("\n\n")
    wrapped = "\n".join([heading, *("\n".join(textwrap.wrap(paragraph, 66)) for paragraph in paragraphs)])

    assert unwrap(wrapped).split("\n") == [heading, *paragraphs]


def test_wrap_keeps_every_offset_in_a_text_with_spaces() -> None:
    wrapped = textwrap.fill(ARTICLES["de"].split("\n\n")[1], 70)

    assert unwrap(wrapped) == wrapped.replace("\n", " ")


def test_gnu_fmt_fills_lines_less_evenly() -> None:
    wrapped = (
        "The city council said on Monday that the old bridge would stay open to\n"
        "traffic all year, whatever the weather. Engineers inspected it in\n"
        "March and found no reason for alarm, the office of the mayor added in\n"
        "a note to all residents who live on the north bank of the wide\n"
        "river.\n"
    )

    assert unwrap(wrapped) == wrapped[:-1].replace("\n", " ") + "\n"


@pytest.mark.parametrize(
    "text",
    [
        # one wrap decides nothing here: no line is a sentence going on
        "Council keeps the old bridge open all year\nMayor denies the report of a closure in October\n"
        "Café owners on the north bank ask for money\nWhat the engineers saw in March of this year",
        # free verse
        "the river takes what the river wants\nand gives nothing back\nbut the sound of it\n"
        "under the old bridge where we stood\nand counted the trains\nuntil none came",
        # a list
        "- bread, and the sort of cheese we had last year\n- two bottles of the wine from the corner shop\n"
        "- a map of the north bank of the river\n- some rope",
        # dialogue
        "—¿Va a cerrar el puente? —preguntó el periodista de la radio local.\n—No, nunca —dijo ella.\n"
        "—Entonces, ¿por qué hay un cartel que dice lo contrario?\n—Es un error.",
        # a table
        "North bank      11,400     12,100     13,050\nSouth bank       9,800      9,950     10,400\n"
        "Old bridge      21,200     22,050     23,450",
        "1. The bridge stays open.\n2. The bridge closes in October.\n3. The council meets in May.",
        "One line only, and it is long enough to be taken for one that was wrapped at a column",
        "",
    ],
)  # fmt: skip
def test_lists_verse_dialogue_and_headlines_stay_as_they_are(text: str) -> None:
    assert unwrap(text) == text


def test_word_torn_at_a_line_end_is_mended_where_the_text_shows_it_whole() -> None:
    text = (
        "The report calls it a plain contradiction, and the mayor said so. A contradic-\n"
        "tion of that size is rare, said the office, which keeps a list of the well-\n"
        "known ones; it has not yet put this one on the list, nor the older ones at all."
    )

    assert unwrap(text) == text.replace("contradic-\ntion", "contradiction").replace("well-\n", "well-")


def test_suspended_hyphen_keeps_its_space() -> None:
    text = (
        "Die Sprecherin wollte am Montag nicht sagen, wie lange die Vor-\n"
        "und Nacharbeiten dauern und wer am Ende für die Kosten aufkommt."
    )

    assert "Vor- und Nacharbeiten" in unwrap(text)


# --- language ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "Taxes.", "12:30 – 4 : 2", "😀" * 40, "!!! ... ???"])
def test_too_little_text_has_no_language(text: str) -> None:
    assert detect_language(text) == "und"


@pytest.mark.parametrize(
    ("given", "code"),
    [("es", "es"), ("pt-BR", "pt"), ("zh_Hant_TW", "zh"), ("SPA", "es"), ("nb", "no"), ("fil", "tl")],
)
def test_language_given_is_brought_to_one_code(given: str, code: str) -> None:
    assert language_code(given) == code
    assert Document.from_text("The bridge stays open all year.", language=given).language == code


@pytest.mark.parametrize("given", ["english", "e", "", "12", "es;rm", "pt BR"])
def test_language_that_is_no_code_is_refused(given: str) -> None:
    with pytest.raises(DocumentError, match="not a language code; give two or three letters"):
        language_code(given)


def test_language_that_html_states_gives_way_to_the_one_given() -> None:
    page = f"<html lang='fr-CA'><body>{PARAGRAPH}</body></html>".encode()

    assert Document.from_bytes(page, source="a.html").language == "fr"
    assert Document.from_bytes(page, source="a.html", language="en").language == "en"
    assert Document.from_bytes(page.replace(b"fr-CA", b"und"), source="a.html").language == "en"


# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF, not text; convert it to text first"),
        (b"PK\x03\x04\x14\0", "a ZIP archive or an office document"),
        (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"\xff\xd8\xff\xe0", "an image"),
        (b"\x7fELF\x02", "a program"),
        (b"\x1f\x8b\x08\0", "a gzip archive, not text; unpack it first"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"{\\rtf1 Bridge}", "an RTF document"),
        (bytes(range(256)) * 20, "binary data, not text"),
        (b"\0" * 500, "binary data, not text"),
        (b"MZ\x90\0\x03\0\0\0" * 9, "binary data, not text"),
        (b"\xff\xfe" + b"\x00\xd8" * 300, "damaged, or not text"),
        (b"", "empty; give a file with an article in it"),
        (b" \n\t \r\n", "no text in it; give a file with an article in it"),
    ],
)
def test_what_is_no_text_is_refused_by_name(data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError, match=f"^article.txt: {re.escape(kind)}"):
        Document.from_bytes(data, source="article.txt")


def test_html_without_text_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"^page\.html: no text found in the HTML; save the article as a text"):
        Document.from_bytes(b"<html><body><img src=x></body></html>", source="page.html")


def test_missing_file_folder_and_web_address_are_refused(tmp_path: Path) -> None:
    for path, trouble in (
        (tmp_path / "none.txt", "no such file; check the path"),
        (tmp_path, "a folder, not an article; name the files"),
        ("https://example.org/a.html", "a web address, not a file; save the page first"),
        (tmp_path / "en.txt" / "x", "no such file"),
        ("nul\0name", "cannot be read"),
        ("n" * 5000, "cannot be read"),
    ):
        with pytest.raises(DocumentError, match=trouble):
            Document.read(path)


@pytest.mark.skipif(os.name == "nt", reason="chmod does not forbid reading there")
def test_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "secret.txt", "The bridge.")
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads everything

        def refuse(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr(document_module.Path, "open", refuse)

    with pytest.raises(DocumentError, match="no permission to read it"):
        Document.read(path)


def test_closed_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(DocumentError, match="-: cannot be read"):
        Document.read("-")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
def test_name_that_is_not_utf8_can_still_be_printed(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    path.write_text("The bridge.")

    assert Document.read(path).source.endswith("caf\\xe9.txt")


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-16-le", "ignore")),
    st.sampled_from(["a.txt", "a.md", "a.html", "-"]),
)
@example(b"<html>\xff\xfe<p", "a.html")
@example(b"\x1b$B\x1b$", "a.txt")
def test_any_bytes_give_a_document_or_a_document_error(data: bytes, source: str) -> None:
    outcome = document_or_message(data, source)

    if isinstance(outcome, Document):
        assert outcome.text.encode("utf-8").strip()
    else:
        assert outcome.startswith(f"{source}: ")
        assert "; " in outcome


def test_a_page_that_begins_with_many_comments_is_recognised_at_once() -> None:
    assert not looks_like_html("<!---->" * 500 + "x")  # exponential, were the comments matched in every way
    assert looks_like_html("<!-- a --> <!-- b --><!doctype html>")


def test_front_matter_of_many_spaces_is_read_at_once() -> None:
    assert Document.from_bytes(b"---\na" + b" " * 150_000 + b"!\n---\nText here.", source="x.md").text


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("Bridge opens in May\n\nIt will open in June.", "Bridge opens in May"),
        ("\n\nBridge opens in May\n\nIt will open in June.", "Bridge opens in May"),
        ("¿Quién paga el puente?\n\nNadie lo sabe.", ""),
        ("The bridge opens in May.\n\nIt will open in June.", ""),
        ("Bridge opens in May", ""),
        ("Bridge opens in May\nIt will open in June.", ""),
        ("Bridge opens in May\n\n  \n", ""),
        ("word " * 60 + "\n\nIt will open in June.", ""),
        ("", ""),
    ],
)
def test_a_headline_is_a_first_line_of_its_own_that_is_no_sentence(text: str, headline: str) -> None:
    document = Document(text)

    assert text[: document.headline_end].strip() == headline


def test_a_title_is_a_headline_even_when_it_ends_like_a_sentence() -> None:
    document = Document.from_bytes(b"# Who pays?\n\nNobody knows yet.", source="article.md", language="en")

    assert document.text[: document.headline_end] == "Who pays?"
