"""The server of the review page: who is let in, what the queue says, and that no decision is lost."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from claims import Document
from claims.queue import SORTS, STATES, Filter, queue_of
from claims.results import Results, pair_key
from claims.review.screen import filter_of, finding_view, names_of, overview, queue_view
from claims.review.server import Site
from tests.reviewing import ARABIC, HOSTILE, LONG_LINE, N_FINDINGS, PAIRS, RUN, add, add_across, fill, report_of, served

BRIDGE_PAIR = pair_key(*PAIRS["bridge.txt"][1][0][:2])


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> dict[str, object]:
        told: dict[str, object] = json.loads(self.body)
        return told


@dataclass
class Client:
    """What a browser that was let in sends."""

    site: Site

    def ask(self, path: str, method: str = "GET", body: object = None, **headers: str) -> Answer:
        given = {
            "Host": f"127.0.0.1:{self.site.port}",
            "Cookie": f"{self.site.cookie}={self.site.token}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=30)
        connection.putrequest(method, path, skip_host=True)
        data = b"" if body is None else json.dumps(body).encode()
        if method == "POST":
            given = {"Content-Type": "application/json", "Content-Length": str(len(data)), **given}
            given.setdefault("Origin", f"http://127.0.0.1:{self.site.port}")
        for name, value in given.items():
            if value:
                connection.putheader(name, value)
        connection.endheaders(data)
        answer = connection.getresponse()
        told = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
        connection.close()
        return told

    def decide(self, pair: str, verdict: str | None, seen: int = 0, note: str = "", **headers: str) -> Answer:
        return self.ask("/verdicts", "POST", {"pair": pair, "verdict": verdict, "note": note, "seen": seen}, **headers)

    def note(self, pair: str, note: str) -> Answer:
        return self.ask("/verdicts", "POST", {"pair": pair, "note": note})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fill(tmp_path / "results.db")


@pytest.fixture
def client(path: Path) -> Iterator[Client]:
    with served(path) as site:
        yield Client(site)


# who is let in


def test_the_address_with_the_token_lets_a_browser_in_and_hides_the_token(client: Client) -> None:
    entered = client.ask(f"/?token={client.site.token}&from=20", Cookie="")

    assert entered.status == 303
    assert entered.headers["location"] == "/?from=20"
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith(f"claims-{client.site.port}={client.site.token};")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.ask("/").status == 200


@pytest.mark.parametrize(
    "address", ["/", "/queue", "/findings/1", "/changes", "/overview", "/static/claims.css", "/no"]
)
def test_nothing_is_told_without_the_token(client: Client, address: str) -> None:
    for cookie in ("", "claims-1=x", f"{client.site.cookie}=x", f"{client.site.cookie}={client.site.token}x"):
        refused = client.ask(address, Cookie=cookie)
        assert (refused.status, refused.headers["content-type"]) == (403, "text/plain; charset=utf-8")
    assert client.ask("/?token=wrong").status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:{port}.evil.example", ""]
)
def test_a_foreign_host_is_refused(client: Client, host: str) -> None:
    named = host.format(port=client.site.port)
    assert client.ask("/", Host=named).status in (400, 403)
    assert client.ask(f"/?token={client.site.token}", Host=named).status in (400, 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1"])
def test_a_foreign_origin_is_refused(client: Client, path: Path, origin: str) -> None:
    named = origin.format(port=client.site.port)
    assert client.decide(BRIDGE_PAIR, "confirmed", Origin=named).status == 403
    assert client.ask("/queue", Origin=named).status == 403
    with Results.open(path) as results:
        assert results.verdicts() == {}


def test_a_decision_without_an_origin_is_refused(client: Client) -> None:
    assert client.decide(BRIDGE_PAIR, "confirmed", Origin="").status == 403


def test_a_page_of_another_port_is_refused_though_its_requests_carry_the_cookie(client: Client) -> None:
    assert client.ask("/queue", Sec_Fetch_Site="same-site").status == 403
    assert client.ask("/queue", Sec_Fetch_Site="cross-site").status == 403
    assert client.ask("/queue", Sec_Fetch_Site="same-origin").status == 200


@pytest.mark.parametrize("address", ["/", "/queue", "/overview", "/static/review.js", "/missing", "/?token=wrong"])
def test_every_answer_forbids_what_the_page_does_not_need(client: Client, address: str) -> None:
    headers = client.ask(address).headers

    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "address",
    [
        *("/static/../server.py", "/static/%2e%2e/server.py", "/static/server.py", "/articles/../../etc/passwd"),
        *(f"/articles/{quote('../../../../etc/passwd', safe='')}", "/articles/%00", "/findings/../x", "//etc/passwd"),
    ],
)
def test_no_address_reaches_the_file_system(client: Client, address: str) -> None:
    answer = client.ask(address)

    assert answer.status == 404
    assert "root:" not in answer.body


def test_pages_load_nothing_from_elsewhere_and_hold_no_script_or_style(client: Client) -> None:
    for path in ("/", "/?verdict=all", "/overview", f"/articles/{PAIRS['hostile.txt'][0].id}"):
        page = client.ask(path).body
        assert not re.search(r"https?://|<style| style=| on\w+=[^&]|javascript:(?!window\.owned=[45])", page), path
        assert re.findall(r"<script[^>]*>", page) in ([], ['<script src="/static/review.js" defer>'])
    for path in ("/static/claims.css", "/static/review.js"):
        assert not re.search(r"https?://|@import|url\(", client.ask(path).body)


def test_hostile_text_is_shown_and_never_markup(client: Client) -> None:
    shown = client.ask("/?verdict=all&words=road").body

    assert "&lt;script&gt;window.owned = 1&lt;/script&gt;" in shown
    assert "<script>window" not in shown
    assert "<img" not in shown
    assert "<style>" not in shown


def test_a_line_of_ten_megabytes_is_shown_cut_as_it_was_read(client: Client, path: Path) -> None:
    document = Document.from_text(f"It is open. It is not open. {LONG_LINE}", source="long.txt", language="en")
    with Results.open(path) as results:
        add(results, document, [("It is open.", "It is not open.", 0.99, "narrative")])

    answer = client.ask("/")

    assert answer.status == 200
    assert len(answer.body) < 2_000_000
    assert "It is not open." in re.sub("<[^>]*>", "", answer.body)


# the queue


def ids(path: Path, **how: object) -> tuple[int, ...]:
    with Results.open(path) as results:
        return queue_of(results, Filter(**how)).ids  # type: ignore[arg-type]


def confidences(path: Path, **how: object) -> list[float]:
    with Results.open(path) as results:
        found = queue_of(results, Filter(**how)).ids  # type: ignore[arg-type]
        rows = dict(results.ask("SELECT id, confidence FROM findings"))
    return [rows[id] for id in found]


def test_the_queue_shows_the_surest_first(path: Path) -> None:
    assert confidences(path) == [0.93, 0.61, 0.44, 0.32, 0.2, 0.1]
    assert confidences(path, sort="least_sure") == [0.1, 0.2, 0.32, 0.44, 0.61, 0.93]
    assert all(sorted(ids(path, sort=sort)) == sorted(ids(path)) for sort in SORTS)


@pytest.mark.parametrize(
    ("how", "n"),
    [
        ({"kind": "narrative"}, 3),
        ({"language": "es"}, 1),
        ({"document": PAIRS["bridge.txt"][0].id}, 3),
        ({"least": 0.4}, 3),
        ({"least": 0.2, "most": 0.45}, 3),
        ({"least": 0.44, "most": 0.44}, 1),
        ({"most": 0.43}, 3),
        ({"words": "bridge"}, 1),
        ({"words": "BRIDGE cost"}, 1),
        ({"words": "sancion"}, 1),
        ({"words": "الجسر"}, 1),
        ({"words": "bridge giraffe"}, 0),
        ({"words": '" OR 1) --'}, 0),
        ({"words": "?!"}, 0),
        ({"words": "  "}, N_FINDINGS),
        ({"kind": "narrative", "language": "ar"}, 1),
        ({"verdict": "confirmed"}, 0),
        ({"verdict": "all"}, N_FINDINGS),
    ],
)
def test_the_queue_is_filtered(path: Path, how: dict[str, object], n: int) -> None:
    assert len(ids(path, **how)) == n


def test_words_are_found_in_scripts_without_spaces(path: Path) -> None:
    document = Document("大桥已于周一开通。大桥尚未开通。", "zh.txt", "zh")
    with Results.open(path) as results:
        add(results, document, [("大桥已于周一开通。", "大桥尚未开通。", 0.5, "narrative")])

    assert len(ids(path, words="开通")) == 1
    assert len(ids(path, words="关闭")) == 0


def test_counts_say_what_each_choice_would_show(path: Path) -> None:
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "confirmed", reviewer="Ana")
        queue = queue_of(results, Filter(kind="narrative"))

    assert dict(queue.verdicts) == {"unreviewed": 3, "all": 3}
    assert dict(queue.kinds) == {"narrative": 3, "source_conflict": 2}
    assert dict(queue.languages) == {"en": 2, "ar": 1}


def test_a_range_takes_percents_as_they_are_shown(path: Path) -> None:
    document = Document("It is on. It is not on.", "on.txt", "en")
    with Results.open(path) as results:
        add(results, document, [("It is on.", "It is not on.", 0.934, "narrative")])

    assert confidences(path, least=0.93, most=0.93) == [0.934, 0.93]
    assert filter_of({"from": "5.5", "to": "7,25"}) == Filter(least=0.055, most=0.0725)
    with Results.open(path) as results:
        view = queue_view(results, filter_of({"from": "5.5"}))
    assert (view.percent_from, view.is_filtered) == ("5.5", True)


def test_a_pair_of_two_articles_is_found_by_both_and_shown_in_both_languages(path: Path) -> None:
    with Results.open(path) as results:
        add_across(results)
        for language in ("en", "es"):
            queue = queue_of(results, Filter(kind="between_articles", language=language))
            assert len(queue.ids) == 1
        assert (queue.languages, queue.any_language) == ({"en": 1, "es": 1}, 1)
        [row] = queue_view(results, Filter(kind="between_articles")).rows
        counts = {one.source: one.findings for one in overview(results).documents}

    assert [tongue.code for tongue in row.tongues] == ["en", "es"]
    assert row.sources == ("Bridge over the Alde", "Las sanciones")
    assert (counts["news/bridge.txt"], counts["news/sanctions.txt"]) == (4, 2)


def test_an_article_beyond_those_listed_keeps_its_count_and_is_found_in_the_overview(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claims.review.screen.DOCUMENTS_LISTED", 1)
    arabic = PAIRS["arabic.txt"][0]
    with Results.open(path) as results:
        add_across(results)
        every, *listed = queue_view(results, Filter(document=arabic.id)).documents
        assert (every.n, every.words) == (N_FINDINGS + 1, "every article (2 more in the overview)")
        assert {one.value: (one.n, one.chosen) for one in listed} == {
            PAIRS["bridge.txt"][0].id: (4, False),
            arabic.id: (1, True),
        }
        assert [one.source for one in overview(results, "ARABIC.txt").documents] == ["news/arabic.txt"]
        assert [one.source for one in overview(results, "الجسر").documents] == ["news/arabic.txt"]
        assert overview(results, "giraffe").documents == []


def test_what_was_reviewed_below_the_threshold_is_a_finding_like_any_other(tmp_path: Path) -> None:
    document, pairs = PAIRS["bridge.txt"]
    with Results.open(tmp_path / "less.db", create=True) as results:
        results.begin_run(RUN)
        add(results, document, [(*pairs[0][:2], 0.04, pairs[0][3]), (*pairs[1][:2], 0.03, pairs[1][3]), pairs[2]])
        before = queue_view(results, Filter(verdict="all"))
        results.add_verdict(BRIDGE_PAIR, "confirmed", reviewer="Ana")

        after = queue_view(results, Filter(verdict="all"))
        told = overview(results)
        [report] = results.reports()

    assert (before.n, before.less_sure.n, before.threshold) == (1, 2, "5\u00a0%")
    assert (after.n, after.n_reviewed, after.less_sure.n) == (2, 1, 1)
    assert (told.n_findings, told.n_reviewed, [each.findings for each in told.documents]) == (2, 1, [2])
    assert told.overall
    assert told.overall.n == 1
    assert len(report.listed()) == 2
    assert len(report.listed(report.threshold)) == 1


def test_statements_are_found_by_who_says_them(tmp_path: Path) -> None:
    document, pairs = PAIRS["sanctions.txt"]
    report = report_of(document, pairs)
    [found] = report.scored
    said = replace(found, b=replace(found.b, speaker="Тимур Öz"))
    statements = tuple(replace(s, speaker="Тимур Öz") if s == found.b else s for s in report.statements)
    with Results.open(tmp_path / "said.db", create=True) as results:
        results.begin_run(RUN)
        results.add_report(RUN, replace(report, scored=(said,), statements=statements), {document.source: "1"})

        assert [len(queue_of(results, Filter(words=words)).ids) for words in ("тимур", "oZ", "Ann")] == [1, 1, 0]


@pytest.mark.parametrize("least", [None, 0.2])
def test_an_address_says_from_where_on_unless_that_is_usual(least: float | None) -> None:
    for filter in (Filter(), Filter(least=0.2), Filter(least=0.0, most=0.5), Filter(verdict="all", words="a&b")):
        assert filter_of(names_of(filter, least), least) == filter


def test_a_file_without_findings_says_what_there_is_instead(tmp_path: Path) -> None:
    document, pairs = PAIRS["sanctions.txt"]
    with Results.open(tmp_path / "results.db", create=True) as results:
        results.begin_run(RUN)
        add(results, document, [(*pairs[0][:2], 0.04, pairs[0][3])])
        results.add_failure("gone.txt", "1", "gone.txt: empty")
    with served(tmp_path / "results.db") as site:
        page = Client(site).ask("/").body

        assert "1 article checked; no pair of statements reaches 5\u00a0%. 1 less sure one is kept." in page
        assert "1 source could not be read" in page
        assert f'href="/articles/{document.id}"' in page
        assert "0 findings · threshold 5\u00a0%" in page
        assert "1 of 1" not in page
        assert "El presidente no cumple" in Client(site).ask("/?from=0").body


def test_the_finding_that_is_looked_at_stays_though_the_filter_leaves_it_out(path: Path) -> None:
    first, *_ = ids(path)
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "confirmed", reviewer="Ana")
        view = queue_view(results, Filter(), first)

    assert (view.position, view.n) == (1, N_FINDINGS)
    assert (view.n_reviewed, view.n_all) == (1, N_FINDINGS)
    assert first not in ids(path)


def test_an_address_that_is_not_understood_asks_for_everything_usual() -> None:
    assert filter_of({"verdict": "maybe", "sort": "DROP TABLE", "from": "-1", "to": "many"}) == Filter()
    assert all(filter_of({"verdict": state}).verdict == state for state in STATES)


def test_a_long_queue_is_shown_in_parts(path: Path) -> None:
    sentences = [f"Item {n} is open. Item {n} is not open." for n in range(150)]
    document = Document(" ".join(sentences), "long.txt", "en")
    with Results.open(path) as results:
        pairs = [(f"Item {n} is open.", f"Item {n} is not open.", 0.99 - n / 1000, "narrative") for n in range(150)]
        add(results, document, pairs)
        first = queue_view(results, Filter(document=document.id))
        second = queue_view(results, Filter(document=document.id), first.next)

    assert (first.n, len(first.rows), first.previous) == (150, 60, None)
    assert (second.n_before, second.position, second.previous) == (60, 61, first.rows[-1].id)
    assert second.rows[0].id == first.next


def test_the_search_of_an_address_reaches_the_queue(client: Client) -> None:
    page = client.ask(f"/queue?{urlencode({'words': 'sanciones', 'verdict': 'all'})}").body

    assert page.count('<li class="item') == 1
    assert 'value="sanciones"' in page


# a finding


def test_a_finding_shows_its_article_whole_and_the_other_findings_in_it(path: Path) -> None:
    first, *_ = ids(path)
    with Results.open(path) as results:
        view = finding_view(results, first, "Ana")

    assert view
    [article] = view.articles
    pieces = [piece for paragraph, _ in article.paragraphs for piece in paragraph]
    assert "".join(piece.text for piece in pieces) == PAIRS["bridge.txt"][0].text
    marked = {name: piece.text for piece in pieces for name in piece.names}
    assert marked["a"] == "the bridge cost 12 million euros"
    assert marked["b"] == "The bridge did not cost 12 million euros"
    assert sum(len(marks) for _, marks in article.paragraphs) == 3
    differs = [[part.text for part in side.parts if part.differs] for side in view.card.sides]
    assert differs == [[], ["did not"]] or differs == [[], ["not"]]


def test_a_finding_between_articles_shows_both(path: Path) -> None:
    with Results.open(path) as results:
        add_across(results)
        [id] = queue_of(results, Filter(kind="between_articles")).ids
        view = finding_view(results, id, "Ana")
        assert len(queue_of(results, Filter(document=PAIRS["sanctions.txt"][0].id)).ids) == 2

    assert view
    assert view.is_across
    assert [(article.letters, article.document) for article in view.articles] == [
        ("a", PAIRS["bridge.txt"][0].id),
        ("b", PAIRS["sanctions.txt"][0].id),
    ]


def test_an_arabic_article_runs_from_right_to_left(client: Client) -> None:
    page = client.ask("/?verdict=all&language=ar").body

    assert re.search(r'<blockquote lang="ar" dir="rtl">', page)
    assert ARABIC.split(".")[0] in page


def test_a_finding_that_is_gone_says_so(client: Client) -> None:
    assert client.ask("/findings/999999").status == 404
    assert client.ask("/findings/99999999999999999999999").status == 404
    assert client.ask("/findings/x").status == 404
    assert "no longer in the file" in client.ask("/findings/999999").body


def test_an_article_has_a_page_with_all_its_findings(client: Client) -> None:
    page = client.ask(f"/articles/{PAIRS['bridge.txt'][0].id}")

    assert page.status == 200
    assert page.body.count('<li class="card') == 3
    assert client.ask("/articles/0000").status == 404
    [sheet] = re.findall(r'href="(/articles/[^"]*\.css)"', page.body)
    style = client.ask(sheet)
    assert (style.status, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert ":root:has(:is(#r1f3, #r1f3a, #r1f3b):target) .r1f3b" in style.body


# decisions


def test_a_decision_is_saved_at_once(client: Client, path: Path) -> None:
    told = client.decide(BRIDGE_PAIR, "confirmed", note="both\nsaid \x1b[31m it")

    assert told.status == 200
    with Results.open(path) as results:
        verdict = results.verdicts()[BRIDGE_PAIR]
    assert (verdict.verdict, verdict.reviewer, verdict.note) == ("confirmed", "Ana", "both\nsaid �[31m it")
    assert "confirmed by Ana" in client.ask("/?verdict=all").body


def test_a_decision_can_be_taken_back_and_stays_in_the_file(client: Client, path: Path) -> None:
    seen = client.decide(BRIDGE_PAIR, "false_alarm").json()["seen"]

    told = client.decide(BRIDGE_PAIR, None, seen=int(str(seen)))

    assert (told.status, told.json()["state"]) == (200, "")
    with Results.open(path) as results:
        assert results.verdicts() == {}
        assert [decision.verdict for decision in results.decisions(BRIDGE_PAIR)] == ["false_alarm", None]
    history = client.ask("/?verdict=all").body
    assert re.search(r"<li>false alarm by Ana <time [^>]*>[^<]+</time></li><li>taken back by Ana <time", history)


def test_a_note_without_a_verdict_is_kept(client: Client) -> None:
    told = client.note(BRIDGE_PAIR, "ask the mayor")

    assert told.json()["last"] == "note by Ana"
    assert "ask the mayor</textarea>" in client.ask("/").body
    assert client.ask("/queue").body.count('<li class="item') == N_FINDINGS


def test_a_note_on_the_verdict_of_somebody_else_stands_beside_it(client: Client, path: Path) -> None:
    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "confirmed", reviewer="Ben", note="old news")

    told = client.note(BRIDGE_PAIR, "call the mayor").json()

    assert (told["state"], told["words"], told["own"]) == ("confirmed", "confirmed by Ben", False)
    assert (told["seen"], told["before"]) == (2, 1)
    page = client.ask("/?verdict=all").body
    assert "<bdi>Ben</bdi>: <bdi>old news</bdi>" in page
    assert "call the mayor</textarea>" in page
    assert '<span class="verdict">confirmed by Ben</span>' in page
    overruled = client.decide(BRIDGE_PAIR, "false_alarm", seen=2).json()
    assert overruled["words"] == "false alarm by Ana"
    with Results.open(path) as results:
        assert results.verdicts()[BRIDGE_PAIR].note == "Ben: old news"


def test_a_decision_that_comes_twice_is_noted_once(client: Client, path: Path) -> None:
    first = client.decide(BRIDGE_PAIR, "confirmed", note="!")
    again = client.decide(BRIDGE_PAIR, "confirmed", note="!")
    client.note(BRIDGE_PAIR, "?")
    client.note(BRIDGE_PAIR, "?")

    assert (first.status, again.status) == (200, 200)
    assert again.json() == first.json()
    assert client.decide(BRIDGE_PAIR, "dismissed", note="!").status == 409
    with Results.open(path) as results:
        assert len(results.decisions(BRIDGE_PAIR)) == 2


def test_two_reviewers_do_not_overwrite_each_other(client: Client, path: Path) -> None:
    with served(path, "Ben") as other:
        ben = Client(other)
        client.decide(BRIDGE_PAIR, "confirmed")

        late = ben.decide(BRIDGE_PAIR, "false_alarm")

        assert late.status == 409
        assert late.json()["words"] == "confirmed by Ana"
        assert ben.decide(BRIDGE_PAIR, "false_alarm", seen=int(str(late.json()["seen"]))).status == 200
    with Results.open(path) as results:
        assert [decision.reviewer for decision in results.decisions(BRIDGE_PAIR)] == ["Ana", "Ben"]
        assert results.verdicts()[BRIDGE_PAIR].verdict == "false_alarm"


def test_a_page_hears_of_the_decisions_of_others(client: Client, path: Path) -> None:
    before = client.ask("/changes?since=0").json()
    assert before == {"change": 0, "decisions": [], "complete": True}

    with Results.open(path) as results:
        results.add_verdict(BRIDGE_PAIR, "dismissed", reviewer="Ben\u202e")

    told = client.ask("/changes?since=0").json()
    assert told["change"] == 1
    [decision] = told["decisions"]  # type: ignore[misc]
    assert decision == {
        **{"pair": BRIDGE_PAIR, "seen": 1, "before": 1, "state": "dismissed", "own": False},
        **{"words": "dismissed by Ben�", "last": "dismissed by Ben�"},
    }
    assert client.ask("/changes?since=1").json()["decisions"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"pair": BRIDGE_PAIR, "verdict": "maybe", "note": "", "seen": 0}, 400),
        ({"pair": BRIDGE_PAIR, "verdict": "confirmed"}, 400),
        ({"pair": BRIDGE_PAIR, "verdict": "confirmed", "note": ""}, 400),
        ({"pair": BRIDGE_PAIR}, 400),
        ({"pair": BRIDGE_PAIR, "note": 7}, 400),
        ({"pair": "unknown", "note": "?"}, 404),
        ({"pair": 7, "verdict": "confirmed", "note": "", "seen": 0}, 400),
        ({"pair": BRIDGE_PAIR, "verdict": ["confirmed"], "note": "", "seen": 0}, 400),
        ({"pair": "unknown", "verdict": "confirmed", "note": "", "seen": 0}, 404),
        ({"pair": BRIDGE_PAIR, "verdict": "confirmed", "note": "x" * 100_000, "seen": 0}, 400),
        ([], 400),
        ("confirmed", 400),
        (None, 400),
    ],
)
def test_what_is_no_decision_changes_nothing(client: Client, path: Path, body: object, status: int) -> None:
    assert client.ask("/verdicts", "POST", body).status == status
    with Results.open(path) as results:
        assert results.verdicts() == {}


def test_a_file_that_another_process_keeps_locked_is_said_and_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claims.review.server.SECONDS_WAITED", 0.05)
    with served(path) as site, closing(sqlite3.connect(path, isolation_level=None)) as locker:
        client = Client(site)
        client.ask("/")
        locker.execute("BEGIN IMMEDIATE")
        refused = client.decide(BRIDGE_PAIR, "confirmed")
        locker.execute("ROLLBACK")

        assert refused.status == 503
        assert "in use by another process" in str(refused.json()["error"])
        assert client.decide(BRIDGE_PAIR, "confirmed").status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_decide_nothing(client: Client, method: str) -> None:
    assert client.ask("/verdicts", method, Origin=f"http://127.0.0.1:{client.site.port}").status == 405


def test_when_all_that_fits_a_filter_is_reviewed_the_page_does_not_say_all_is(client: Client, path: Path) -> None:
    a, b, *_ = PAIRS["sanctions.txt"][1][0]
    client.decide(pair_key(a, b), "confirmed")
    a, b, *_ = PAIRS["bridge.txt"][1][0]
    client.decide(pair_key(a, b), "confirmed")

    assert "The only finding that fits the filter is reviewed" in client.ask("/?language=es").body
    page = client.ask("/?from=93").body
    assert "The only finding that fits the filter is reviewed" in page
    assert "Clear the filter" in page
    assert '<details class="more" open>' in page


# the overview


def test_the_overview_counts_what_is_right_by_kind_and_language(path: Path) -> None:
    verdicts = ("confirmed", "false_alarm", "dismissed", "confirmed")
    pairs = [(a, b) for name in ("bridge.txt", "sanctions.txt") for a, b, _, _ in PAIRS[name][1]]
    with Results.open(path) as results:
        for (a, b), verdict in zip(pairs, verdicts, strict=True):
            results.add_verdict(pair_key(a, b), verdict, reviewer="Ana")
        view = overview(results)

    assert (view.n_documents, view.n_findings, view.n_reviewed) == (4, N_FINDINGS, 4)
    assert view.overall
    assert (view.overall.right, view.overall.n) == (3, 4)
    assert {one.name: (one.right, one.n) for one in view.by_language} == {"English": (2, 3), "Spanish": (1, 1)}
    assert view.documents[0].source == "news/bridge.txt"
    assert sum(int(column.words.split()[0]) for column in view.columns) == N_FINDINGS
    assert sum(int(point.cells[-1]) for point in view.points) == 4


def test_the_overview_is_of_findings_and_counts_a_pair_once(path: Path) -> None:
    document, pairs = PAIRS["bridge.txt"]
    copy = Document(f"{document.text} Agency.", "news/copy.txt", "en")
    with Results.open(path) as results:
        add(results, copy, [(*pairs[0][:2], 0.91, "numeric"), (*pairs[2][:2], 0.03, "narrative")])
        for a, b, *_ in (pairs[0], pairs[2]):
            results.add_verdict(pair_key(a, b), "confirmed", reviewer="Ana")
        view = overview(results)

    assert (view.n_findings, view.n_reviewed) == (N_FINDINGS + 2, 4)
    assert view.overall
    assert view.overall.n == 2
    assert [point.cells[0] for point in view.points] == ["32\u00a0%", "93\u00a0%"]
    assert float(view.calibration_error) == pytest.approx((0.68 + 0.07) / 2, abs=1e-3)


def test_the_interval_of_a_share_is_wilsons() -> None:
    from claims.queue import Reviewed
    from claims.review.screen import share

    one = share("", [Reviewed(0.5, "numeric", "en", right=n < 8) for n in range(10)])

    # a published example: 8 of 10 lie between 0.4902 and 0.9433
    assert (one.low, one.high) == (pytest.approx(0.4902, abs=1e-3), pytest.approx(0.9433, abs=1e-3))


def test_the_overview_of_an_empty_file_is_a_page(tmp_path: Path) -> None:
    with Results.open(tmp_path / "empty.db", create=True):
        pass
    with served(tmp_path / "empty.db") as site:
        client = Client(site)
        assert "No verdict yet" in client.ask("/overview").body
        assert "No article is in empty.db" in client.ask("/").body


# the command

CLAIMS = [sys.executable, "-c", "from claims.cli import main; main()"]


def test_the_command_serves_until_it_is_interrupted(path: Path) -> None:
    command = [*CLAIMS, "review", str(path), "--no-browser", "--reviewer", "Ben", "--min-confidence", "0.2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        address = process.stdout.readline().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?token=([\w-]{20,})", address)
        assert found
        client = Client(Site(path, "Ben", int(found[1]), found[2]))
        assert client.ask("/").status == 200
        assert client.decide(BRIDGE_PAIR, "confirmed").json()["words"] == "confirmed by Ben"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "every decision is saved" in said
    assert "Traceback" not in said
    with Results.open(path) as results:
        assert results.verdicts()[BRIDGE_PAIR].reviewer == "Ben"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.txt"], "no such file"),
        (["."], "a folder; score it first"),
        (["-"], "name a results file for it with --save"),
        (["results.db", "--terminal"], "this is no terminal"),
        (["results.db", "--model", "mdeberta"], "is scored already"),
    ],
)
def test_what_cannot_be_reviewed_is_one_clear_error(path: Path, arguments: list[str], words: str) -> None:
    done = subprocess.run(
        [*CLAIMS, "review", *arguments], cwd=path.parent, capture_output=True, text=True, check=False, input=""
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_a_port_that_is_taken_is_one_clear_error(client: Client, path: Path) -> None:
    command = [*CLAIMS, "review", str(path), "--no-browser", "--port", str(client.site.port)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_loads_no_server_and_no_model() -> None:
    code = (
        "import sys; sys.argv = ['claims', '--help']\n"
        "from claims.cli import app\n"
        "try: app()\nexcept SystemExit: pass\n"
        "loaded = {'starlette', 'uvicorn', 'jinja2', 'onnxruntime', 'torch'} & set(sys.modules)\n"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False)

    assert done.returncode == 0, done.stderr


def test_the_hostile_article_is_what_the_tests_say(path: Path) -> None:
    """That the browser has something to refuse: all the markup is in the file as it was written."""
    with Results.open(path) as results:
        assert results.document(PAIRS["hostile.txt"][0].id).text == HOSTILE
