"""How many of a segment may be contacted for its purpose, by channel, and why the others may not.

Counted are reasons that last: no address, a no, and where the purpose needs a yes, none. The
contact budget, quiet hours and a restriction on a person's data are asked at the door when a
message is to leave.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regulars.core.conditions.reading import parse
from regulars.core.conditions.tree import Condition
from regulars.customers.knowledge import CUSTOMER
from regulars.customers.models import Segment, SegmentMember
from regulars.customers.queries.consents import purposes
from regulars.customers.queries.persons import leaders_of
from regulars.customers.queries.segments import in_company_zone, people_among, standings_of
from regulars.customers.rules.consents import ADDRESS_KINDS, CHANNELS
from regulars.insight.segments.sizes import counts_of

AT_ONCE = 5_000
"""Persons of a fixed list that are asked of the database at a time."""


@dataclass(frozen=True)
class Reach:
    """One channel: how many people there are, may be contacted, and may not, by reason."""

    channel: str
    everybody: int
    no_address: int
    said_no: int
    not_agreed: int

    @property
    def may(self) -> int:
        """How many may be contacted."""
        return self.everybody - self.no_address - self.said_no - self.not_agreed


def reach_of_segment(segment: Segment, purpose: str, *, now: datetime) -> list[Reach]:
    """The reach of a segment: of a live one by its condition, of a fixed list by its people."""
    if segment.kind == "live":
        return reach_of(parse(segment.condition, CUSTOMER), purpose, now=now)
    held = SegmentMember.objects.filter(segment=segment, left_at=None)
    return reach_among(held.values_list("customer_id", flat=True), purpose, now=now)


def reach_of(condition: Condition, purpose: str, *, now: datetime) -> list[Reach]:
    """The reach of everybody a condition holds for, exact as sizes are; empty for no such purpose."""
    reasons = reasons_of(purpose)
    if not reasons:
        return []
    counts = counts_of(condition, list(reasons.values()), now=now)
    return _channels(dict(zip(reasons, counts[1:], strict=True)), counts[0])


def reach_among(customer_ids: Iterable[int], purpose: str, *, now: datetime) -> list[Reach]:
    """The reach of the persons these records belong to, from the database."""
    reasons = reasons_of(purpose)
    if not reasons:
        return []
    names = dict(enumerate(reasons))
    asked = {at: reasons[name] for at, name in names.items()}
    counts, everybody = dict.fromkeys(reasons, 0), 0
    leads = set(leaders_of(list(customer_ids)).values())
    for some in _parts(sorted(leads)):
        held = standings_of(people_among(some), asked, now=in_company_zone(now))
        everybody += len(held)
        for at, name in names.items():
            counts[name] += sum(at in one.segment_ids for one in held.values())
    return _channels(counts, everybody)


def reasons_of(purpose: str) -> dict[tuple[str, str], Condition]:
    """By channel and reason the condition of those whom it keeps from being contacted."""
    known = purposes().get(purpose)
    if known is None:
        return {}
    return {
        (channel, reason): parse(raw, CUSTOMER)
        for channel in CHANNELS
        for reason, raw in _raw(f"{purpose}:{channel}", channel, known.basis).items()
    }


def _raw(pair: str, channel: str, basis: str) -> dict[str, dict[str, Any]]:
    """The reasons of a channel as conditions; each person has the first that fits, or none."""
    address = f"{ADDRESS_KINDS[channel]}_known" if channel in ADDRESS_KINDS else ""
    has_none = {"field": address, "is": "equals", "value": False}
    has_one = [{"not": has_none}] if address else []
    no = {"field": "refused", "is": "has_any", "value": [pair]}
    yes = {"field": "agreed", "is": "has_any", "value": [pair]}
    found = {"no_address": has_none} if address else {}
    if basis != "legal_duty":
        found["said_no"] = {"all": [*has_one, no]}
    if basis == "consent":
        found["not_agreed"] = {"all": [*has_one, {"not": no}, {"not": yes}]}
    return found


def _channels(counts: Mapping[tuple[str, str], int], everybody: int) -> list[Reach]:
    reasons = ("no_address", "said_no", "not_agreed")
    return [
        Reach(channel, everybody, *(counts.get((channel, reason), 0) for reason in reasons))
        for channel in CHANNELS
    ]


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE))
