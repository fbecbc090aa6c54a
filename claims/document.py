"""One article: its text, read once, and where it came from.

`text` is what every offset counts code points of and what every renderer shows: decoded, line ends as "\\n",
hard-wrapped lines joined (unwrap.py), for Markdown and HTML the plain text (formats.py), at most `MAX_CHARS`.
Knows nothing of sentences, and never fetches anything.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from claims.decoding import decode
from claims.errors import DocumentError
from claims.formats import Content, looks_like_html, read_html, read_markdown
from claims.language import detect_language, language_code
from claims.unwrap import unwrap

MAX_CHARS = 200_000  # about 35,000 words, ten times a long read; pairs grow with the square of it
MAX_BYTES = 4_000_000  # MAX_CHARS take 800,000 in any encoding; the rest is for the markup of a web page
_MAX_DRAINED = 256_000_000  # a pipe is read on this far, only to count what was left out
_CUT_WINDOW = 5_000  # how far before the limit a paragraph or sentence end is looked for

_LONGEST_HEADLINE = 200  # characters

_HTML = frozenset({".html", ".htm", ".xhtml"})
_MARKDOWN = frozenset({".md", ".markdown"})
_TEXT = frozenset({".txt", ".text"})
ENDINGS = _TEXT | _MARKDOWN | _HTML
"""Of files that are an article."""

_LINE_ENDS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_SENTENCE_END = re.compile(r"[.!?…؟۔।][\"'”’»)\]]*(?=\s)|[。！？｡][」』”’）]*")
# Control characters mean nothing in a text, except that 80-9F are cp1252 quotes and dashes taken for Latin-1.
_CONTROLS = {c: "" for c in range(32) if chr(c) not in "\t\n"} | {127: ""}
_CONTROLS |= {c: bytes([c]).decode("cp1252", "ignore") for c in range(128, 160)}


@dataclass(frozen=True)
class Document:
    """One article. The constructor takes `text` as it is; `read`, `from_bytes` and `from_text` clean it.

    `source`: the file's name as given, "-" for standard input.
    `language`: ISO 639-1, "und" if it cannot be told.
    `date`: ISO, when the HTML or the front matter states one.
    `skipped_chars`: code points beyond `MAX_CHARS` that were left out. Bytes beyond `MAX_BYTES` are not
    decoded and count as many code points as the same number of bytes before them gave; of a file or pipe of
    more than 256 MB only so much is counted.
    """

    text: str = field(repr=False)
    source: str = "text"
    language: str = "und"
    title: str | None = None
    date: str | None = None
    skipped_chars: int = 0

    @cached_property
    def id(self) -> str:
        """The SHA-256 of the text in UTF-8, in hexadecimal."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    @cached_property
    def headline_end(self) -> int:
        """Where the headline with which the text begins ends; 0 without one.

        A headline is a first line of its own that is the title or does not end as a sentence does, with text behind it.

        >>> Document("Bridge opens in May\\n\\nThe bridge will open in June.").headline_end
        19
        """
        start = len(self.text) - len(self.text.lstrip())
        first, _, rest = self.text[start:].partition("\n")
        is_title = " ".join(first.split()) == self.title
        is_sentence = _SENTENCE_END.search(first + " ", max(0, len(first) - 3)) or len(first) > _LONGEST_HEADLINE
        if not rest.strip() or not (is_title or (rest.startswith("\n") and not is_sentence)):
            return 0
        return start + len(first)

    @classmethod
    def read(cls, path: str | Path, *, language: str | None = None) -> Document:
        """Return the article in a text, Markdown or HTML file; "-" reads standard input.

        Raises: DocumentError if there is no file, no text in it, or no way to read it as text.
        """
        source = source_name(path)
        try:
            if source == "-":
                data, n_bytes = _read(sys.stdin.buffer)
            else:
                with Path(path).open("rb") as file:
                    data, n_bytes = _read(file)
        except FileNotFoundError:
            if re.match(r"https?://", source):
                raise DocumentError(f"{source}: a web address, not a file; save the page first") from None
            raise DocumentError(f"{source}: no such file; check the path") from None
        except IsADirectoryError:
            raise DocumentError(f"{source}: a folder, not an article; name the files in it") from None
        except PermissionError:
            raise DocumentError(f"{source}: no permission to read it; change that or copy the file") from None
        except (OSError, ValueError, AttributeError) as error:  # broken disk, NUL in the name, closed stdin
            reason = getattr(error, "strerror", None) or str(error)
            raise DocumentError(f"{source}: cannot be read ({reason}); check the path") from None
        return _document(data, n_bytes, source, language)

    @classmethod
    def from_bytes(cls, data: bytes, *, source: str, language: str | None = None) -> Document:
        """Return the article in the contents of a file called `source`, whose ending tells its format.

        Raises: DocumentError, as `read` does.
        """
        return _document(data[:MAX_BYTES], len(data), source, language)

    @classmethod
    def from_text(
        cls, text: str, *, source: str = "text", language: str | None = None, title: str | None = None
    ) -> Document:
        """Return `text` as a document; an empty one is allowed here.

        Doing it again with its own text gives the same text.

        >>> Document.from_text("One line.\\r\\nAnother.").text
        'One line.\\nAnother.'
        """
        kept, n_skipped = _cut(_clean(text))
        return _with_language(Content(unwrap(kept), title), source, language, n_skipped)


def source_name(path: str | Path) -> str:
    """A path as text; bytes of its name that are no UTF-8, which would break JSON, as `\\xff`.

    >>> source_name(b"caf\\xe9.txt".decode("utf-8", "surrogateescape"))
    'caf\\\\xe9.txt'
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _document(data: bytes, n_bytes: int, source: str, language: str | None) -> Document:
    """Return the document in `data`, the first part of a file of `n_bytes`."""
    if not data:
        raise DocumentError(f"{source}: empty; give a file with an article in it")
    text = _clean(decode(data, source, complete=len(data) == n_bytes, language=language))
    ending = Path(source).suffix.lower()
    if ending in _HTML or (ending not in _MARKDOWN | _TEXT and looks_like_html(text)):
        page = read_html(text, source)
        whole = _clean(page.text)
        kept, n_skipped = _cut(whole)
        content = Content(kept, page.title, page.date, page.language)
    else:
        whole = text
        kept, n_skipped = _cut(whole)
        content = read_markdown(kept) if ending in _MARKDOWN else Content(unwrap(kept))
    if not content.text.strip():
        raise DocumentError(f"{source}: no text in it; give a file with an article in it")
    n_skipped += round((n_bytes - len(data)) * len(whole) / len(data))
    return _with_language(content, source, language, n_skipped)


def _with_language(content: Content, source: str, language: str | None, n_skipped: int) -> Document:
    stated = language or content.language
    return Document(
        text=content.text,
        source=source,
        language=language_code(stated) if stated else detect_language(content.text),
        title=" ".join(_clean(content.title or "").split()) or None,
        date=content.date,
        skipped_chars=n_skipped,
    )


def _read(file: BinaryIO) -> tuple[bytes, int]:
    """Return the first `MAX_BYTES` of a file and how many bytes it has."""
    data = file.read(MAX_BYTES)
    n_bytes = len(data)
    while n_bytes < _MAX_DRAINED and (more := len(file.read(1_000_000))):
        n_bytes += more
    return data, n_bytes


def _clean(text: str) -> str:
    """Return `text` with "\\n" for every line end, and without control characters and lone surrogates."""
    text = _LINE_ENDS.sub("\n", text).translate(_CONTROLS).lstrip("\ufeff")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # pairs of surrogates, as JavaScript writes them, become one character
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _cut(text: str) -> tuple[str, int]:
    """Return `text` up to a good place to stop within `MAX_CHARS`, and how much that leaves out."""
    if len(text) <= MAX_CHARS:
        return text, 0
    start = MAX_CHARS - _CUT_WINDOW
    window = text[start:MAX_CHARS]
    sentence_ends = [match.end() for match in _SENTENCE_END.finditer(window)]
    places = (window.rfind("\n\n"), *sentence_ends[-1:], window.rfind("\n"), window.rfind(" "), _CUT_WINDOW)
    end = start + next(place for place in places if place > 0)
    return text[:end], len(text) - end
