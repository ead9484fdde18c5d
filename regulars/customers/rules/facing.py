"""Two records side by side: which of their facts agree, and which differ."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from regulars.customers.rules.profiles import FACTS

AGREE, DIFFER, ALONE = "agree", "differ", "alone"
_ORDER = {fact: place for place, fact in enumerate(FACTS)}


class Faced(NamedTuple):
    """One fact of two records; `verdict` is `agree`, `differ`, or `alone` where one is silent."""

    fact: str
    left: Any
    right: Any
    verdict: str


def facing(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Faced]:
    """The facts of two records, ours first, then others by name; spelling alone is no difference.

    >>> [one.verdict for one in facing({"name": "Ann Lee", "phone": "1"}, {"name": "ann  lee"})]
    ['agree', 'alone']
    >>> facing({"gender": "f"}, {"gender": "m"})
    [Faced(fact='gender', left='f', right='m', verdict='differ')]
    """
    facts = sorted(left.keys() | right.keys(), key=lambda fact: (_ORDER.get(fact, 99), fact))
    return [Faced(one, left.get(one), right.get(one), _verdict(left, right, one)) for one in facts]


def _verdict(left: Mapping[str, Any], right: Mapping[str, Any], fact: str) -> str:
    if fact not in left or fact not in right:
        return ALONE
    return AGREE if _plain(left[fact]) == _plain(right[fact]) else DIFFER


def _plain(value: Any) -> str:
    return re.sub(r"\s+", " ", str(value)).strip().casefold().replace("ё", "е")
