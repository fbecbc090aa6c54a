"""The review page as a web server for one person on one machine.

Every request has to know a secret that is made anew each time: the address that `claims review` prints holds it once,
a cookie from then on. Nothing of an address is taken for the name of a file. Article text is escaped by the templates;
the Content Security Policy allows no script and no style but the two files of this package, so text that slipped
through would still not run. Knows HTTP; what the page shows is in `claims.review.screen`.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from claims.errors import ClaimsError
from claims.findings import VERDICTS
from claims.queue import Filter
from claims.render import shown
from claims.render.html import FOOTER, HEADING, ReportSection, target_style
from claims.render.html import report_sections as sections_of
from claims.render.pages import asset, page_of
from claims.render.shown import Options
from claims.results import Decision, Results
from claims.review.screen import (
    emptiness_of,
    filter_of,
    finding_view,
    names_of,
    overview,
    queue_view,
    stand_of,
)

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
LONGEST_BODY = 64_000  # bytes of a decision with its note
LONGEST_NOTE = 4_000  # characters
CHANGES_TOLD = 500  # pairs decided on; after more the page asks for the whole queue again
SECONDS_WAITED = 5.0  # for another process that is writing: as long as it waits, the page gets no answer

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Site:
    """What a server serves, to whom."""

    path: Path
    """The results file."""
    reviewer: str
    """Whose decisions these are."""
    port: int
    token: str
    """The secret."""
    least: float | None = None
    """From which confidence on findings are shown at first; None: from the threshold."""

    @property
    def hosts(self) -> tuple[str, str]:
        """What requests may call this server."""
        return f"{HOST}:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """The cookie that holds the secret; cookies are the same for all ports, so its name is not."""
        return f"claims-{self.port}"

    @property
    def address(self) -> str:
        """Where a browser begins."""
        return f"http://{HOST}:{self.port}/?token={self.token}"


def listen(port: int | None) -> socket.socket:
    """A socket for this machine alone, on a free port unless one is given. Raises: ClaimsError when it is taken."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port or 0))
    except OSError as error:
        listening.close()
        raise ClaimsError(f"port {port}: cannot be used ({error.strerror}); leave out --port for a free one") from error
    return listening


def serve(
    path: Path,
    reviewer: str,
    listening: socket.socket,
    opened: Callable[[Site], None],
    least: float | None = None,
) -> None:
    """Serve the review of a results file until Ctrl-C; `opened` hears of the site when a browser can go there."""
    site = Site(path, reviewer, listening.getsockname()[1], secrets.token_urlsafe(24), least)
    server = server_of(site)
    listening.listen()  # so that a browser that is quicker than the server waits
    try:
        opened(site)
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # which uvicorn passes on when it has shut down
        return


def server_of(site: Site) -> uvicorn.Server:
    """What answers for a site, given its socket."""
    import uvicorn

    config = uvicorn.Config(
        application(site),
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def application(site: Site) -> Starlette:
    """The review of a results file as an ASGI application."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Route

    pages = _Pages(site)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with Results.open(site.path, patience=SECONDS_WAITED) as results:  # in the thread that answers
            pages.results = results
            yield

    return Starlette(
        routes=[
            Route("/", pages.review),
            Route("/queue", pages.queue),
            Route("/queue/nothing", pages.nothing),
            Route("/findings/{id}", pages.finding),
            Route("/verdicts", pages.decide, methods=["POST"]),
            Route("/changes", pages.changes),
            Route("/overview", pages.overview),
            Route("/articles/{document}.css", pages.targets),
            Route("/articles/{document}", pages.article),
            Route("/static/claims.css", pages.style),
            Route("/static/review.js", pages.script),
            Route("/static/icon.svg", pages.icon),
        ],
        middleware=[Middleware(Guard, site=site)],
        exception_handlers={ClaimsError: _unusable},
        lifespan=lifespan,
    )


async def _unusable(_: Request, error: Exception) -> Response:
    """What is wrong with the file, as while another process keeps it locked."""
    from starlette.responses import JSONResponse

    return JSONResponse({"error": str(error)}, 503)


class Guard:
    """Lets nobody in but the browser that was sent here, and says in every answer what the page may load."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        from starlette.datastructures import MutableHeaders
        from starlette.requests import Request
        from starlette.responses import PlainTextResponse, RedirectResponse

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        request = Request(scope, receive)
        answer: ASGIApp = self._app
        if refusal := self._refusal(request):
            answer = PlainTextResponse(f"{refusal}\n", 403)
        elif "token" in request.query_params:
            kept = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
            answer = entered = RedirectResponse(f"/?{urlencode(kept)}" if kept else "/", 303)
            entered.set_cookie(self._site.cookie, self._site.token, httponly=True, samesite="strict")
        await answer(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> str:
        """Why a request is refused; nothing where it is not."""
        headers = request.headers
        host = headers.get("host", "")
        if host not in self._site.hosts:
            return "This server is called by another name; open the address that claims review printed."
        origin = headers.get("origin")
        if (origin or request.method not in ("GET", "HEAD")) and origin != f"http://{host}":
            return "This request comes from another page."
        entering = request.url.path == "/" and "token" in request.query_params
        if not entering and headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return "This request comes from another page."
        given = request.query_params["token"] if entering else request.cookies.get(self._site.cookie, "")
        if not secrets.compare_digest(given.encode(), self._site.token.encode()):
            return "This address is not complete or of before; open the one that claims review printed."
        return ""


class _Pages:
    """The answers to requests. They run one after the other, in the thread that opened the file."""

    results: Results

    def __init__(self, site: Site) -> None:
        self._site = site
        self._style = asset("claims.render", "templates/page.css") + asset("claims.review", "static/review.css")
        self._script = asset("claims.review", "static/review.js")
        self._icon = asset("claims.review", "static/icon.svg")

    async def review(self, request: Request) -> Response:
        """The page: the queue, and the finding asked for or the first one."""
        asked = _number(request.query_params.get("finding", ""))
        filter = self._filter(request)
        queue = queue_view(self.results, filter, asked, self._site.least)
        current = asked if queue.position else (queue.rows[0].id if queue.rows else None)
        queue = replace(queue, current=current, position=max(1, queue.position))
        return self._page(
            "review.html",
            queue=queue,
            view=None if current is None else finding_view(self.results, current, self._site.reviewer),
            change=self.results.last_decision(),
            verdicts=VERDICTS,
            address=names_of(filter, self._site.least),
            emptiness=emptiness_of(self.results) if current is None else None,
        )

    async def queue(self, request: Request) -> Response:
        """The part of the queue around a finding."""
        filter = self._filter(request)
        at = _number(request.query_params.get("at", ""))
        view = queue_view(self.results, filter, at, self._site.least)
        return self._page("queue.html", queue=view, address=names_of(filter, self._site.least))

    def _filter(self, request: Request) -> Filter:
        return filter_of(request.query_params, self._site.least)

    async def nothing(self, request: Request) -> Response:
        """What stands in the place of a finding where none fits."""
        queue = queue_view(self.results, self._filter(request), usual_least=self._site.least)
        emptiness = emptiness_of(self.results)
        return self._page("finding.html", view=None, queue=queue, verdicts=VERDICTS, emptiness=emptiness)

    async def finding(self, request: Request) -> Response:
        """A finding with its article."""
        id = _number(request.path_params["id"])
        view = None if id is None else finding_view(self.results, id, self._site.reviewer)
        return self._page("finding.html", 200 if view else 404, view=view, queue=None, verdicts=VERDICTS)

    async def decide(self, request: Request) -> Response:
        """Note a decision, and say what stands now: 409 when somebody decided in the meantime.

        One without a verdict is a note, which stands beside whatever others do. What comes twice is noted once.
        """
        from starlette.responses import JSONResponse

        try:
            told = json.loads(await _body(request))
            pair, note = told["pair"], told["note"]
            verdict, seen = (told["verdict"], told["seen"]) if "verdict" in told else (None, 0)
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": "not a decision"}, 400)
        if not isinstance(pair, str) or not isinstance(note, str) or not isinstance(seen, int):
            return JSONResponse({"error": "not a decision"}, 400)
        if verdict is not None and (not isinstance(verdict, str) or verdict not in VERDICTS):
            return JSONResponse({"error": "not a verdict"}, 400)
        if not self.results.knows(pair):
            return JSONResponse({"error": "This finding is no longer in the file: its article was scored again."}, 404)
        reviewer, written = self._site.reviewer, shown.clean_note(note)[:LONGEST_NOTE]
        if "verdict" in told:
            number = self.results.add_verdict(pair, verdict, reviewer=reviewer, note=written, seen=seen)
            last = self.results.decisions(pair)[-1]
            is_noted = number > 0 or (last.verdict, last.reviewer, last.note) == (verdict, reviewer, written)
        else:
            number, is_noted = self.results.add_note(pair, written, reviewer=reviewer), True
        return JSONResponse(self._told(pair, number), 200 if is_noted else 409)

    def _told(self, pair: str, number: int = 0) -> dict[str, object]:
        """What the page hears of the decisions on a pair, up to the one with a number, else of all."""
        decisions = [each for each in self.results.decisions(pair) if not number or each.number <= number]
        stand = stand_of(decisions, self._site.reviewer)
        told = {name: getattr(stand, name) for name in ("seen", "state", "words", "own", "last")}
        return {"pair": pair, "before": _before(decisions, self._site.reviewer), **told}

    async def changes(self, request: Request) -> Response:
        """What was decided since a decision."""
        from starlette.responses import JSONResponse

        since = _number(request.query_params.get("since", "")) or 0
        change = self.results.last_decision()
        pairs = self.results.decided_since(since, CHANGES_TOLD + 1)
        told = [self._told(pair) for pair in pairs[:CHANGES_TOLD]]
        return JSONResponse({"change": change, "decisions": told, "complete": len(pairs) <= CHANGES_TOLD})

    async def overview(self, request: Request) -> Response:
        """All of the file at a glance."""
        words = request.query_params.get("article", "")[:200]
        left = self._left(request)
        return self._page("overview.html", view=overview(self.results, words), left=left, back=_address(left))

    def _left(self, request: Request) -> dict[str, str]:
        """The filter and the finding that the review was left with, as its address has them."""
        finding = _number(request.query_params.get("finding", ""))
        asked = names_of(self._filter(request), self._site.least)
        return asked if finding is None else asked | {"finding": str(finding)}

    async def article(self, request: Request) -> Response:
        """An article with the findings within it, as `claims check --format html` shows it."""
        document = request.path_params["document"]
        sections = self._sections(document)
        if not sections:
            return self._page("gone.html", 404)
        return self._page(
            "report.html",
            sections=sections,
            contents=[],
            heading=HEADING,
            name=sections[0].head.title,
            footer=FOOTER,
            style="",
            sheets=["/static/claims.css", f"/articles/{document}.css"],
            policy="",
            back=_address(self._left(request)),
            back_words="back to the review",
        )

    async def targets(self, request: Request) -> Response:
        """The style that lights up, on the page of an article, the finding that a link went to."""
        sections = self._sections(request.path_params["document"])
        names = [finding.name for section in sections for finding in section.findings]
        return self._file(target_style(names), "text/css")

    def _sections(self, document: str) -> list[ReportSection]:
        """The section about an article; none when it is not in the file."""
        if not self.results.ask("SELECT 1 FROM documents WHERE id = ?", document):
            return []
        return sections_of([self.results.report(document)], Options())

    async def style(self, _: Request) -> Response:
        """The style of every page."""
        return self._file(self._style, "text/css")

    async def script(self, _: Request) -> Response:
        """What the review page does."""
        return self._file(self._script, "text/javascript")

    async def icon(self, _: Request) -> Response:
        """The picture of the page among the tabs of a browser."""
        return self._file(self._icon, "image/svg+xml")

    def _file(self, text: str, kind: str) -> Response:
        from starlette.responses import Response

        return Response(text, media_type=kind)

    def _page(self, template: str, status: int = 200, **values: Any) -> Response:
        from starlette.responses import HTMLResponse

        least = "" if self._site.least is None else f"{100 * self._site.least:.6g}"
        site = {
            "file": shown.one_line(self._site.path.name),
            "reviewer": shown.one_line(self._site.reviewer),
            "from": least,
        }
        return HTMLResponse(page_of(template, "claims.review", site=site, **values), status)


def _before(decisions: Sequence[Decision], reviewer: str) -> int:
    """The number of the decision before that of a reviewer, where it is the last; else of the last itself."""
    numbers = [0, *(decision.number for decision in decisions)]
    return numbers[-2] if decisions and decisions[-1].reviewer == reviewer else numbers[-1]


async def _body(request: Request) -> bytes:
    """The body of a request. Raises: ValueError when it is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise ValueError("too long")
    return body


def _address(asked: Mapping[str, str]) -> str:
    """The address of the review with a filter."""
    return f"/?{urlencode(asked)}" if asked else "/"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None
