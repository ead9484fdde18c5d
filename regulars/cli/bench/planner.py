"""The contact budget for very many people and rules, beside the bare limit of the same database.

The bare limit is one statement that counts, for every person, the contacts of one window over the
same tables: what no planner on this database could do without.
"""

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.timezone import now as moment_of_now

from regulars.channels.actions import change_contact_rule
from regulars.channels.actions.sending import OutgoingMessage, send
from regulars.channels.models import ContactRule, Message
from regulars.channels.queries.door import Ask, may_contact_many
from regulars.channels.queries.planning import BudgetPlan, plan_budget
from regulars.customers.models import Customer

PLANNED_MAX_S = 60.0
PROBES = 500
CONTACTS_PER_PERSON = 3
ROUNDS = 3


def measure_planner(*, people: int, rules: int) -> dict[str, Any]:
    """Seconds to judge everybody under all rules, the bare limit, and probes by the door itself."""
    now = moment_of_now()
    ids = _make_people(people, now=now)
    _make_contacts(people, now=now)
    for number in range(rules):
        change_contact_rule(_rule(number))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer, channels_message")
    bare_s = min(_timed(lambda: _bare(now)) for _ in range(ROUNDS))
    plans: list[BudgetPlan] = []
    planned_s = min(_timed(lambda: plans.append(_planned(ids, now))) for _ in range(ROUNDS))
    wrong = _differences(ids, plans[-1], now=now)
    return {
        "people": people,
        "rules": rules,
        "contacts": people * CONTACTS_PER_PERSON,
        "stopped": len(plans[-1].stopped),
        "planned_s": round(planned_s, 2),
        "bare_s": round(bare_s, 2),
        "ratio": round(bare_s / planned_s, 3),
        "probes": min(PROBES, people),
        "probes_that_differ": wrong,
        "good": planned_s <= PLANNED_MAX_S and not wrong,
    }


def _timed(work: Any) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _planned(ids: list[int], now: datetime) -> BudgetPlan:
    return plan_budget(ids, purpose="survey", channel="email", now=now)


def _bare(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM (SELECT person.id, count(*) FROM customers_customer person
            JOIN channels_message message ON message.customer_id = person.id
            WHERE message.state IN ('waiting', 'sending', 'sent') AND message.contact_at > %s
            GROUP BY person.id) counted""",
            [now - timedelta(days=90)],
        )


def _differences(ids: list[int], plan: BudgetPlan, *, now: datetime) -> int:
    """How many people the door itself judges otherwise, of some spread over all."""
    some = ids[:: max(1, len(ids) // PROBES)][:PROBES]
    emails = dict(Customer.objects.filter(pk__in=some).values_list("pk", "email"))
    asks = [Ask("survey", one, emails[one], "email") for one in some]
    stopped = plan.stopped
    wrong = 0
    for one, verdict in zip(some, may_contact_many(asks, now=now), strict=True):
        rule = stopped.get(one)
        by_plan = rule.rule.id if rule else ""
        wrong += by_plan != (verdict.rule if verdict.code == "asked_enough" else "")
    return wrong


def _rule(number: int) -> ContactRule:
    """Rules of all scopes; every third concerns some people only, every fifth moves contacts."""
    scopes = ("all", "purpose:survey", "channel:email", "purpose:marketing", "survey:7")
    conditions: list[dict[str, Any]] = [
        {"field": "language", "is": "equals", "value": "ru"},
        {"field": "birth_year", "is": "at_least", "value": 1960 + number},
        {"field": "known_since", "is": "in_last_days", "value": 30 + number},
    ]
    return ContactRule(
        code=f"rule-{number}",
        name=f"Rule {number}",
        position=number,
        scope=scopes[number % len(scopes)],
        max=2 + number % 4,
        window=f"P{3 + 3 * number}D",
        on_excess="delay" if number % 5 == 0 else "skip",
        delay="P2D" if number % 5 == 0 else "",
        condition=conditions[number % len(conditions)] if number % 3 == 0 else None,
    )


def _make_people(people: int, *, now: datetime) -> list[int]:
    first = Customer.objects.create(
        name="Bench", email="p0@example.com", language="en", known_since=now
    )
    _multiply(
        Customer._meta.db_table,
        first.pk,
        count=people - 1,
        email="'p' || number || '@example.com'",
        language="(ARRAY['en', 'ru'])[number %% 2 + 1]",
        birth_year="1940 + number %% 70",
        known_since="row.known_since - number %% 400 * interval '1 day'",
    )
    return list(Customer.objects.order_by("pk").values_list("pk", flat=True))


def _make_contacts(people: int, *, now: datetime) -> None:
    first = Customer.objects.order_by("pk").values_list("pk", flat=True)[0]
    asked = OutgoingMessage(key="bench:0", purpose="survey", text="x", customer_id=first)
    (letter,) = send([asked], now=now)
    _multiply(
        Message._meta.db_table,
        letter.message_id,
        count=people * CONTACTS_PER_PERSON - 1,
        key="'bench:' || number",
        customer_id=f"{first} + abs(hashint8(number)::bigint) %% {people}",
        purpose="(ARRAY['survey', 'marketing', 'service'])[number %% 3 + 1]",
        channel="(ARRAY['email', 'outbox'])[number %% 2 + 1]",
        state="'sent'",
        reason="''",
        sent_at="row.created_at",
        contact_at="row.created_at - (number %% 129600) * interval '1 minute'",
    )


def _multiply(table: str, pk: int, *, count: int, **changed: str) -> None:
    """Copies of a row, with some columns told by expressions over `row` and `number`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT column_name FROM information_schema.columns
            WHERE table_name = %s AND table_schema = current_schema() AND column_name <> 'id'
            ORDER BY ordinal_position""",
            [table],
        )
        names = [name for (name,) in cursor.fetchall()]
        columns = ", ".join(f'"{name}"' for name in names)
        told = ", ".join(changed.get(name, f'row."{name}"') for name in names)
        cursor.execute(
            f"""INSERT INTO {table} ({columns}) SELECT {told}
            FROM {table} AS row CROSS JOIN generate_series(1, %s::bigint) AS number
            WHERE row.id = %s""",
            [count, pk],
        )
