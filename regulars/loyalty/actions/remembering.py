"""Reading what rules ask of members before a batch is computed, and keeping what they remember."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import connection

from regulars.core.sql import int_array, text_array
from regulars.loyalty.actions.writing import MemberState
from regulars.loyalty.queries.books import Book
from regulars.loyalty.queries.standings import (
    Facts,
    birthdays_of,
    budgets_left,
    memories_of,
    segments_of,
    span_of,
)
from regulars.loyalty.rules.memory import Memory
from regulars.loyalty.rules.sales import Sale


def facts_of(
    book: Book,
    sales: Sequence[Sale],
    members: Mapping[int, MemberState],
    referrers: Mapping[int, int],
) -> Facts | None:
    """What the rules in force need to know of a batch of sales; see `facts_for`."""
    customers = {sale.customer_id for sale in sales}
    brought = {referrers[one] for one in customers if one in referrers}
    facts = facts_for(book, span_of(sales), customers | brought, members=members)
    if facts is not None:
        facts.referrers = referrers
    return facts


def facts_for(
    book: Book,
    span: tuple[datetime, datetime],
    customers: Collection[int],
    *,
    members: Mapping[int, MemberState],
) -> Facts | None:
    """What the rules in force in a span need to know of customers, one statement for each kind.

    None where sales and balances are enough. Members are locked already; campaigns whose rules
    may pay are locked by this.
    """
    needs = book.history.needs(*span)
    if not needs - {"lines"}:
        return None
    facts = Facts(book)
    if "segments" in needs:
        facts.segments = segments_of(customers)
    if "birthday" in needs:
        facts.birthdays = birthdays_of(customers)
    if "memory" in needs:
        facts.memories = memories_of({c: _cards(members[c]) for c in customers})
    if "budget" in needs:
        campaigns = {rule.mechanic.campaign for rule in book.history.within(*span)} - {""}
        facts.budgets = budgets_left(book.program_id, campaigns)
        facts.budgets_before = dict(facts.budgets)
    return facts


def _cards(member: MemberState) -> list[int]:
    """The members of a person, this one first."""
    purse = member.purse
    if not purse.led:
        return [member.id]
    return [member.id, *[one.id for one in (purse, *purse.led) if one.id != member.id]]


def keep_memories(memories: Mapping[int, Memory]) -> None:
    """Write what members' cards remember, where it changed; 1 statement."""
    touched = {one: memory for one, memory in memories.items() if memory.touched}
    if not touched:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO loyalty_membermemory (member_id, slots)
            SELECT * FROM unnest(%s::bigint[], %s::jsonb[])
            ON CONFLICT (member_id) DO UPDATE SET slots = excluded.slots
            """,
            [
                int_array(touched),
                text_array([json.dumps(memory.own) for memory in touched.values()]),
            ],
        )


def keep_facts(facts: Facts) -> None:
    """Write what habits and caps remember and what campaigns spent; one statement for each."""
    keep_memories(facts.memories)
    spent = {
        code: before - facts.budgets[code]
        for code, before in facts.budgets_before.items()
        if before != facts.budgets[code]
    }
    if not spent:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE loyalty_campaign campaign SET spent = campaign.spent + given.amount
            FROM unnest(%s::text[], %s::bigint[]) AS given (code, amount)
            WHERE campaign.code = given.code AND campaign.program_id = %s
            """,
            [text_array(spent), int_array(spent.values()), facts.book.program_id],
        )
