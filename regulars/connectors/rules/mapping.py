"""Guessing which column of a file is which field, and recognising a header that came before."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

_NOT_A_LETTER = re.compile(r"[^\w]+|_")


def normal_name(header: str) -> str:
    """A header without case, spaces and marks, so that spellings meet.

    >>> normal_name("Receipt No."), normal_name("Сумма_чека")
    ('receiptno', 'суммачека')
    """
    return _NOT_A_LETTER.sub("", header.lower().replace("ё", "е"))


def distinct_headers(cells: Sequence[str]) -> list[str]:
    """A name for each column: empty ones are numbered, repeated ones are told apart.

    >>> distinct_headers(["sku", "", "sku"])
    ['sku', 'column 2', 'sku (2)']
    """
    names: list[str] = []
    for position, cell in enumerate(cells, 1):
        name = " ".join(cell.split())[:100] or f"column {position}"
        known, number = name, 2
        while known in names:
            known = f"{name} ({number})"
            number += 1
        names.append(known)
    return names


def header_fingerprint(headers: Sequence[str]) -> str:
    """Names a header, whatever its case and spacing: SHA-256 of the normal names in order."""
    text = "\x1f".join(normal_name(header) for header in headers)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def guess_mapping(headers: Sequence[str], synonyms: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The header that is most likely meant by each field; fields without one are left out.

    The field's own name counts before its synonyms, an equal name before one that merely begins
    or ends so; no column serves two fields.

    >>> guess_mapping(["Чек", "Сумма", "Цвет"], {"receipt": ["чек"], "total": ["сумма"]})
    {'receipt': 'Чек', 'total': 'Сумма'}
    """
    normal = {header: normal_name(header) for header in headers}
    mapping: dict[str, str] = {}
    for fits in (_is_same, _begins_or_ends):
        for field, others in synonyms.items():
            if field in mapping:
                continue
            names = [name for one in (field, *others) if (name := normal_name(one))]
            taken = set(mapping.values())
            free = [header for header in headers if header not in taken]
            found = next((h for name in names for h in free if fits(normal[h], name)), None)
            if found is not None:
                mapping[field] = found
    return {field: mapping[field] for field in synonyms if field in mapping}


def _is_same(header: str, name: str) -> bool:
    return header == name


def _begins_or_ends(header: str, name: str) -> bool:
    return len(name) >= 4 and (header.startswith(name) or header.endswith(name))
