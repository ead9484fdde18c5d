"""Reads of segments: which there are, who is in, and how conditions stand for some persons."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Q, QuerySet

from regulars.company.queries import get_brand
from regulars.core.conditions.clock import changes_at
from regulars.core.conditions.evaluation import holds
from regulars.core.conditions.explaining import Explained, explained
from regulars.core.conditions.reading import parse
from regulars.core.conditions.tree import Condition, fields_of, open_in_facts, performed_in
from regulars.core.conditions.words import ENGLISH, Words
from regulars.core.errors import NotFound, Refused
from regulars.core.sql import int_array
from regulars.customers.knowledge import CUSTOMER, FACT_SOURCES, Persons, sources_of
from regulars.customers.models import Segment, SegmentMember
from regulars.customers.queries.persons import leaders_of, persons_of
from regulars.customers.queries.saying import as_written


@dataclass(frozen=True)
class Standing:
    """In which segments a person is, and when time alone may change that."""

    segment_ids: frozenset[int]
    changes_at: datetime | None


def in_company_zone(now: datetime) -> datetime:
    """The moment in the zone of the company, in which its days begin."""
    return now.astimezone(ZoneInfo(get_brand().timezone))


def get_segment(code: str) -> Segment:
    """The segment of that code; `NotFound` when there is none."""
    found = Segment.objects.filter(code=code).first()
    if found is None:
        raise NotFound("not_found", f"there is no segment {code!r}", "code")
    return found


def choosable_segments(chosen: Segment | None = None) -> QuerySet[Segment]:
    """The segments that are on, by name; whichever was chosen before stays, or a form would drop it."""
    return Segment.objects.filter(Q(is_on=True) | Q(pk=chosen and chosen.pk)).order_by("name")


def conditions_of(segments: Collection[Segment]) -> dict[int, Condition]:
    """The checked conditions by segment; one that no longer fits the catalogue is left out."""
    found = {}
    for segment in segments:
        try:
            found[segment.pk] = parse(segment.condition, CUSTOMER)
        except Refused:
            continue
    return found


def live_conditions() -> dict[int, Condition]:
    """The conditions of the segments that are kept up to date."""
    return conditions_of(Segment.objects.filter(kind="live", is_on=True).order_by("pk"))


def people_among(customer_ids: Collection[int]) -> Persons:
    """The persons that these records belong to, as far as they are customers still."""
    persons = persons_of(customer_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM customers_customer WHERE id = ANY(%s::bigint[]) AND withdrawn_at IS NULL",
            [int_array(persons)],
        )
        here = {row[0] for row in cursor.fetchall()}
    return Persons({lead: records for lead, records in persons.items() if lead in here})


def records_of(
    persons: Persons, conditions: Collection[Condition], *, now: datetime
) -> dict[int, dict[str, Any]]:
    """What these conditions ask of each person, by leading record; a statement for each source."""
    records: dict[int, dict[str, Any]] = {lead: {} for lead in persons.records}
    names = frozenset[str]().union(*map(fields_of, conditions))
    for source in sources_of(names):
        values = source.load(persons, now)
        for lead, record in records.items():
            record.update(source.otherwise)
            record.update(values.get(lead, {}))
    opened = _facts_opened(conditions)
    for name, since in _facts_asked(conditions, now).items():
        facts = FACT_SOURCES[name]
        load = facts.load_open if name in opened and facts.load_open else facts.load
        rows = load(persons, since)
        for lead, record in records.items():
            record[name] = rows.get(lead, ())
    return records


def _facts_asked(conditions: Collection[Condition], now: datetime) -> dict[str, datetime | None]:
    """Each kind of facts that is read, with the moment from which on; None is from the beginning."""
    asked: dict[str, datetime | None] = {}
    for did in (did for one in conditions for did in performed_in(one)):
        low = did.window.bounds(now)[0] if did.window else None
        name = did.fact.name
        known = asked.get(name, low)
        asked[name] = None if low is None or known is None else min(known, low)
    return asked


def _facts_opened(conditions: Collection[Condition]) -> frozenset[str]:
    """The kinds of facts of which something is read that people name themselves."""
    dids = (did for one in conditions for did in performed_in(one))
    return frozenset(did.fact.name for did in dids if open_in_facts(did))


def standings_of(
    persons: Persons, conditions: Mapping[int, Condition], *, now: datetime
) -> dict[int, Standing]:
    """For each person the segments that hold them now, and the clock's next moment."""
    now = in_company_zone(now)
    records = records_of(persons, conditions.values(), now=now)
    return {lead: _standing(record, conditions, now) for lead, record in records.items()}


def _standing(
    record: Mapping[str, Any], conditions: Mapping[int, Condition], now: datetime
) -> Standing:
    held = frozenset(id_ for id_, one in conditions.items() if holds(one, record, now=now))
    turns = (changes_at(one, record, now=now) for one in conditions.values())
    return Standing(held, min((at for at in turns if at is not None), default=None))


def matching_persons(
    condition: Condition, customer_ids: Collection[int], *, now: datetime
) -> frozenset[int]:
    """The leading records, of the persons these records belong to, of whom a condition is true."""
    found = standings_of(people_among(customer_ids), {0: condition}, now=now)
    return frozenset(lead for lead, standing in found.items() if standing.segment_ids)


def why(
    condition: Condition, customer_id: int, *, now: datetime, words: Words = ENGLISH
) -> tuple[Explained, datetime | None]:
    """Why a person matches or not, part by part, and when time alone will change the answer."""
    now = in_company_zone(now)
    persons = people_among([customer_id])
    if not persons.records:
        raise NotFound("not_found", f"there is no customer {customer_id}", "customer_id")
    (record,) = records_of(persons, [condition], now=now).values()
    told = explained(condition, record, now=now, words=words, show_value=as_written)
    return told, changes_at(condition, record, now=now)


def sizes_of(segments: Sequence[Segment]) -> dict[int, int]:
    """How many people each segment has now; in static ones merged records count once. Two statements."""
    live = [one.pk for one in segments if one.kind == "live"]
    counted = (
        SegmentMember.objects.filter(segment_id__in=live, left_at=None)
        .values_list("segment_id")
        .annotate(size=Count("id"))
    )
    sizes = dict.fromkeys((one.pk for one in segments), 0) | dict(counted)
    static = [one.pk for one in segments if one.kind == "static"]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT member.segment_id, count(DISTINCT coalesce(record.merged_into_id, record.id))
            FROM customers_segmentmember member
            JOIN customers_customer record ON record.id = member.customer_id
            WHERE member.segment_id = ANY(%s::bigint[]) AND member.left_at IS NULL
            GROUP BY 1""",
            [int_array(static)],
        )
        return sizes | dict(cursor.fetchall())


def members_among(segment: Segment, customer_ids: Collection[int]) -> frozenset[int]:
    """Which of these records belong to people who are in the segment now."""
    leads = leaders_of(customer_ids)
    people = Q(customer_id__in=leads.values()) | Q(customer__merged_into_id__in=leads.values())
    held = SegmentMember.objects.filter(people, segment=segment, left_at=None)
    members = set(leaders_of(held.values_list("customer_id", flat=True)).values())
    return frozenset(record for record, lead in leads.items() if lead in members)


def members_of(segment: Segment) -> QuerySet[SegmentMember]:
    """The stays of those who are in a segment now, with their records, as rows to page through."""
    here = SegmentMember.objects.filter(segment=segment, left_at=None)
    return here.filter(customer__withdrawn_at=None).select_related("customer")
