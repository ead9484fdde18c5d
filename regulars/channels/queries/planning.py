"""The contact budget for very many people at once: whom it would stop now, and by which rule.

Only the budget is asked here. Consent, addresses and restrictions are asked by the door as each
message is written, and once more as it leaves.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from regulars.channels.kind import reached_by
from regulars.channels.queries.budgets import BudgetInForce, InForce, budget_in_force
from regulars.channels.queries.channels import default_channel
from regulars.channels.rules import COUNTED, TO_EMPLOYEE
from regulars.channels.rules.budget import Contact, normal_id
from regulars.channels.rules.planning import (
    Crowd,
    Flags,
    Ints,
    Past,
    Planned,
    plan_contacts,
)
from regulars.company.models import Store
from regulars.core.conditions.sets import matching
from regulars.core.sql import int_array, text_array
from regulars.customers.models import Customer
from regulars.customers.rules.consents import ADDRESS_KINDS


@dataclass(frozen=True)
class BudgetPlan:
    """The verdicts of the budget on a crowd: the leading record of each person, and what was decided."""

    leads: Ints
    planned: Planned
    rules: Sequence[InForce]

    @property
    def stopped(self) -> dict[int, InForce | None]:
        """Who is stopped, by leading record, and the rule; None is the same message once more."""
        stopped = np.flatnonzero(~self.planned.is_sent & ~self.planned.is_moved)
        numbers = self.planned.blocked_by[stopped].tolist()
        return {
            lead: self.rules[number] if number >= 0 else None
            for lead, number in zip(self.leads[stopped].tolist(), numbers, strict=True)
        }


def plan_budget(
    customer_ids: Collection[int],
    *,
    purpose: str,
    now: datetime,
    channel: str = "",
    survey: str = "",
    same_as: str = "",
) -> BudgetPlan:
    """Whom the contact budget would stop if each of these people were written to now.

    Everybody counts once, with all their records. A million people take seconds: five statements,
    and the rest is counting. Decisions are those of the door, made for all at once.
    """
    leads = _leads(customer_ids)
    budget = budget_in_force()
    wanted = Contact(now, purpose, reached_by(channel or default_channel()), survey, same_as)
    crowd = Crowd(
        len(leads),
        _past(leads, budget, wanted),
        _unlimited(leads, budget),
        _concerned(leads, budget, now=now),
    )
    rules = [one.rule for one in budget.rules]
    window = budget.duplicate_window
    planned = plan_contacts(wanted, crowd, rules, duplicate_window=window)
    return BudgetPlan(leads, planned, budget.rules)


def _leads(customer_ids: Collection[int]) -> Ints:
    """The leading records of these people, in order, each once."""
    (found,) = _columns(
        """SELECT DISTINCT coalesce(merged_into_id, id) FROM customers_customer
        WHERE id = ANY(%(ids)s::bigint[])""",
        {"ids": int_array(customer_ids)},
        width=1,
    )
    return np.sort(found)


def _columns(query: str, given: Mapping[str, Any], *, width: int) -> list[Ints]:
    """The columns of a query of bigints, none of them NULL, read without an object for each value.

    The database strings the values together, eight bytes each, and sends a few long texts.
    """
    names = ", ".join(f"v{place}" for place in range(width))
    cells = " || ".join(f"int8send(v{place})" for place in range(width))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT string_agg({cells}, ''::bytea) FROM ({query}) AS found ({names})
            GROUP BY v0 %% {PIECES}""",
            given,
        )
        raw = b"".join(bytes(piece) for (piece,) in cursor.fetchall())
    rows = np.frombuffer(raw, dtype=">i8").reshape(-1, width)
    return [rows[:, place].astype(np.int64) for place in range(width)]


PIECES = 64
"""A value of the database ends at a gigabyte: some forty million rows of three columns."""


def _past(leads: Ints, budget: BudgetInForce, wanted: Contact) -> Past:
    """The contacts with these people as far back as some rule looks, as columns."""
    given = {
        "leads": int_array(leads.tolist()),
        "since": wanted.at - budget.longest,
        "states": list(COUNTED),
        "same": wanted.message or None,
        "but": TO_EMPLOYEE,
    }
    kinds = _kinds(given)
    told = [*zip(*kinds, strict=True)] or [()] * 5
    for name, values in zip(
        ("purpose", "channel", "survey", "reminder", "again"), told, strict=True
    ):
        given[name] = list(values)
    by_phone = ADDRESS_KINDS.get(wanted.channel) == "phone"
    lead, at, kind = _columns(CONTACTS[by_phone], given, width=3)
    return Past(
        np.searchsorted(leads, lead),
        at,
        kind,
        [
            Contact(wanted.at, purpose, reached_by(channel), survey, message, is_reminder)
            for purpose, channel, survey, is_reminder, is_same in kinds
            for message in (wanted.message if is_same else "",)
        ],
    )


def _kinds(given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The kinds of contacts there were, in a fixed order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT purpose, channel, survey, is_reminder, (same_as = %(same)s) IS TRUE
            FROM channels_message WHERE state = ANY(%(states)s) AND contact_at > %(since)s
                AND in_reply_to_id IS NULL AND purpose <> %(but)s
            ORDER BY 1, 2, 3, 4, 5""",
            given,
        )
        return list(cursor.fetchall())


_CONTACTS = """
    WITH kind AS MATERIALIZED (
        SELECT given.*, place - 1 AS number FROM unnest(%(purpose)s::text[], %(channel)s::text[],
            %(survey)s::text[], %(reminder)s::boolean[], %(again)s::boolean[]) WITH ORDINALITY
            AS given (purpose, channel, survey, is_reminder, is_same, place)
    ), letter AS (
        SELECT message.customer_id, message.address, kind.number,
            (extract(epoch FROM message.contact_at) * 1000000)::bigint AS at
        FROM channels_message message JOIN kind ON kind.purpose = message.purpose
            AND kind.channel = message.channel AND kind.survey = message.survey
            AND kind.is_reminder = message.is_reminder
            AND kind.is_same = ((message.same_as = %(same)s) IS TRUE)
        WHERE message.state = ANY(%(states)s) AND message.contact_at > %(since)s
            AND message.in_reply_to_id IS NULL
    )
    SELECT coalesce(person.merged_into_id, person.id), letter.at, letter.number
    FROM letter JOIN customers_customer person ON person.id = letter.customer_id
    WHERE coalesce(person.merged_into_id, person.id) = ANY(%(leads)s::bigint[])
    UNION ALL
    SELECT person.id, letter.at, letter.number
    FROM letter JOIN customers_customer person ON lower(trim(person.ADDRESS)) = letter.address
    WHERE letter.customer_id IS NULL AND letter.address <> '' AND person.id = ANY(%(leads)s::bigint[])
"""
CONTACTS = {
    False: _CONTACTS.replace("ADDRESS", "email"),
    True: _CONTACTS.replace("ADDRESS", "phone"),
}
"""Contacts with a person's records, and with the address alone; by whether that is a telephone."""


def _unlimited(leads: Ints, budget: BudgetInForce) -> Flags | None:
    """Who is on the list of those whom no rule limits, by any of their records."""
    names = {normal_id(one) for one in budget.whitelist}
    ids = [int(one) for one in names if one.isascii() and one.isdigit() and len(one) < 19]
    return np.isin(leads, _leads(ids)) if ids else None


def _concerned(leads: Ints, budget: BudgetInForce, *, now: datetime) -> dict[int, Flags]:
    """Whom each rule with a condition concerns, by its place; all conditions in one pass."""
    asked = {place: one.condition for place, one in enumerate(budget.rules) if one.condition}
    if not asked:
        return {}
    import ibis  # slow to import

    profiles = ibis.memtable(_profiles(leads))
    flags = {f"rule_{place}": matching(one, profiles, now=now) for place, one in asked.items()}
    table = profiles.select("customer", **flags)
    found = ibis.duckdb.connect().to_pyarrow(table)
    where = np.searchsorted(leads, found["customer"].to_numpy())
    concerned = {}
    for place in asked:
        column = np.zeros(len(leads), dtype=np.bool_)
        column[where] = found[f"rule_{place}"].to_numpy(zero_copy_only=False)
        concerned[place] = column
    return concerned


def _profiles(leads: Ints) -> Any:
    """What conditions may ask of each person, as `profiles_of` tells it, in a table of columns."""
    import pyarrow as pa  # slow to import

    stores = dict(Store.objects.values_list("pk", "code"))
    languages, genders = (_texts_in(name) for name in ("language", "gender"))
    customer, language, gender, born, store, since = _columns(
        """SELECT id, coalesce(array_position(%(languages)s::text[], language), 0),
            coalesce(array_position(%(genders)s::text[], gender), 0), coalesce(birth_year, 0),
            coalesce(array_position(%(stores)s::bigint[], home_store_id), 0),
            (extract(epoch FROM known_since) * 1000000)::bigint
        FROM customers_customer WHERE id = ANY(%(leads)s::bigint[])""",
        {
            "languages": text_array(languages),
            "genders": text_array(genders),
            "stores": int_array(stores),
            "leads": int_array(leads.tolist()),
        },
        width=6,
    )

    def named(values: Sequence[str], places: Ints) -> Any:
        """The values at these places, counted from 1; none at 0."""
        return pa.array(values, pa.string()).take(pa.array(places - 1, mask=places == 0))

    return pa.table(
        {
            "customer": customer,
            "language": named(languages, language),
            "gender": named(genders, gender),
            "birth_year": pa.array(born, mask=born == 0),
            "home_store": named([*stores.values()], store),
            "known_since": pa.array(since).cast(pa.timestamp("us", tz="UTC")),
        }
    )


def _texts_in(column: str) -> list[str]:
    """The texts that stand in a column of customers, of which there are few."""
    rows = Customer.objects.exclude(**{column: ""}).order_by(column)
    return list(rows.values_list(column, flat=True).distinct())
