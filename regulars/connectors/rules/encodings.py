"""Guessing the encoding and the delimiter of a text file from its beginning."""

import codecs
import re
from collections import Counter
from itertools import pairwise

from charset_normalizer import from_bytes

from regulars.core.errors import Refused

DELIMITERS = (";", ",", "\t", "|")
CANDIDATES = ("cp1251", "koi8_r", "cp866", "cp1252", "mac_cyrillic")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", *CANDIDATES)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TEXT_CONTROLS = b"\t\n\r\x0b\x0c\x1a"


def encoding_of(beginning: bytes) -> str:
    """The encoding of a text that begins so; `Refused` where it is no text at all.

    >>> encoding_of("чек;сумма".encode())
    'utf-8'
    """
    for mark, name in _MARKS:
        if beginning.startswith(mark):
            return name
    if b"\0" in beginning and (wide := _wide_encoding(beginning)):
        return wide
    if _is_utf_8(beginning):
        if _control_share(beginning) > 0.05:
            raise _no_text()
        return "utf-8"
    if _control_share(beginning) > 0.01:
        raise _no_text()
    return _single_byte_encoding(beginning)


def _wide_encoding(beginning: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of plain text is nought."""
    even, odd = beginning[0::2].count(0), beginning[1::2].count(0)
    half = max(len(beginning) // 2, 1)
    if odd > half * 0.2 and even < half * 0.02:
        return "utf-16-le"
    if even > half * 0.2 and odd < half * 0.02:
        return "utf-16-be"
    return None


def _is_utf_8(beginning: bytes) -> bool:
    """Whether this is UTF-8; the last character may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return True


def _control_share(beginning: bytes) -> float:
    controls = sum(beginning.count(byte) for byte in range(32) if byte not in _TEXT_CONTROLS)
    return controls / max(len(beginning), 1)


def _single_byte_encoding(beginning: bytes) -> str:
    """One of the usual encodings of one byte; the one whose letters make words."""
    lines = beginning.splitlines()[:2000]
    foreign = b"\n".join(line for line in lines if not line.isascii())[:65_536]
    if _stands_among_latin(foreign):
        return "cp1252"
    scores = {name: _russian_score(foreign, name) for name in CANDIDATES}
    likely = max(CANDIDATES, key=lambda name: scores[name])
    if scores[likely] > 0.5:
        return likely
    best = from_bytes(foreign, cp_isolation=list(CANDIDATES)).best()
    return str(best.encoding) if best else "cp1252"


def _stands_among_latin(sample: bytes) -> bool:
    """Whether most bytes above 127 stand beside plain letters: accents, and no other script."""
    accents = len(re.findall(rb"(?<=[A-Za-z])[\x80-\xff]|[\x80-\xff](?=[A-Za-z])", sample))
    return accents > 0.6 * len(re.findall(rb"[\x80-\xff]", sample))


def _russian_score(sample: bytes, encoding: str) -> float:
    """The share of the bytes above 127 that are Russian letters, weighed by how usual each is."""
    text = sample.decode(encoding, errors="replace")
    foreign = [letter for letter in text if ord(letter) > 127]
    if not foreign:
        return 0.0
    usual = sum(letter in "оеаинтсрвлкмдпуяыгзбчОЕАИНТСРВЛКМДПУЯЫГЗБЧ" for letter in foreign)
    odd_case = sum(a.islower() and b.isupper() for a, b in pairwise(text))
    return (usual - odd_case) / len(foreign)


def _no_text() -> Refused:
    return Refused("unreadable_file", "this file is no text, no spreadsheet and no Parquet", "file")


def delimiter_of(beginning: str) -> str:
    r"""The mark between the cells of a text that begins so.

    The one that stands equally often in most lines wins; marks inside quotes do not count.

    >>> delimiter_of('a;b;"c,d"\n1;2;"3,3"\n')
    ';'
    """
    lines = [line for line in _unquoted(beginning).splitlines()[:50] if line.strip()]

    def fitness(mark: str) -> tuple[float, int]:
        counts = [line.count(mark) for line in lines]
        head = counts[0] if counts else 0
        if head == 0:
            return (0.0, 0)
        usual, times = Counter(counts).most_common(1)[0]
        return (times / len(counts) if usual else 0.0, head)

    best = max(DELIMITERS, key=fitness)
    return best if fitness(best)[1] else ","


def _unquoted(text: str) -> str:
    """The text with whatever stands in quotes taken out."""
    return "".join(part for index, part in enumerate(text.split('"')) if index % 2 == 0)
