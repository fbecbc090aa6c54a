"""Join the lines of plain text that was wrapped at a fixed column, and leave every other text alone.

A line break is a wrap when the first word of the next line would not have fitted into the line before. A text
counts as wrapped when that holds for most of its breaks in mid-sentence, so headings, lists, verse, dialogue
and one paragraph a line stay as they are. A wrap becomes one space (offsets stay true) or, between Chinese or
Japanese characters, nothing; a hyphen at a line end goes when the rest of the text shows the word without it.
`unwrap(unwrap(text)) == unwrap(text)`.

Knows no language's words, and takes Thai, Lao and Khmer for written with spaces. Where paragraphs are not
separated by blank lines, one whose last line happens to be full runs on into the next. A text of two or three
lines in a script without capitals shows too little and stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise

MIN_WIDTH, MAX_WIDTH = 40, 120  # columns; editors, mail and typewriters wrap at 60 to 100
_NEAR = 0.85  # a line with its next word this full is a wrap in a text where nearly all lines are (GNU fmt)
_MAX_PASSES = 5  # a second pass changes hardly any text; one that never settles is not a wrapped text

_CLOSERS = r"[\"'”’»›」』】》）)\]*_]*"
_SENTENCE_END = re.compile(rf"[.!?…‥。．！？｡؟۔।॥։።:：]{_CLOSERS}\s*$")
_SENTENCE_END_INSIDE = re.compile(rf"\w[.!?…۔।॥։]{_CLOSERS}(?:\s|$)")
_BLOCK_START = re.compile(r"\s*(?:[*•·‣▪●◦○■>#|]\s|[-=_*]{3,}\s*$)")
# These may also stand inside a sentence ("on the\n12. May", "the league\n(KHL)", "he - the\n- mayor").
_MAYBE_BLOCK_START = re.compile(r"\s*(?:[-–—―]|\(?(?:\d{1,3}|[a-zA-Z])[.)]|\(\w{1,4}\))")
_CJK = "\u2e80-\u2fdf\u3000-\u30ff\u31f0-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff"
_UNIT = re.compile(rf"\s*([{_CJK}][、。，．！？」』）〉》】，；：]*|[^\s{_CJK}]+)")
_CJK_BREAK = re.compile(rf"[{_CJK}]\n|\n[{_CJK}]")
_URL = re.compile(r"https?://\S+")
_WORD = re.compile(r"\w+(?:-\w+)*")
_HYPHENATED = re.compile(r"(?<![-\d])\b([^\W\d_]+)[-‐]$")
_DASHED = re.compile(r"(?:\w[-‐]|\w--|\w—|\d–)$")
_SPLIT_WORD = re.compile(r"\b\w+[-‐]\s*\n\s*\w+")
# "Vor- und Nachteile": the hyphen stands for the rest of a word, the space after it is real
_AND_OR = frozenset(
    ("und", "oder", "bzw", "and", "or", "to", "y", "e", "o", "u", "i", "et", "ou", "en", "of", "och", "og")
)


def unwrap(text: str) -> str:
    """Return `text` with hard-wrapped lines joined; a text that is not hard-wrapped comes back as it is.

    >>> unwrap("The minister said on Monday that taxes would not\\nrise. He was wrong.\\n\\nThey did.")
    'The minister said on Monday that taxes would not rise. He was wrong.\\n\\nThey did.'
    """
    settled = text
    for _ in range(_MAX_PASSES):
        joined = _unwrap_once(settled)
        if joined == settled:
            return settled
        settled = joined
    return text


def _unwrap_once(text: str) -> str:
    lines = text.split("\n")
    for measure in (len, _columns):  # Chinese is wrapped by characters or by columns, two a character
        width = max((measure(a.rstrip()) for a, b in _breaks(lines) if not _URL.search(a)), default=0)
        if MIN_WIDTH <= width <= MAX_WIDTH and not _has_long_line(lines, measure):
            wraps = _wraps(lines, width, measure)
            if wraps:
                return _join(lines, wraps)
    return text


def _breaks(lines: list[str]) -> list[tuple[str, str]]:
    return [(a, b) for a, b in pairwise(lines) if a.strip() and b.strip()]


def _has_long_line(lines: list[str], measure: Callable[[str], int]) -> bool:
    return any(len(line) > MAX_WIDTH // 2 and measure(_URL.sub("", line)) > MAX_WIDTH for line in lines)


def _wraps(lines: list[str], width: int, measure: Callable[[str], int]) -> set[int]:
    """Return the indices of the lines whose line break is a wrap; none if the text is not wrapped."""
    wraps, n_inside, n_full, n_near, continued = set(), 0, 0, 0, 0.0
    for i, (line, following) in enumerate(pairwise(lines)):
        unit = _UNIT.match(following)
        if unit is None or not line.strip():
            continue
        bare, word = line.rstrip(), unit[1]
        needed = measure(bare) + (not _CJK_BREAK.search(f"{bare[-1]}\n{word[0]}")) + measure(word)
        full, near = needed > width, needed > _NEAR * width
        inside = not _SENTENCE_END.search(bare)
        if _starts_block(line, following, maybe=not (full and inside)):
            continue
        if full or (near and inside):
            wraps.add(i)
        n_inside += inside
        n_full += inside and full
        n_near += inside and near
        continued += _continues(word, following, full) if inside and near else 0.0
    mostly_full = n_full >= 2 * (n_inside - n_full) or (n_inside >= 4 and n_near >= 0.95 * n_inside)
    # The longest line is always full, so one wrap alone says little; a list of headlines has some by chance.
    enough = continued >= max(1.2, n_near / 6) or (continued >= 1 and n_inside == 1)
    return wraps if mostly_full and enough else set()


def _starts_block(line: str, following: str, *, maybe: bool) -> bool:
    """Tell whether `following` is a list item, a line of dialogue or an indented first line."""
    in_list = _BLOCK_START.match(line) or _MAYBE_BLOCK_START.match(line)
    if following[0].isspace() and not line[0].isspace() and not in_list:
        return True
    return bool(_BLOCK_START.match(following) or (maybe and _MAYBE_BLOCK_START.match(following)))


def _continues(word: str, line: str, full: bool) -> float:
    """Return from 0 to 1 how clearly `line`, which begins with `word`, goes on with a sentence."""
    first = next((c for c in word if c.isalnum()), "0")
    if first.islower():
        return 1.0
    if full and re.match(f"[{_CJK}]", first):  # a full line of Chinese is full to the character
        return 0.9
    ends = 0.6 if _SENTENCE_END_INSIDE.search(line) else 0.0  # as no headline does
    has_case = first.isupper() or not first.isalpha()
    return ends if has_case else max(0.4, ends + 0.2)


def _join(lines: list[str], wraps: set[int]) -> str:
    hyphens = [i for i in wraps if _HYPHENATED.search(lines[i].rstrip())]
    whole_lines = _SPLIT_WORD.sub(" ", "\n".join(lines)) if hyphens else ""
    words = {word.casefold() for word in _WORD.findall(whole_lines)}
    # Compounds such as "well-known" end about one line in forty; a text that hyphenates, one in seven.
    hyphenates = len(hyphens) >= 3 and len(hyphens) >= 0.1 * len(wraps)
    parts = []
    for i, line in enumerate(lines):
        if i in wraps:
            parts.append(_with_joint(line, lines[i + 1], words, hyphenates))
        else:
            parts.append(line + "\n" if i < len(lines) - 1 else line)
    return "".join(parts)


def _with_joint(line: str, following: str, words: set[str], hyphenates: bool) -> str:
    """Return `line` with what goes between it and `following` in place of the line break."""
    bare, word = line.rstrip(), _WORD.match(following)
    if bare.endswith("\u00ad"):
        return bare[:-1]
    if _CJK_BREAK.search(f"{bare[-1]}\n{following[0]}") or (
        bare[-1].isdigit() and following[0].isdigit() and re.search(f"[{_CJK}]", bare)
    ):
        return bare
    if (hyphen := _HYPHENATED.search(bare)) and word and word[0] not in _AND_OR:
        whole, compound = f"{hyphen[1]}{word[0]}".casefold(), f"{hyphen[1]}-{word[0]}".casefold()
        torn = whole in words or (hyphenates and hyphen[1].casefold() not in words)
        return bare[:-1] if torn and word[0][0].islower() and compound not in words else bare
    glued = _DASHED.search(bare) and word and word[0] not in _AND_OR
    return bare if glued else line + " "


def _columns(text: str) -> int:
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
