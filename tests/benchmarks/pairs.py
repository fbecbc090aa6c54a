"""Print how many labelled pairs the candidates keep at each budget: of labelled articles, or of the authored articles
that are kept from training.

    python -m tests.benchmarks.pairs ../shared/data/articles/dev.jsonl
    python -m tests.benchmarks.pairs models/authored

A labelled pair counts when any of the candidate pairs within the budget hits it (by `claims.evaluate.is_hit`); "of
those in statements" leaves out the pairs that no two statements hit, which no ranking can find.
"""

from __future__ import annotations

import sys
from pathlib import Path

from claims import Tagger, extract_statements, split_sentences
from claims.evaluate import is_hit, read_articles, read_rows
from claims.pairs import PAIRS_PER_STATEMENT, candidate_pairs
from models.articles import authored_articles


def main(path: Path) -> None:
    tagger = Tagger.from_pretrained()
    ranks: list[float] = []  # of the first hit, in pairs a statement
    n_labelled = 0
    articles = authored_articles(path, held_out=True) if path.is_dir() else read_articles(read_rows(path))
    for article in articles:
        document = article.document
        statements = extract_statements(document, split_sentences(document.text, document.language), tagger)
        spans = [(statement.start, statement.end) for statement in statements]
        pairs = candidate_pairs(statements, len(statements) ** 2).pairs
        for labelled in article.contradictions:
            n_labelled += 1
            hits = (rank for rank, (i, j) in enumerate(pairs) if is_hit((spans[i], spans[j]), labelled.spans))
            rank = next(hits, None)
            if rank is not None:
                ranks.append(rank / len(statements))
    print(f"{n_labelled} labelled pairs, {len(ranks)} in statements; default budget: {PAIRS_PER_STATEMENT} a statement")
    print("pairs a statement   kept   of those in statements")
    for budget in (1, 2, 4, 6, 8, 12, 16, 24):
        kept = sum(rank < budget for rank in ranks)
        print(f"{budget:17}   {kept / n_labelled:.3f}   {kept / len(ranks):.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
