"""Something to review: a results file with findings of known confidence, and the page over it on a port of its own."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from claims import Counts, Document, Finding, Report, Statement
from claims.results import PairAcross, Results, Run
from claims.review.server import Site, listen, server_of

RUN = Run("by-hand", "1", True, 0.05, {})

BRIDGE = (
    "Bridge over the Alde\n\nMayor Ann Lee said the bridge cost 12 million euros and will open in May.\n\n"
    "The bridge did not cost 12 million euros but 15 million, a report says. It will not open in May.\n\n"
    "Nobody lives at the river. Some 300 people live at the river."
)
SANCTIONS = "El presidente cumple las sanciones. El presidente no cumple las sanciones, dice el ministro de Madrid."
ARABIC = "الجسر مفتوح أمام السيارات منذ الاثنين. الجسر ليس مفتوحا أمام السيارات، تقول الشرطة."
HOSTILE = (
    "The road is <script>window.owned = 1</script> open <img src=x onerror='window.owned = 2'>. "
    'The road is not open </article></main><style>* { display: none }</style> " onclick="window.owned = 3. '
    "A link [here](javascript:window.owned=4) & <a href='javascript:window.owned=5'>there</a>."
)
LONG_LINE = "word " * 2_000_000  # 10 MB

PAIRS: dict[str, tuple[Document, list[tuple[str, str, float, str]]]] = {
    "bridge.txt": (
        Document(BRIDGE, "news/bridge.txt", "en", "Bridge over the Alde", "2024-05-06"),
        [
            ("the bridge cost 12 million euros", "The bridge did not cost 12 million euros", 0.93, "numeric"),
            ("will open in May.", "It will not open in May.", 0.61, "source_conflict"),
            ("Nobody lives at the river.", "Some 300 people live at the river.", 0.32, "narrative"),
        ],
    ),
    "sanctions.txt": (
        Document(SANCTIONS, "news/sanctions.txt", "es", "Las sanciones"),
        [("El presidente cumple las sanciones.", "El presidente no cumple las sanciones", 0.44, "source_conflict")],
    ),
    "arabic.txt": (
        Document(ARABIC, "news/arabic.txt", "ar", "الجسر"),
        [("الجسر مفتوح أمام السيارات منذ الاثنين.", "الجسر ليس مفتوحا أمام السيارات", 0.2, "narrative")],
    ),
    "hostile.txt": (
        Document(HOSTILE, "<script>window.owned = 6</script>.txt", "en", "<img src=x onerror='window.owned = 7'>"),
        [
            (
                "The road is <script>window.owned = 1</script> open <img src=x onerror='window.owned = 2'>.",
                'The road is not open </article></main><style>* { display: none }</style> " onclick="window.owned = 3.',
                0.1,
                "narrative",
            )
        ],
    ),
}
N_FINDINGS = sum(len(pairs) for _, pairs in PAIRS.values())


def statement(document: Document, text: str) -> Statement:
    start = document.text.index(text)
    sentence = document.text.count(".", 0, start)
    return Statement(start, start + len(text), text, sentence, claim_score=0.9)


def report_of(document: Document, pairs: list[tuple[str, str, float, str]]) -> Report:
    found = tuple(
        Finding(
            *(statement(document, a), statement(document, b), confidence, kind, ("each excludes the other",)),
            *((0.1, 0.1, 0.8), (0.1, 0.2, 0.7)),
        )
        for a, b, confidence, kind in pairs
    )
    statements = {side for finding in found for side in (finding.a, finding.b)}
    ordered = tuple(sorted(statements, key=lambda side: side.start))
    return Report(document, RUN.model, "1", True, RUN.threshold, Counts(), found, ordered)


def add(results: Results, document: Document, pairs: list[tuple[str, str, float, str]]) -> None:
    results.add_report(RUN, report_of(document, pairs), {document.source: "1"})


def fill(path: Path) -> Path:
    """A results file with `PAIRS` in it."""
    with Results.open(path, create=True) as results:
        results.begin_run(RUN)
        for document, pairs in PAIRS.values():
            add(results, document, pairs)
    return path


def add_across(results: Results) -> None:
    """A finding between the bridge and the sanctions."""
    (bridge, of_bridge), (sanctions, of_sanctions) = PAIRS["bridge.txt"], PAIRS["sanctions.txt"]
    a, b = report_of(bridge, of_bridge).statements[0], report_of(sanctions, of_sanctions).statements[1]
    finding = replace(report_of(bridge, of_bridge).scored[0], a=a, b=b, confidence=0.77, kind="between_articles")
    results.add_across(bridge.id, [(PairAcross(bridge.id, 0, sanctions.id, 1), finding)], "corpus")


@contextmanager
def served(path: Path, reviewer: str = "Ana") -> Iterator[Site]:
    """The page over a results file, until the end of the block."""
    listening = listen(None)
    listening.listen()
    site = Site(path, reviewer, listening.getsockname()[1], secrets.token_urlsafe(24))
    server = server_of(site)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
