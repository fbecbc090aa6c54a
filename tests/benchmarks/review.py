"""How fast the review answers over 10,000 findings, with twice as many less sure pairs kept below them.

    python -m tests.benchmarks.review

Measured at the server of a fresh results file, every request over the network of this machine: the queue with its
counts, a search, a finding with its article, a decision, the overview. A tenth of the findings is reviewed.
"""

from __future__ import annotations

import http.client
import json
import statistics
import tempfile
import time
from itertools import permutations
from pathlib import Path

from claims import Document
from claims.results import Results
from claims.review.server import Site
from tests.reviewing import RUN, add, served

N_DOCUMENTS, FINDINGS_EACH, N_TIMES = 2_000, 5, 50
_UNDECIDED = (
    "SELECT pair FROM findings WHERE confidence >= 0.05 AND pair NOT IN (SELECT pair FROM verdicts)"
    f" ORDER BY pair LIMIT {N_TIMES}"
)
LANGUAGES = ("es", "en", "ca", "fr", "ar")
KINDS = ("narrative", "numeric", "self_contradiction", "source_conflict")


def fill(path: Path) -> None:
    """Write the results file."""
    with Results.open(path, create=True) as results:
        results.begin_run(RUN)
        for n in range(N_DOCUMENTS):
            pairs = []
            text = ""
            for k in range(FINDINGS_EACH):
                a = f"The bridge number {n * FINDINGS_EACH + k} over the river Alde costs {n} million euros."
                b = f"The bridge number {n * FINDINGS_EACH + k} over the river Alde does not cost {n} million euros."
                pairs.append((a, b, 0.05 + 0.9 * ((n * 7 + k * 13) % 1000) / 1000, KINDS[(n + k) % len(KINDS)]))
                text += f"{a} {b} Trams run again, and nobody at the market has seen the mayor of the town today.\n\n"
            less_sure = [
                (pairs[k][0], pairs[j][1], 0.02, "narrative") for k, j in permutations(range(FINDINGS_EACH), 2)
            ]
            pairs += [pair for pair in less_sure if text.index(pair[0]) < text.index(pair[1])]
            add(results, Document(text, f"news/{n}.txt", LANGUAGES[n % 5], f"Article {n}"), pairs)
        for (pair,) in results.ask("SELECT pair FROM findings WHERE confidence >= 0.05 AND random() % 10 = 0"):
            results.add_verdict(pair, "false_alarm", reviewer="Ana")


def timed(site: Site, method: str, path: str, body: object = None) -> tuple[float, str]:
    """The milliseconds that a request takes, and its answer."""
    data = None if body is None else json.dumps(body)
    headers = {"Cookie": f"{site.cookie}={site.token}", "Origin": f"http://127.0.0.1:{site.port}"}
    connection = http.client.HTTPConnection("127.0.0.1", site.port)
    began = time.perf_counter()
    connection.request(method, path, data, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    taken = 1000 * (time.perf_counter() - began)
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {text}")
    return taken, text


def measure(site: Site, name: str, path: str) -> None:
    """Print the median of some requests."""
    timed(site, "GET", path)
    taken = [timed(site, "GET", path)[0] for _ in range(N_TIMES)]
    print(f"{name:<34}{statistics.median(taken):7.1f} ms  (slowest {max(taken):.1f})")


def main() -> None:
    """Print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.db"
        fill(path)
        with Results.open(path) as results:
            pairs = [pair for (pair,) in results.ask(_UNDECIDED)]
            [(middle,)] = results.ask("SELECT id FROM findings ORDER BY confidence DESC LIMIT 1 OFFSET 5000")
            print(f"{results.totals().findings:,} findings, {path.stat().st_size / 1e6:.0f} MB")
        with served(path) as site:
            measure(site, "page with queue and finding", "/")
            measure(site, "queue", "/queue")
            measure(site, "queue around a finding", f"/queue?verdict=all&at={middle}")
            measure(
                site, "queue, every filter", "/queue?verdict=all&kind=numeric&language=es&from=10&words=bridge+alde"
            )
            measure(site, "finding with its article", f"/findings/{middle}")
            taken = [
                timed(site, "POST", "/verdicts", {"pair": pair, "verdict": "confirmed", "note": "", "seen": 0})[0]
                for pair in pairs
            ]
            print(f"{'decision':<34}{statistics.median(taken):7.1f} ms  (slowest {max(taken):.1f})")
            measure(site, "decisions of others", "/changes?since=1")
            measure(site, "overview", "/overview")


if __name__ == "__main__":
    main()
