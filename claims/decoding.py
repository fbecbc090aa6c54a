"""Bytes to text: byte order marks, UTF-8, UTF-16, older encodings; says no to files that are not text.

Knows nothing of files and formats, except that HTML may name its own encoding. An older encoding is the one
whose text stands out most clearly as a language that is written in it (`language_evidence`). On 20 news texts
each, cut to 150 characters, that is right for all but 7 of 1,275 in 66 combinations of language and encoding
(Western and Central European, Turkish, Baltic, Cyrillic, Greek, Hebrew, Arabic, Thai, Chinese, Japanese,
Korean); charset-normalizer 3.5 took 9 of 20 Portuguese whole articles in cp1252 for cp1250, 8 of 20 Swedish.
Not told apart: ISO 8859-15 and Mac Roman from cp1252, UTF-7, EBCDIC.
"""

from __future__ import annotations

import codecs
import re

from claims.errors import DocumentError
from claims.language import language_code, language_evidence

# The languages an older encoding is used for; the first encoding wins a tie. "*" is every other language.
_WEST, _CENTRAL, _CYRILLIC = "*", "pl cs sk hu sl hr bs ro sq", "ru uk be bg sr mk kk ky tt ba tg mn uz"
_LEGACY = {
    "cp1252": _WEST, "cp1250": _CENTRAL, "iso8859_2": _CENTRAL, "cp1254": "tr az", "cp1257": "lt lv et",
    "iso8859_13": "lt lv et", "cp1251": _CYRILLIC, "koi8_r": "ru bg", "koi8_u": "uk", "cp866": "ru be",
    "iso8859_5": "ru bg sr mk", "mac_cyrillic": "ru uk", "kz1048": "kk", "ptcp154": "kk", "cp1253": "el",
    "iso8859_7": "el", "cp1255": "he", "cp1256": "ar fa ur", "iso8859_6": "ar", "tis_620": "th",
    "gb18030": "zh", "big5hkscs": "zh", "cp949": "ko", "cp932": "ja", "euc_jp": "ja",
}  # fmt: skip
_LATIN = frozenset({"cp1252", "cp1250", "iso8859_2", "cp1254", "cp1257", "iso8859_13"})
_NOT_WESTERN = frozenset(" ".join(v for v in _LEGACY.values() if v != _WEST).split())

_SAMPLE_BYTES = 6_000  # enough to tell encodings apart in every text tried; all candidates take 10 ms
_LATIN_MAX_HIGH = 0.3  # of letters outside ASCII: Czech 0.15, Lithuanian 0.1; Shift-JIS 0.6, Cyrillic 0.95
_MAX_CONTROLS = 0.01  # of bytes: text has none or a few stray ones; compressed data about 0.1
_MAX_DAMAGE = 0.01  # of bytes: a mostly UTF-8 file with a few broken places stays UTF-8

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it starts with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONVERT, _UNPACK = "convert it to text first", "unpack it first"
_MAGIC = (
    (b"%PDF-", "a PDF", _CONVERT),
    (b"PK\x03\x04", "a ZIP archive or an office document (docx, odt, epub)", _CONVERT),
    (b"\xd0\xcf\x11\xe0", "an old office document (doc, xls)", _CONVERT),
    (b"{\\rtf", "an RTF document", _CONVERT),
    (b"\x89PNG", "an image", _CONVERT),
    (b"\xff\xd8\xff", "an image", _CONVERT),
    (b"GIF8", "an image", _CONVERT),
    (b"RIFF", "an image or a recording", _CONVERT),
    (b"SQLite format 3\0", "an SQLite database", _CONVERT),
    (b"\x7fELF", "a program", "give an article"),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", _UNPACK),
    (b"7z\xbc\xaf", "a 7z archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
)
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\v\f\r\x1b") + b"\x7f"
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)\b[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{3,20})", re.IGNORECASE
)
# What browsers read these names as: the larger encoding that pages of that name are really in.
_BROWSER_NAMES = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252",
    "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "gb2312": "gb18030", "gbk": "gb18030",
    "big5": "big5hkscs", "shift_jis": "cp932", "x-sjis": "cp932", "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949", "x-mac-cyrillic": "mac_cyrillic",
}  # fmt: skip


def decode(data: bytes, source: str, *, complete: bool = True, language: str | None = None) -> str:
    """Return `data` as text; bytes that mean nothing become U+FFFD.

    `complete` is false when more bytes would follow: half a character at the end is then left out.
    `language` narrows the choice of an older encoding.
    Raises: DocumentError if `data` is not text or its encoding cannot be told; `source` names it there.
    """
    for magic, kind, way_out in _MAGIC:
        if data.startswith(magic):
            raise DocumentError(f"{source}: {kind}, not text; {way_out}")
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _checked(_convert(data[len(bom) :], name, complete, "replace"), source)
    if b"\0" in data[:_SAMPLE_BYTES] and (utf16 := _utf16_without_bom(data[:_SAMPLE_BYTES])):
        return _checked(_convert(data, utf16, complete, "replace"), source)
    n_controls = len(data) - len(data.translate(None, _CONTROLS))
    if n_controls > max(3, _MAX_CONTROLS * len(data)):
        raise DocumentError(f"{source}: binary data, not text; {_CONVERT}")
    if b"\x1b$" in data[:_SAMPLE_BYTES] and (japanese := _try(data, "iso2022_jp", complete)):
        return japanese
    if (text := _try(data, "utf-8", complete)) is not None:
        return text
    if (declared := _DECLARED.search(data[:4096])) and (text := _try_declared(data, declared[1], complete)):
        return text
    text = _convert(data, "utf-8", complete, "replace")
    n_broken, n_whole = text.count("\ufffd"), len(text) - len(text.encode("ascii", "ignore"))
    if n_broken <= _MAX_DAMAGE * len(data) and n_broken < n_whole - n_broken:
        return text
    encoding = _legacy_encoding(data[:_SAMPLE_BYTES], language)
    if encoding is None:
        raise DocumentError(f"{source}: in an encoding that cannot be told, or not text; save it as UTF-8")
    return _checked(_convert(data, encoding, complete, "replace"), source)


def encoding_of(sample: bytes) -> str | None:
    """The name of the encoding of a text that begins with `sample`; None when it cannot be told.

    >>> encoding_of("título,texto".encode()), encoding_of(b"plain")
    ('utf-8', 'utf-8')
    """
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return "utf-8-sig" if name == "utf-8" else name[:6]  # utf-16 and utf-32 look at the mark themselves
    if _try(sample, "utf-8", complete=False) is not None:
        return "utf-8"
    first = next(place for place, byte in enumerate(sample) if byte > 127)
    begin = max(0, first - _SAMPLE_BYTES // 2)
    return _legacy_encoding(sample[begin : begin + _SAMPLE_BYTES], None)


def _convert(data: bytes, encoding: str, complete: bool, errors: str) -> str:
    return codecs.getincrementaldecoder(encoding)(errors).decode(data, complete)


def _try(data: bytes, encoding: str, complete: bool) -> str | None:
    try:
        return _convert(data, encoding, complete, "strict")
    except UnicodeError:
        return None


def _try_declared(data: bytes, name: bytes, complete: bool) -> str | None:
    label = name.decode("ascii", "ignore").lower()
    try:
        codec = codecs.lookup(_BROWSER_NAMES.get(label, label))
        # A page whose ASCII was readable is not in UTF-16, and codecs such as "zip" give no text.
        return None if codec.name.startswith("utf-16") else _try(data, codec.name, complete)
    except Exception:
        return None


def _utf16_without_bom(sample: bytes) -> str | None:
    """Return the byte order in which `sample` is text with ordinary spaces, line ends and commas, if any."""
    sample = sample[: len(sample) // 2 * 2]
    best, n_best = None, 0.02 * len(sample) / 2
    for name in ("utf-16-le", "utf-16-be"):
        text = sample.decode(name, "replace")
        n_odd = sum(c == "\ufffd" or not (c.isprintable() or c in "\t\n\r\f\ufeff") for c in text)
        n_spaces = sum(c in " \n,.，。、" for c in text)
        if n_odd <= 1 + 0.01 * len(text) and n_spaces >= n_best:
            best, n_best = name, n_spaces
    return best


def _legacy_encoding(sample: bytes, language: str | None) -> str | None:
    """Return the encoding in which `sample` stands out most as a language written in it."""
    n_high = len(sample) - len(sample.decode("ascii", "ignore"))
    n_ascii_letters = len(re.findall(rb"[A-Za-z]", sample))
    latin = n_high < _LATIN_MAX_HIGH * (n_high + n_ascii_letters)
    wanted = language_code(language) if language else None
    best, most = ("cp1252" if latin else None), float("-inf")
    for name, languages in _LEGACY.items():
        text = _try(sample, name, False) if latin <= (name in _LATIN) else None
        if text is None or re.search("[\x80-\x9f]", text):
            continue
        found, evidence = language_evidence(text)
        found = wanted or found
        used = found not in _NOT_WESTERN if languages == _WEST else found in languages.split()
        if used and evidence > most:
            best, most = name, evidence
    return best


def _checked(text: str, source: str) -> str:
    if text.count("\ufffd") > 3 + 0.05 * len(text):
        raise DocumentError(f"{source}: damaged, or not text; save it as UTF-8")
    return text
