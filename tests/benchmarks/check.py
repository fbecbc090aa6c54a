"""Cold time and peak memory of `claims check` on an article, and what the stages take in a warm process.

python -m tests.benchmarks.check [ARTICLE] [RUNS]
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

from claims import Detector, Document, extract_statements, split_sentences
from claims.pairs import candidate_pairs

SEED = Path(__file__).parents[2] / "seeds" / "es-kazakhstan-sanctions.txt"
COMMAND = [sys.executable, "-c", "from claims.cli import main; main()", "check"]


def cold(article: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of one new process."""
    began = time.perf_counter()
    out = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawn(
        sys.executable, [*COMMAND, str(article)], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)]
    )
    _, status, usage = os.wait4(pid, 0)
    os.close(out)
    if status:
        raise SystemExit(f"{article}: claims check failed")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def main() -> None:
    """Print the figures."""
    article = Path(sys.argv[1]) if len(sys.argv) > 1 else SEED
    runs = [cold(article) for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 5)]
    seconds = [run[0] for run in runs]
    print(f"cold process: median {statistics.median(seconds):.2f} s, fastest {min(seconds):.2f} s of {len(runs)}")
    print(f"peak memory: {max(run[1] for run in runs):.0f} MB")

    detector = Detector.from_pretrained()
    assert detector.tagger
    clock = time.perf_counter
    began = clock()
    document = Document.read(article)
    print(f"read and detect language: {clock() - began:.3f} s")
    sentences = split_sentences(document.text, document.language)
    extract_statements(document, sentences, detector.tagger)  # word lists and graph are warm now
    began = clock()
    tagged = detector.tagger.tag([document.text[s.start : s.end] for s in sentences], document.language)
    tagging = clock() - began
    print(f"clause boundaries: {tagging:.3f} s for {sum(1 + len(tags.boundaries) for tags in tagged)} clauses")
    began = clock()
    statements = extract_statements(document, sentences, detector.tagger)
    print(f"statements with speakers, cues and claims: {clock() - began:.3f} s for {len(statements)}, those included")
    began = clock()
    candidates = candidate_pairs(statements)
    print(f"pairs: {clock() - began:.3f} s for {len(candidates.pairs)} of {candidates.possible}")
    began = clock()
    report = detector.detect(document)
    took = clock() - began
    print(f"all of it, warm: {took:.2f} s, {report.counts.scored / took:.0f} pairs/s")
    print(f"share of clause boundaries: {tagging / took:.1%}")


if __name__ == "__main__":
    main()
