"""What rules in force ask of members beside their balances; nothing else is read."""

import json
from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection

from regulars.core.sql import int_array, text_array
from regulars.loyalty.queries.books import Book
from regulars.loyalty.rules.memory import Memory
from regulars.loyalty.rules.sales import Sale, Standing


@dataclass(slots=True)
class Facts:
    """What was read for a batch: by customer what profiles say, by member what is remembered."""

    book: Book
    segments: Mapping[int, frozenset[str]] = field(default_factory=dict)
    birthdays: Mapping[int, date] = field(default_factory=dict)
    memories: Mapping[int, Memory] = field(default_factory=dict)
    referrers: Mapping[int, int] = field(default_factory=dict)
    """The customer of who brought a customer."""
    budgets: MutableMapping[str, int] = field(default_factory=dict)
    budgets_before: Mapping[str, int] = field(default_factory=dict)

    def added_to(self, standing: Standing, *, customer_id: int, member_id: int) -> Standing:
        """The standing with what was read for this customer and member."""
        return standing._replace(
            segments=self.segments.get(customer_id, frozenset()),
            birthday=self.birthdays.get(customer_id),
            zone=self.book.zone,
            memory=self.memories.get(member_id),
            budgets=self.budgets,
        )


SEGMENTS = """
    WITH asked AS (
        SELECT id, coalesce(merged_into_id, id) AS lead_id FROM customers_customer
        WHERE id = ANY(%s::bigint[])
    ), records AS (
        SELECT id, lead_id AS record_id FROM asked
        UNION ALL
        SELECT asked.id, mate.id FROM asked JOIN customers_customer mate
            ON mate.merged_into_id = asked.lead_id AND mate.merged_into_id IS NOT NULL
    )
    SELECT records.id, array_agg(segment.code) FROM records
    JOIN customers_segmentmember stay
        ON stay.customer_id = records.record_id AND stay.left_at IS NULL
    JOIN customers_segment segment ON segment.id = stay.segment_id AND segment.is_on
    GROUP BY records.id
"""

BIRTHDAYS = """
    SELECT asked.id, lead.birthday FROM customers_customer asked
    JOIN customers_customer lead ON lead.id = coalesce(asked.merged_into_id, asked.id)
    WHERE asked.id = ANY(%s::bigint[]) AND lead.birthday IS NOT NULL
"""


def segments_of(customer_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The codes of the segments that each customer's person is in now; 1 statement."""
    with connection.cursor() as cursor:
        cursor.execute(SEGMENTS, [int_array(customer_ids)])
        return {row[0]: frozenset(row[1]) for row in cursor.fetchall()}


def birthdays_of(customer_ids: Collection[int]) -> dict[int, date]:
    """The birthdays of those customers whose person's is known; 1 statement."""
    with connection.cursor() as cursor:
        cursor.execute(BIRTHDAYS, [int_array(customer_ids)])
        return dict(cursor.fetchall())


def memories_of(members: Mapping[int, Sequence[int]]) -> dict[int, Memory]:
    """What is remembered of members, each with the other cards of its person; 1 statement.

    `members` gives for each member the members of the same person, itself first.
    """
    everybody = {one for group in members.values() for one in group}
    known = {one: Memory() for one in everybody}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member_id, slots FROM loyalty_membermemory WHERE member_id = ANY(%s::bigint[])",
            [int_array(everybody)],
        )
        for member_id, slots in cursor.fetchall():
            known[member_id].own = json.loads(slots) if isinstance(slots, str) else slots
    for group in members.values():
        for one in group:
            known[one].others = tuple(known[other] for other in group if other != one)
    return known


def budgets_left(program_id: int, codes: Iterable[str]) -> dict[str, int]:
    """What is left of the budgets of campaigns, whose rows are locked by this; 1 statement.

    Where a campaign has no budget, more than anybody could spend. Campaigns that are closed or
    unknown are not among them.
    Members are locked before, in the same order by everybody, so nobody waits in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT code, coalesce(budget, 2::bigint ^ 61)::bigint - spent FROM loyalty_campaign
            WHERE program_id = %s AND code = ANY(%s::text[]) AND is_open
            ORDER BY id FOR NO KEY UPDATE
            """,
            [program_id, text_array(sorted(codes))],
        )
        return dict(cursor.fetchall())


def span_of(sales: Sequence[Sale]) -> tuple[datetime, datetime]:
    """The earliest and the latest moment of sales."""
    moments = [sale.at for sale in sales]
    return min(moments), max(moments)
