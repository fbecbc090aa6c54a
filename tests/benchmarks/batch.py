"""How fast `claims batch` scores real news, against `claims check` in a loop, and how it grows.

python -m tests.benchmarks.batch NEWS.jsonl.gz [--documents 50 100 200] [--workers 1 2] [--loop 20] [--short 5000]

NEWS: JSON lines of `id`, `lang`, `text`, `words`, `translated`. `--short N` scores N small documents to see whether
memory grows.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

COMMAND = [sys.executable, "-c", "from claims.cli import main; main()"]
SHORT = 200  # characters of the documents whose memory is watched


def articles(news: Path, n: int) -> list[str]:
    """The texts of n articles that are no translations, the same ones every time."""
    with gzip.open(news, "rt", encoding="utf8") as file:
        rows = [row for row in map(json.loads, file) if not row["translated"] and 150 < row["words"] < 900]
    return [row["text"] for row in random.Random(7).sample(rows, n)]


def write(folder: Path, texts: list[str]) -> Path:
    """A folder with a file for each text."""
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number:05}.txt").write_text(text, encoding="utf8")
    return folder


def timed(*arguments: str) -> tuple[float, list[float]]:
    """Seconds of a command, and the megabytes it and its processes held, looked at every half second."""
    began = time.perf_counter()
    null = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawn(
        sys.executable, [*COMMAND, *arguments], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)]
    )
    held = []
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        held.append(sum(map(megabytes, family(pid))))
        time.sleep(0.5)
    os.close(null)
    return time.perf_counter() - began, held


def family(pid: int) -> list[int]:
    """A process and those it started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(process for child in children for process in family(int(child)))]


def megabytes(pid: int) -> float:
    """What a process holds in memory, shared pages counted in part."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def pairs_in(results: Path) -> int:
    """Pairs that were read for what a results file holds."""
    from claims.results import Results

    with Results.open(results, read_only=True) as opened:
        return sum(report.counts.scored for report in opened.reports())


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("news", type=Path)
    parser.add_argument("--documents", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--loop", type=int, default=20)
    parser.add_argument("--short", type=int, default=0)
    given = parser.parse_args()

    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        texts = articles(given.news, max(*given.documents, given.loop))
        loop = write(work / "loop", texts[: given.loop])
        seconds = sum(timed("check", str(article))[0] for article in sorted(loop.iterdir()))
        print(f"check in a loop: {60 * given.loop / seconds:.1f} documents/min of {given.loop}", flush=True)
        for n_workers in given.workers:
            for n in given.documents:
                name = f"{n}-{n_workers}"
                folder, results = write(work / name, texts[:n]), work / f"{name}.db"
                seconds, held = timed("batch", str(folder), "-o", str(results), "--workers", str(n_workers))
                print(
                    f"batch, {n_workers} workers, {n} documents: {seconds:.0f} s, {60 * n / seconds:.1f} documents/min,"
                    f" {pairs_in(results) / seconds:.0f} pairs/s, peak {max(held):.0f} MB",
                    flush=True,
                )
        if given.short:
            some = articles(given.news, given.short)
            folder = write(work / "short", [text[:SHORT] for text in some])
            seconds, held = timed("batch", str(folder), "-o", str(work / "short.db"), "--workers", "1")
            tenths = [held[int(k * (len(held) - 1) / 10)] for k in range(1, 11)]
            print(
                f"{given.short} short documents: {seconds:.0f} s, MB after each tenth: {[round(mb) for mb in tenths]}"
            )


if __name__ == "__main__":
    main()
