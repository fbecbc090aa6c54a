"""Print how often the speakers of statements are right, per language, on the gold files of tests/data/speakers.

    python -m tests.benchmarks.speakers [--part dev|test] [--language es] [--errors]
    python -m tests.benchmarks.speakers --articles ../shared/data/articles/dev.jsonl

"speaker": of the statements given a speaker, how many have the right one (P), of those that have one, how many got
it (R). "pairs": the same for pairs of statements of one article that have the same speaker. "own": the same for the
article's own voice. A predicted label is the gold speaker whose mentions hold it, or are held by it, word by word.

With --articles: over the labelled contradictions, all of which come from one source, how often both sides get one
speaker or are both the article's own, how often different ones, how often it is not known who speaks on a side.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

from claims.quotations import find_quotations
from claims.sentences import split_sentences
from claims.speakers import Attribution, attribute
from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "data" / "speakers"
MEASURES = ["speaker", "pairs", "own"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=["dev", "test"])
    parser.add_argument("--language")
    parser.add_argument("--articles", type=Path)
    parser.add_argument("--errors", action="store_true", help="print each wrong statement of the part")
    options = parser.parse_args()
    if options.articles:
        print_articles(options.articles)
        return
    for part in [options.part] if options.part else ["dev", "test"]:
        print_part(part, options.language, errors=options.errors)


def print_part(part: str, language: str | None, *, errors: bool) -> None:
    counts: dict[str, Counter[str]] = {}
    for path in sorted(FOLDER.glob(f"{language or '*'}.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            article = json.loads(line)
            if article["part"] == part:
                counts.setdefault(article["language"], Counter()).update(score(article, errors=errors))
    print(f"{part:6}{'n':>5}" + "".join(f"{measure + ' P':>12}{'R':>7}" for measure in MEASURES))
    total: Counter[str] = sum(counts.values(), Counter())
    for name, count in [*counts.items(), ("all", total)]:
        print(
            f"{name:6}{count['n']:5}"
            + "".join(f"{ratio(count, m, 'found'):>12}{ratio(count, m, 'gold'):>7}" for m in MEASURES)
        )
    print()


def ratio(count: Counter[str], measure: str, of: str) -> str:
    whole = count[f"{measure} {of}"]
    return f"{count[f'{measure} right'] / whole:.3f}" if whole else "-"


def score(article: dict[str, Any], *, errors: bool = False) -> Counter[str]:
    """Count what is right, found and in the gold, for each measure."""
    text, statements = article["text"], article["statements"]
    spans = [(statement["start"], statement["end"]) for statement in statements]
    sentences = split_sentences(text, article["language"])
    found = attribute(text, article["language"], sentences, find_quotations(text, sentences), spans)
    labels = [match(attribution, article["speakers"]) for attribution in found]
    gold = [statement["speaker"] for statement in statements]
    count: Counter[str] = Counter(n=len(statements))
    for attribution, label, statement in zip(found, labels, statements, strict=True):
        right = label == statement["speaker"] and attribution.own_voice == statement["own_voice"]
        count["speaker found"] += attribution.speaker is not None
        count["speaker gold"] += statement["speaker"] is not None
        count["speaker right"] += statement["speaker"] is not None and label == statement["speaker"]
        count["own found"] += attribution.own_voice
        count["own gold"] += statement["own_voice"]
        count["own right"] += attribution.own_voice and statement["own_voice"]
        if errors and not right:
            wanted = "OWN" if statement["own_voice"] else statement["speaker"]
            got = "OWN" if attribution.own_voice else attribution.speaker
            print(f"  {article['language']} {article['id']}: {wanted!r}, found {got!r}: {statement['text'][:100]!r}")
    for i, j in combinations(range(len(found)), 2):
        same = found[i].speaker is not None and found[i].speaker == found[j].speaker
        wanted = gold[i] is not None and gold[i] == gold[j]
        count["pairs found"] += same
        count["pairs gold"] += wanted
        count["pairs right"] += same and wanted
    return count


def match(attribution: Attribution, speakers: dict[str, list[str]]) -> str | None:
    """Return the gold label an attribution means; "?" if it names somebody else, None if nobody."""
    if attribution.speaker is None:
        return None
    words = fold(attribution.speaker)
    found = [
        (abs(len(fold(mention)) - len(words)), label)
        for label, mentions in speakers.items()
        for mention in {label, *mentions}
        if holds(fold(mention), words) or holds(words, fold(mention))
    ]
    return min(found)[1] if found else "?"


def fold(text: str) -> str:
    return f" {' '.join(text.casefold().replace('’', chr(39)).split())} "


def holds(longer: str, shorter: str) -> bool:
    return shorter in longer or (shorter.strip() in longer and shorter.strip()[0] > "\u2e80")


def print_articles(file: Path) -> None:
    counts: dict[str, Counter[str]] = {}
    for article in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        text, language = article["text"], article["lang"]
        sentences = split_sentences(text, language)
        quotations = find_quotations(text, sentences)
        for pair in article["contradictions"]:
            spans = [(text.index(pair[side]), text.index(pair[side]) + len(pair[side])) for side in "ab"]
            count = counts.setdefault(language, Counter())
            count[outcome(attribute(text, language, sentences, quotations, spans))] += 1
    total: Counter[str] = sum(counts.values(), Counter())
    names = ["same speaker", "own voice", "own and speaker", "two speakers", "unknown"]
    print(f"{'':6}{'n':>5}" + "".join(f"{name:>17}" for name in names))
    for language, count in [*counts.items(), ("all", total)]:
        print(f"{language:6}{count.total():5}" + "".join(f"{count[name]:17}" for name in names))


def outcome(sides: Iterable[Attribution]) -> str:
    a, b = sides
    if a.own_voice and b.own_voice:
        return "own voice"
    if a.own_voice or b.own_voice:
        return "own and speaker"
    if a.speaker is None or b.speaker is None:
        return "unknown"
    return "same speaker" if a.speaker == b.speaker else "two speakers"


if __name__ == "__main__":
    main()
