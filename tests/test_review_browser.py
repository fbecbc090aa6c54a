"""The review page in Debian's Chromium: what a reviewer does all day, and that hostile text stays text.

Every test fails when the page says something on the console or asks anything but its server.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from claims import Document
from claims.results import Results, pair_key
from claims.review.server import Site
from tests.reviewing import LONG_LINE, N_FINDINGS, PAIRS, add, add_across, fill, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright; install claims[test]")
expect = sync_api.expect
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install -y chromium")

BRIDGE_PAIR = pair_key(*PAIRS["bridge.txt"][1][0][:2])
SECOND_PAIR = pair_key(*PAIRS["bridge.txt"][1][1][:2])
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        # no sandbox of its own: CI runs as root in a container, and nothing but our own server is opened
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fill(tmp_path / "results.db")


@pytest.fixture
def site(path: Path) -> Iterator[Site]:
    with served(path) as opened:
        yield opened


@pytest.fixture
def said() -> list[str]:
    """What pages said on their console, and what they asked of others than their server."""
    return []


@pytest.fixture
def open_page(browser: Browser, site: Site, said: list[str]) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_page(query: str = "", at: Site = site, **how: Any) -> Page:
        context = browser.new_context(**how)
        contexts.append(context)
        page = context.new_page()
        watch(page, at, said)
        page.goto(at.address + query)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def watch(page: Page, site: Site, said: list[str]) -> None:
    page.on("console", lambda message: said.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    own = f"http://127.0.0.1:{site.port}/"
    page.on("request", lambda asked: None if asked.url.startswith(own) else said.append(f"request: {asked.url}"))


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def finding(page: Page, confidence: str) -> None:
    """Wait until the finding with this confidence is shown."""
    expect(page.locator(".confidence .level")).to_have_text(f"{confidence}\u00a0%")


def verdict_of(path: Path, pair: str) -> str | None:
    with Results.open(path) as results:
        verdict = results.verdicts().get(pair)
    return verdict.verdict if verdict else None


# opening and reading


def test_the_page_opens_with_the_surest_finding_and_without_the_token(page: Page, site: Site) -> None:
    finding(page, "93")
    expect(page.locator(".item")).to_have_count(N_FINDINGS)
    expect(page.locator('.item a[aria-current="true"]')).to_have_count(1)
    expect(page.locator(".where")).to_have_text(f"1 of {N_FINDINGS}")
    assert site.token not in page.url


def test_both_statements_stand_marked_in_the_article(page: Page) -> None:
    finding(page, "93")
    expect(page.locator("mark.a")).to_have_text("the bridge cost 12 million euros")
    expect(page.locator("mark.b")).to_have_text("The bridge did not cost 12 million euros")
    expect(page.locator(".side.b .differs")).to_have_text("not")
    expect(page.locator(".margin a")).to_have_count(3)


def test_a_click_jumps_from_one_statement_to_the_other(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 1000, "height": 400})
    expect(page.locator("mark.b")).not_to_be_in_viewport()

    page.locator(".side.b .show").click()
    expect(page.locator("mark.b")).to_be_in_viewport()
    page.locator("sup .b").click()
    expect(page.locator("mark.a")).to_be_in_viewport()


def test_o_goes_to_the_article_and_back(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 1000, "height": 400})
    page.keyboard.press("o")
    expect(page.locator("mark.a")).to_be_in_viewport()
    page.keyboard.press("o")
    expect(page.locator("mark.b")).to_be_in_viewport()
    page.keyboard.press("o")
    expect(page.locator(".sum h2")).to_be_in_viewport()


def test_another_finding_in_the_margin_can_be_opened(page: Page) -> None:
    page.locator(".margin a", has_text="61").first.click()
    finding(page, "61")


def test_j_and_k_go_through_the_queue(page: Page) -> None:
    finding(page, "93")
    page.keyboard.press("j")
    finding(page, "61")
    page.keyboard.press("j")
    finding(page, "44")
    page.keyboard.press("k")
    finding(page, "61")
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page.locator("#said")).to_contain_text("first finding")


def test_a_finding_between_articles_shows_both_articles(open_page: Callable[..., Page], path: Path) -> None:
    with Results.open(path) as results:
        add_across(results)
    page = open_page()
    page.keyboard.press("j")
    finding(page, "77")
    expect(page.locator("section.whole")).to_have_count(2)
    expect(page.locator("section.whole").first.locator("mark.a")).to_have_count(1)
    expect(page.locator("section.whole").last.locator("mark.b")).to_have_count(1)
    expect(page.locator(".side.b .place")).to_contain_text("Las sanciones")


# deciding


def test_keys_decide_and_the_next_finding_comes(page: Page, path: Path) -> None:
    for key, confidence in (("c", "93"), ("f", "61"), ("d", "44")):
        finding(page, confidence)
        page.keyboard.press(key)
    finding(page, "32")

    assert verdict_of(path, BRIDGE_PAIR) == "confirmed"
    assert verdict_of(path, SECOND_PAIR) == "false_alarm"
    expect(page.locator(".top .progress")).to_have_text(re.compile(rf"3 of {N_FINDINGS} reviewed"))
    expect(page.locator('[data-part="n-unreviewed"]')).to_have_text(str(N_FINDINGS - 3))
    expect(page.locator(".item.confirmed .verdict")).to_have_text("confirmed by Ana")


def test_keys_pressed_at_once_decide_on_different_findings(page: Page, path: Path) -> None:
    finding(page, "93")
    page.evaluate(
        "for (const key of 'cc') document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}))"
    )

    finding(page, "61")
    assert verdict_of(path, BRIDGE_PAIR) == "confirmed"
    assert verdict_of(path, SECOND_PAIR) is None


def test_keys_of_a_cyrillic_keyboard_decide_by_their_place(page: Page, path: Path) -> None:
    finding(page, "93")
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'с', code: 'KeyC', bubbles: true}))")

    finding(page, "61")
    assert verdict_of(path, BRIDGE_PAIR) == "confirmed"


def test_buttons_decide_as_keys_do(page: Page, path: Path) -> None:
    page.get_by_role("button", name="False alarm").click()

    finding(page, "61")
    assert verdict_of(path, BRIDGE_PAIR) == "false_alarm"


def test_undo_takes_the_last_verdict_back_and_returns_to_it(page: Page, path: Path) -> None:
    finding(page, "93")
    page.keyboard.press("c")
    finding(page, "61")

    page.keyboard.press("u")

    finding(page, "93")
    expect(page.locator("#said")).to_have_text("Taken back.")
    expect(page.get_by_role("button", name="Confirmed")).to_have_attribute("aria-pressed", "false")
    assert verdict_of(path, BRIDGE_PAIR) is None
    page.keyboard.press("u")
    expect(page.locator("#said")).to_have_text("Nothing to take back.")


def test_undo_takes_back_the_own_last_verdict_not_the_one_on_the_screen(
    open_page: Callable[..., Page], path: Path
) -> None:
    with Results.open(path) as results:
        results.add_verdict(SECOND_PAIR, "dismissed", reviewer="Ben")
    page = open_page("&verdict=all")
    finding(page, "93")
    page.keyboard.press("c")
    finding(page, "61")
    expect(page.locator("[data-stands]")).to_have_text("dismissed by Ben")

    page.keyboard.press("u")

    finding(page, "93")
    assert (verdict_of(path, BRIDGE_PAIR), verdict_of(path, SECOND_PAIR)) == (None, "dismissed")
    page.keyboard.press("j")
    finding(page, "61")
    page.keyboard.press("u")
    expect(page.locator("[data-conflict]")).to_contain_text("Decided already: dismissed by Ben. Press again")
    assert verdict_of(path, SECOND_PAIR) == "dismissed"
    page.keyboard.press("u")
    expect(page.locator("[data-stands]")).to_have_text("")
    assert verdict_of(path, SECOND_PAIR) is None


def test_over_the_verdict_of_somebody_else_a_key_is_pressed_twice_and_undo_puts_it_back(
    open_page: Callable[..., Page], path: Path
) -> None:
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "false_alarm", reviewer="Ben", note="old news")
    page = open_page("&verdict=all")
    finding(page, "93")
    page.keyboard.press("c")
    expect(page.locator("[data-conflict]")).to_contain_text("Decided already: false alarm by Ben.")
    assert verdict_of(path, BRIDGE_PAIR) == "false_alarm"
    page.keyboard.press("c")
    finding(page, "61")
    assert verdict_of(path, BRIDGE_PAIR) == "confirmed"

    page.keyboard.press("u")

    finding(page, "93")
    expect(page.locator("#said")).to_have_text("Taken back: false alarm by Ben again.")
    expect(page.locator("[data-stands]")).to_have_text("false alarm by Ben")
    with Results.open(path) as results:
        verdict = results.verdicts()[BRIDGE_PAIR]
    assert (verdict.verdict, verdict.reviewer, verdict.note) == ("false_alarm", "Ben", "old news")


def test_that_somebody_decided_before_is_said_where_it_is_seen_while_the_article_is_read(
    open_page: Callable[..., Page], path: Path
) -> None:
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "false_alarm", reviewer="Ben")
    page = open_page("&verdict=all", viewport={"width": 1000, "height": 420})
    finding(page, "93")
    button = page.locator('[data-verdict="confirmed"]')
    page.keyboard.press("o")
    page.keyboard.press("o")
    expect(page.locator(".sides")).not_to_be_in_viewport()
    before = button.bounding_box()

    page.keyboard.press("c")

    expect(page.locator("[data-conflict]")).to_be_in_viewport(ratio=1)
    assert button.bounding_box() == before


def test_undo_leaves_what_somebody_decided_since(page: Page, path: Path, said: list[str]) -> None:
    finding(page, "93")
    page.keyboard.press("c")
    finding(page, "61")
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "dismissed", reviewer="Ben")

    page.keyboard.press("u")

    expect(page.locator("#said")).to_have_text("Since then: dismissed by Ben. Nothing was taken back.")
    finding(page, "61")
    assert verdict_of(path, BRIDGE_PAIR) == "dismissed"
    said[:] = [one for one in said if "409" not in one]


def test_verdicts_and_notes_of_one_finding_are_undone_step_by_step(page: Page, path: Path) -> None:
    finding(page, "93")
    page.keyboard.press("c")
    finding(page, "61")
    page.keyboard.press("k")
    finding(page, "93")
    page.keyboard.press("f")
    finding(page, "61")
    page.keyboard.press("k")
    finding(page, "93")
    page.keyboard.press("n")
    page.keyboard.type("why?")
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_have_text("Note saved.")

    page.keyboard.press("u")
    expect(page.locator("[data-stands]")).to_have_text("confirmed by Ana")
    page.keyboard.press("u")
    expect(page.locator("[data-stands]")).to_have_text("")

    expect(page.locator("#note")).to_have_value("why?")
    assert verdict_of(path, BRIDGE_PAIR) is None
    with Results.open(path) as results:
        assert [decision.note for decision in results.decisions(BRIDGE_PAIR)] == ["", "", *["why?"] * 3]


def test_what_a_colleague_decided_meanwhile_is_passed_over(page: Page, path: Path) -> None:
    finding(page, "93")
    with Results.open(path) as results:
        results.add_verdict(SECOND_PAIR, "dismissed", reviewer="Ben")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator(".item.dismissed")).to_have_count(1)

    page.keyboard.press("c")

    finding(page, "44")


def test_a_pair_that_stands_in_two_articles_is_decided_once(open_page: Callable[..., Page], path: Path) -> None:
    document, pairs = PAIRS["bridge.txt"]
    with Results.open(path) as results:
        add(results, Document(f"{document.text} Agency.", "news/copy.txt", "en", "Copy"), pairs[:1])
    page = open_page()
    finding(page, "93")
    expect(page.locator(".item")).to_have_count(N_FINDINGS + 1)
    page.keyboard.press("c")
    finding(page, "61")
    expect(page.locator(".item.confirmed")).to_have_count(2)

    page.keyboard.press("k")

    finding(page, "93")
    expect(page.locator("[data-stands]")).to_have_text("confirmed by Ana")
    page.keyboard.press("f")
    finding(page, "61")
    assert verdict_of(path, BRIDGE_PAIR) == "false_alarm"


def test_a_note_that_is_being_typed_stays_when_somebody_decides(page: Page, path: Path) -> None:
    finding(page, "93")
    page.keyboard.press("n")
    page.keyboard.type("half a")
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "dismissed", reviewer="Ben", note="old news")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("[data-stands]")).to_have_text("dismissed by Ben")

    page.keyboard.type(" note")

    expect(page.locator("#note")).to_be_focused()
    expect(page.locator("#note")).to_have_value("half a note")
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_have_text("Note saved.")
    with Results.open(path) as results:
        verdict = results.verdicts()[BRIDGE_PAIR]
    assert (verdict.reviewer, verdict.note) == ("Ben", "old news\nAna: half a note")


def test_a_decision_is_still_there_after_a_reload(page: Page) -> None:
    page.keyboard.press("c")
    finding(page, "61")
    page.keyboard.press("k")
    finding(page, "93")

    page.reload()

    finding(page, "93")
    expect(page.get_by_role("button", name="Confirmed")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-stands]")).to_have_text("confirmed by Ana")


def test_a_note_saves_itself(page: Page, path: Path) -> None:
    finding(page, "93")
    page.keyboard.press("n")
    page.keyboard.type("call the mayor, c f d are letters here")
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_have_text("Note saved.")
    page.keyboard.press("c")
    finding(page, "61")

    page.reload()
    page.keyboard.press("k")
    page.goto(page.url.split("?")[0] + "?verdict=confirmed")

    expect(page.locator("#note")).to_have_value("call the mayor, c f d are letters here")
    with Results.open(path) as results:
        assert results.verdicts()[BRIDGE_PAIR].note == "call the mayor, c f d are letters here"


def test_a_note_is_saved_while_it_is_being_written(page: Page, path: Path) -> None:
    finding(page, "93")
    page.keyboard.press("n")
    page.keyboard.type("the report")

    expect(page.locator("#note")).to_have_js_property("defaultValue", "the report")  # as soon as it is saved
    with Results.open(path) as results:
        assert results.decisions(BRIDGE_PAIR)[-1].note == "the report"
    page.keyboard.type(" says 15")
    expect(page.locator("#note")).to_have_value("the report says 15")
    expect(page.locator("#note")).to_be_focused()


def test_a_note_that_is_being_written_goes_along_with_the_verdict(page: Page, path: Path) -> None:
    finding(page, "93")
    page.keyboard.press("n")
    page.keyboard.type("checked")
    page.get_by_role("button", name="Confirmed").click()

    finding(page, "61")
    with Results.open(path) as results:
        verdict = results.verdicts()[BRIDGE_PAIR]
    assert (verdict.verdict, verdict.note) == ("confirmed", "checked")


def test_a_note_is_saved_when_the_page_is_left(page: Page) -> None:
    finding(page, "93")
    page.keyboard.press("n")
    page.keyboard.type("half a sent")

    page.reload()

    expect(page.locator("#note")).to_have_value("half a sent")


def test_when_all_is_reviewed_the_page_says_so(page: Page) -> None:
    for confidence in ("93", "61", "44", "32", "20", "10"):
        finding(page, confidence)
        page.keyboard.press("f")

    expect(page.locator("main")).to_contain_text(f"All {N_FINDINGS} are reviewed")
    expect(page.locator(".queue")).to_contain_text("All reviewed.")
    page.keyboard.press("u")
    finding(page, "10")


# two at once


def test_two_tabs_see_each_others_decisions(page: Page, site: Site, said: list[str], path: Path) -> None:
    finding(page, "93")
    other = page.context.new_page()
    watch(other, site, said)
    other.goto(site.address)
    finding(other, "93")
    other.keyboard.press("c")
    finding(other, "61")

    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    expect(page.locator("[data-stands]")).to_have_text("confirmed by Ana")
    expect(page.locator(".item.confirmed")).to_have_count(1)
    expect(page.locator(".top .progress")).to_contain_text("1 of")
    assert verdict_of(path, BRIDGE_PAIR) == "confirmed"


def test_a_decision_of_somebody_else_is_shown_and_not_overwritten(
    open_page: Callable[..., Page], path: Path, said: list[str]
) -> None:
    page = open_page()
    finding(page, "93")
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "dismissed", reviewer="Ben", note="old news")

    page.keyboard.press("c")

    expect(page.locator("[data-conflict]")).to_contain_text("Somebody decided in the meantime: dismissed by Ben.")
    assert verdict_of(path, BRIDGE_PAIR) == "dismissed"
    expect(page.locator(".noted")).to_have_text("Ben: old news")
    expect(page.locator("#note")).to_have_value("")
    expect(page.locator(".top .progress")).to_contain_text("1 of")
    page.keyboard.press("c")
    finding(page, "61")
    assert verdict_of(path, BRIDGE_PAIR) == "confirmed"
    with Results.open(path) as results:
        assert [decision.note for decision in results.decisions(BRIDGE_PAIR)] == ["old news", ""]
    said[:] = [one for one in said if "409" not in one]  # Chromium names every answer of 400 and above


# filters


def test_the_queue_is_filtered_and_the_address_keeps_it(page: Page) -> None:
    finding(page, "93")
    page.locator("summary", has_text="Filter").click()
    page.locator("#language").select_option("es")
    expect(page.locator(".item")).to_have_count(1)
    finding(page, "44")
    expect(page.locator("#kind option", has_text="two speakers disagree")).to_have_text(re.compile(r"\(1\)"))

    page.reload()

    expect(page.locator(".item")).to_have_count(1)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".item")).to_have_count(N_FINDINGS)


def test_the_confidence_range_and_the_order_can_be_chosen(page: Page) -> None:
    page.locator("summary", has_text="Filter").click()
    page.locator("#from").fill("30")
    page.locator("#to").fill("70")
    expect(page.locator(".item")).to_have_count(3)
    finding(page, "61")
    page.locator("#sort").select_option("least_sure")
    expect(page.locator(".item .level").first).to_have_text("32\u00a0%")


def test_keys_decide_after_a_click_on_a_filter_and_escape_leaves_it(page: Page, path: Path) -> None:
    finding(page, "93")
    page.locator(".state.all").click()
    page.keyboard.press("j")
    finding(page, "61")
    page.locator("summary", has_text="Filter and sort").click()
    page.locator("#sort").focus()
    page.keyboard.press("Escape")
    expect(page.locator("main#finding")).to_be_focused()
    page.keyboard.press("c")
    finding(page, "44")
    assert verdict_of(path, SECOND_PAIR) == "confirmed"


def test_the_filter_is_still_there_after_a_look_at_the_overview(open_page: Callable[..., Page]) -> None:
    page = open_page("&verdict=all&from=30")
    expect(page.locator(".item")).to_have_count(4)
    page.locator("#words").fill("sanciones")
    expect(page.locator(".item")).to_have_count(1)

    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Back to the review").click()

    expect(page.locator(".item")).to_have_count(1)
    expect(page.locator("#from")).to_have_value("30")
    expect(page.locator("#words")).to_have_value("sanciones")


def test_search_finds_words_of_statements(page: Page) -> None:
    finding(page, "93")
    page.keyboard.press("/")
    expect(page.locator("#words")).to_be_focused()
    page.keyboard.type("sanciones")
    expect(page.locator(".item")).to_have_count(1)
    finding(page, "44")
    page.locator("#words").fill("giraffe")
    expect(page.locator("main")).to_contain_text("Nothing to show here")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear the filter").click()
    finding(page, "93")


def test_verdicts_of_one_kind_can_be_looked_at_again(page: Page) -> None:
    page.keyboard.press("f")
    finding(page, "61")
    page.locator(".state.false_alarm").click()
    expect(page.locator(".item")).to_have_count(1)
    finding(page, "93")


def test_only_one_article_can_be_looked_at(page: Page) -> None:
    finding(page, "93")
    page.get_by_role("button", name="only this article").click()
    expect(page.locator(".item")).to_have_count(3)


# hostile text


@pytest.mark.parametrize("confidence", ["10", "99"])
def test_no_markup_of_an_article_is_live(open_page: Callable[..., Page], path: Path, confidence: str) -> None:
    long = Document.from_text(f"It is open. It is not open. <b onclick=x>{LONG_LINE}", source="long.txt", language="en")
    with Results.open(path) as results:
        add(results, long, [("It is open.", "It is not open.", 0.99, "narrative")])
    page = open_page("&verdict=all&from=" + confidence + "&sort=least_sure")
    finding(page, confidence)

    assert page.evaluate("typeof window.owned") == "undefined"
    assert page.locator("main img, main script, main style, main [onclick], main [onerror]").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    expect(page.locator(".sum h2")).to_be_visible()
    for address in ("overview", f"articles/{PAIRS['hostile.txt'][0].id}"):
        page.goto(page.url.split("?")[0].rstrip("/").rsplit("/overview")[0] + "/" + address)
        assert page.evaluate("typeof window.owned") == "undefined"
        assert page.locator("img, main script, style, [onclick], [onerror]").count() == 0


def test_a_page_of_another_site_learns_nothing(browser: Browser, page: Page, site: Site) -> None:
    finding(page, "93")
    stranger = page.context.new_page()
    stranger.goto("about:blank")

    told = stranger.evaluate(
        "address => fetch(address, {credentials: 'include'}).then(got => got.text(), error => 'refused')",
        f"http://127.0.0.1:{site.port}/queue",
    )

    assert told == "refused"


# every reader


def test_an_arabic_article_runs_from_right_to_left(open_page: Callable[..., Page]) -> None:
    page = open_page("&language=ar")
    finding(page, "20")
    quote = page.locator(".side.a blockquote")
    assert quote.evaluate("element => getComputedStyle(element).direction") == "rtl"
    paragraph = page.locator(".whole .line p").first
    assert paragraph.evaluate("element => getComputedStyle(element).direction") == "rtl"
    expect(page.locator(".item .excerpt").first).to_have_attribute("dir", "rtl")


def test_a_phone_shows_everything_within_its_width(open_page: Callable[..., Page], path: Path) -> None:
    page = open_page(**PHONE)
    finding(page, "93")
    for width in (
        page.evaluate("document.documentElement.scrollWidth"),
        page.evaluate("document.querySelector('main').scrollWidth"),
    ):
        assert width <= 360
    expect(page.locator("#queue")).to_be_hidden()
    page.get_by_role("button", name="Queue").click()
    expect(page.locator("#queue")).to_be_visible()
    page.locator(".item", has_text="sanciones").click()
    finding(page, "44")
    expect(page.locator("#queue")).to_be_hidden()
    button = page.get_by_role("button", name="Confirmed")
    expect(button).to_be_in_viewport()
    button.tap()
    finding(page, "32")
    assert verdict_of(path, pair_key(*PAIRS["sanctions.txt"][1][0][:2])) == "confirmed"


def test_a_search_in_a_narrow_window_decides_nothing(open_page: Callable[..., Page], path: Path) -> None:
    page = open_page(viewport={"width": 800, "height": 700})
    finding(page, "93")
    page.keyboard.press("/")
    expect(page.locator("#toggle")).to_have_attribute("aria-expanded", "true")
    with page.expect_response(lambda answer: "/queue?" in answer.url):
        page.keyboard.type("c")
    expect(page.locator(".item")).to_have_count(2)

    page.keyboard.type("ost")

    expect(page.locator("#words")).to_be_focused()
    expect(page.locator("#words")).to_have_value("cost")
    expect(page.locator(".item")).to_have_count(1)
    page.locator("#toggle").focus()
    page.keyboard.type("cfdnu")
    expect(page.locator("#queue")).to_be_visible()
    page.locator("#words").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#queue")).to_be_hidden()
    finding(page, "93")
    with Results.open(path) as results:
        assert results.last_decision() == 0


def test_a_link_to_a_statement_takes_the_reading_position_along(page: Page) -> None:
    page.locator(".side.b .show").click()

    expect(page.locator("#b")).to_be_focused()
    page.keyboard.press("c")
    finding(page, "61")


def test_a_link_on_the_page_of_an_article_lights_up_the_statement(page: Page) -> None:
    page.goto(page.url.split("?")[0] + f"articles/{PAIRS['bridge.txt'][0].id}")
    statement = page.locator("mark.r1f1b").first
    before = statement.evaluate("element => getComputedStyle(element).backgroundColor")

    page.locator("a[href='#r1f1b']").first.click()

    assert statement.evaluate("element => getComputedStyle(element).backgroundColor") != before


def test_everything_is_done_with_the_keyboard_alone(page: Page, path: Path) -> None:
    finding(page, "93")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    seen = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.dataset.verdict || document.activeElement.dataset.do || ''"))
    assert {"confirmed", "false_alarm", "dismissed", "undo", "note", "next", "previous"} <= seen
    page.get_by_role("button", name="Dismissed").focus()
    page.keyboard.press("Enter")
    finding(page, "61")
    assert verdict_of(path, BRIDGE_PAIR) == "dismissed"
    expect(page.get_by_role("button", name="Dismissed")).to_be_focused()
    expect(page.locator("#told")).to_contain_text("2 of 6. two speakers disagree. 61")
    page.locator(".item a").last.focus()
    page.keyboard.press("Enter")
    finding(page, "10")
    expect(page.locator("main")).to_be_focused()


def test_single_keys_can_be_switched_off_for_good(page: Page, path: Path, said: list[str]) -> None:
    finding(page, "93")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("c")
    page.locator("#keys").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("c")
    page.keyboard.press("j")
    page.reload()

    page.keyboard.press("c")

    finding(page, "93")
    assert verdict_of(path, BRIDGE_PAIR) is None
    with served(path) as later:  # another start, on another port
        page.goto(later.address)
        finding(page, "93")
        page.keyboard.press("c")
        expect(page.locator("#keys")).not_to_be_checked()
        assert verdict_of(path, BRIDGE_PAIR) is None
        page.goto("about:blank")
    said.clear()  # the other server is no stranger


def test_keys_behind_the_open_help_decide_nothing(page: Page, path: Path) -> None:
    finding(page, "93")
    page.keyboard.press("?")
    page.locator("#help-title").click()
    page.keyboard.press("c")
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'c', bubbles: true}))")
    page.keyboard.press("Escape")

    finding(page, "93")
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'C', repeat: true, bubbles: true}))")
    page.keyboard.press("j")
    finding(page, "61")
    assert verdict_of(path, BRIDGE_PAIR) is None


def test_a_server_that_stopped_is_said_as_long_as_something_is_not_saved(path: Path, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    with served(path) as site:
        page.goto(site.address)
        finding(page, "93")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("#trouble")).to_contain_text("Every decision made so far is saved")

    page.keyboard.press("c")

    expect(page.locator("#trouble")).to_contain_text("Not saved yet: the server does not answer.")
    with page.expect_event("requestfailed"):
        page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("#trouble")).to_contain_text("Not saved yet")
    expect(page.locator("#trouble")).not_to_contain_text("is saved")
    expect(page.locator("[data-stands]")).to_have_text("not saved yet: Confirmed")
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.accept()
    context.close()


@pytest.fixture
def locked(
    open_page: Callable[..., Page], path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Page, sqlite3.Connection]]:
    """A page on a file that another process keeps, until that is rolled back."""
    monkeypatch.setattr("claims.review.server.SECONDS_WAITED", 0.05)
    with served(path) as site, closing(sqlite3.connect(path, isolation_level=None)) as locker:
        page = open_page(at=site)
        finding(page, "93")
        page.keyboard.press("j")
        finding(page, "61")
        page.keyboard.press("k")
        finding(page, "93")
        locker.execute("BEGIN IMMEDIATE")
        yield page, locker
        page.close()
    said[:] = [one for one in said if "503" not in one]


def test_a_decision_that_cannot_be_saved_waits_and_is_sent_again(
    locked: tuple[Page, sqlite3.Connection], path: Path
) -> None:
    page, locker = locked
    page.keyboard.press("c")
    expect(page.locator("#trouble")).to_contain_text("results.db: in use by another process")
    finding(page, "93")
    page.keyboard.press("j")
    finding(page, "61")
    expect(page.locator("#trouble")).to_contain_text("Not saved yet")

    locker.execute("ROLLBACK")
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator(".item.confirmed")).to_have_count(1)
    assert verdict_of(path, BRIDGE_PAIR) == "confirmed"
    page.keyboard.press("u")
    finding(page, "93")
    assert verdict_of(path, BRIDGE_PAIR) is None


def test_a_decision_that_waits_is_taken_back_before_any_other(
    locked: tuple[Page, sqlite3.Connection], path: Path
) -> None:
    page, locker = locked
    locker.execute("ROLLBACK")
    page.keyboard.press("c")
    finding(page, "61")
    locker.execute("BEGIN IMMEDIATE")
    page.keyboard.press("f")
    expect(page.locator("[data-stands]")).to_have_text("not saved yet: False alarm")

    page.keyboard.press("u")

    expect(page.locator("#said")).to_have_text("Taken back before it was saved.")
    expect(page.locator("#trouble")).to_be_hidden()
    locker.execute("ROLLBACK")
    assert (verdict_of(path, BRIDGE_PAIR), verdict_of(path, SECOND_PAIR)) == ("confirmed", None)


def test_a_note_that_cannot_be_saved_is_there_again_and_sent_later(
    locked: tuple[Page, sqlite3.Connection], path: Path
) -> None:
    page, locker = locked
    page.keyboard.press("n")
    page.keyboard.type("call the mayor")
    page.keyboard.press("Escape")
    expect(page.locator("#trouble")).to_contain_text("Not saved yet")
    page.keyboard.press("j")
    finding(page, "61")
    page.keyboard.press("k")
    finding(page, "93")
    expect(page.locator("#note")).to_have_value("call the mayor")

    locker.execute("ROLLBACK")
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    expect(page.locator("#trouble")).to_be_hidden()
    with Results.open(path) as results:
        assert [decision.note for decision in results.decisions(BRIDGE_PAIR)] == ["call the mayor"]


def test_what_somebody_decided_before_a_waiting_decision_is_said_until_it_is_read(
    locked: tuple[Page, sqlite3.Connection], path: Path, said: list[str]
) -> None:
    page, locker = locked
    page.keyboard.press("c")
    expect(page.locator("#trouble")).to_contain_text("Not saved yet")
    page.keyboard.press("j")
    finding(page, "61")
    locker.execute("INSERT INTO verdicts VALUES (NULL, ?, 'dismissed', 'Ben', '', '')", (BRIDGE_PAIR,))
    locker.execute("COMMIT")

    page.evaluate("window.dispatchEvent(new Event('focus'))")

    lost = "Not saved: Confirmed on “the bridge cost 12 million euros”. Somebody decided in the meantime: dismissed by"
    expect(page.locator("#trouble")).to_contain_text(lost)
    page.keyboard.press("f")
    finding(page, "44")
    expect(page.locator("#trouble")).to_contain_text(lost)
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#trouble")).to_be_hidden()
    assert (verdict_of(path, BRIDGE_PAIR), verdict_of(path, SECOND_PAIR)) == ("dismissed", "false_alarm")
    said[:] = [one for one in said if "409" not in one]


AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("query", "how"),
    [("", {}), ("&language=ar&verdict=all", {}), ("", PHONE), ("&words=giraffe", {}), ("&verdict=all&from=5", {})],
)
def test_axe_finds_nothing_serious(
    open_page: Callable[..., Page], path: Path, scheme: str, query: str, how: dict[str, Any]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "confirmed", reviewer="Ben", note="old")
        results.add_verdict(BRIDGE_PAIR, "false_alarm", reviewer="Ana", note="new")
    # axe puts its script into the page, which our policy forbids: this context alone does without the policy
    page = open_page(query, color_scheme=scheme, bypass_csp=True, **how)
    page.locator("main > *").first.wait_for()
    assert grave(axe.run(page, options=AXE)) == []
    page.goto(page.url.split("?")[0] + "overview")
    assert grave(axe.run(page, options=AXE)) == []


def test_axe_finds_nothing_serious_in_help_and_article(open_page: Callable[..., Page]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page(bypass_csp=True)
    finding(page, "93")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    assert grave(axe.run(page, options=AXE)) == []
    page.goto(page.url.split("?")[0] + f"articles/{PAIRS['bridge.txt'][0].id}")
    assert grave(axe.run(page, options=AXE)) == []


def grave(found: Any) -> list[str]:
    """The serious and critical findings of axe."""
    return [
        f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}"
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
