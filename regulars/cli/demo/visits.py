"""Invented visits to the demo company's site: from a seed, and in step with real purchases.

The published data know only the till. Some households look at the site some days before they buy,
and some look and do not buy. Every event stands under the sample source and goes with one button.
"""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction

from regulars.connectors.actions import SourceWish, open_event_source, publish_plan
from regulars.connectors.models import DeadLetter, EventSource, TrackingPlan
from regulars.core.events import publish
from regulars.customers.events import EventsTracked
from regulars.customers.models import TrackedEvent
from regulars.customers.queries.visits import SAMPLE_SOURCE

SEED = 2018
AT_ONCE = 4_000
LOOKS_FIRST_PER_MILLE = 55
"""So many purchases in a thousand are looked up on the site before; half as many visits lead nowhere."""

SITE = "https://shop.example"
WAYS: tuple[tuple[int, dict[str, Any]], ...] = (
    (18, {"campaign": {"source": "google", "medium": "cpc", "name": "weekly offers"}}),
    (17, {"campaign": {"source": "newsletter", "medium": "email", "name": "maple club"}}),
    (9, {"referrer": {"url": "https://www.facebook.com/"}}),
    (6, {"referrer": {"url": "https://www.instagram.com/"}}),
    (25, {"referrer": {"url": "https://www.google.com/search"}}),
    (4, {"referrer": {"url": "https://recipes.example/soup"}}),
    (21, {}),
)
SEARCHES = ("bread", "coffee", "apples", "cheese", "soup", "yoghurt", "pasta", "tea", "berries")
LETTERS = 8

PRODUCT = {
    "type": "object",
    "properties": {
        "product_id": {"type": "string", "description": "Code of the product"},
        "price": {"type": "number", "description": "Price as shown"},
        "list": {"type": "string", "enum": ["home", "search", "offers"]},
    },
    "required": ["product_id"],
}
PLAN = {
    "Products Searched": {
        "type": "object",
        "description": "Somebody looked for goods",
        "properties": {"query": {"type": "string"}},
        "required": ["query"],
    },
    "Product Viewed": {**PRODUCT, "description": "A product page was opened"},
    "Product Added": {**PRODUCT, "description": "Something went into the basket"},
}
BROKEN = (
    ("price", '"2.49 USD" is not of type "number"', {"product_id": "P17", "price": "2.49 USD"}),
    ("", '"product_id" is a required property', {"price": 1.99, "list": "search"}),
)


def generate_visits(*, now: datetime) -> int:
    """Write the visits, their source with its plan, and some dead letters; gives how many events."""
    _set_up_source(now=now)
    TrackedEvent.objects.filter(source=SAMPLE_SOURCE).delete()
    events, count = _events(_purchases(), now=now), 0
    while batch := list(islice(events, AT_ONCE)):
        with transaction.atomic():
            made = TrackedEvent.objects.bulk_create(batch)
            publish(EventsTracked(event_ids=tuple(one.pk for one in made)))
        count += len(batch)
    return count


def _purchases() -> list[tuple[int, datetime]]:
    """The customers of real purchases with their times, in the order of time."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT customer_id, bought_at FROM customers_purchase
            WHERE voided_at IS NULL AND customer_id IS NOT NULL ORDER BY bought_at, number"""
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


def _events(purchases: list[tuple[int, datetime]], *, now: datetime) -> Iterator[TrackedEvent]:
    dice = random.Random(SEED)
    for customer_id, bought_at in purchases:
        roll = dice.random() * 1000
        if roll < LOOKS_FIRST_PER_MILLE:
            began_at = bought_at - timedelta(hours=dice.expovariate(1 / 40) + 0.3)
        elif roll < LOOKS_FIRST_PER_MILLE * 1.5:
            began_at = bought_at + timedelta(hours=dice.uniform(24, 200))
        else:
            continue
        if began_at < now:
            yield from _visit(customer_id, began_at, dice=dice)


def _visit(customer_id: int, began_at: datetime, *, dice: random.Random) -> Iterator[TrackedEvent]:
    (way,) = dice.choices([way for _weight, way in WAYS], [weight for weight, _way in WAYS])
    session = int(began_at.timestamp() * 1000)
    at = began_at
    for place, (kind, name, path, properties) in enumerate(_acts(dice)):
        yield TrackedEvent(
            source=SAMPLE_SOURCE,
            message_id=f"{customer_id}-{session}-{place}",
            type=kind,
            name=name,
            customer_id=customer_id,
            anonymous_id=f"household-{customer_id}",
            at=at,
            original_at=at,
            sent_at=at,
            received_at=at,
            properties=properties,
            context={
                **way,
                "sessionId": session,
                "page": {"path": path, "url": SITE + path},
                "library": {"name": "regulars.js", "version": "1"},
            },
        )
        at += timedelta(seconds=dice.randint(5, 90))


def _acts(dice: random.Random) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """What is done in one visit: call, name, path and properties."""
    yield "page", "", "/", {"path": "/"}
    if dice.random() < 0.45:
        yield "track", "Products Searched", "/search", {"query": dice.choice(SEARCHES)}
    if dice.random() < 0.7:
        number = dice.randint(1, 400)
        told = {"product_id": f"P{number}", "price": dice.randint(99, 1299) / 100}
        yield "page", "", f"/product/{number}", {"path": f"/product/{number}"}
        yield "track", "Product Viewed", f"/product/{number}", told
        if dice.random() < 0.3:
            yield "track", "Product Added", f"/product/{number}", told


def _set_up_source(*, now: datetime) -> None:
    wish = SourceWish("Maple & Main web site (sample)", "block")
    source = EventSource.objects.filter(code=SAMPLE_SOURCE).first()
    source = source or open_event_source(SAMPLE_SOURCE, wish, now=now)
    plan = TrackingPlan.objects.filter(source=source).first()
    plan = plan or publish_plan(PLAN, source=source, note="Goods on the site", now=now)
    DeadLetter.objects.bulk_create(
        [_letter(number, source=source, plan=plan, now=now) for number in range(LETTERS)],
        ignore_conflicts=True,
    )


def _letter(number: int, *, source: EventSource, plan: TrackingPlan, now: datetime) -> DeadLetter:
    path, rule, properties = BROKEN[number % 3 // 2]
    event = {
        "type": "track",
        "event": "Product Viewed",
        "messageId": f"broken-{number}",
        "anonymousId": f"visitor-{number}",
        "properties": properties,
    }
    return DeadLetter(
        source=source,
        message_id=f"broken-{number}",
        type="track",
        name="Product Viewed",
        anonymous_id=f"visitor-{number}",
        body=json.dumps(event),
        reason="plan",
        path=path,
        rule=rule,
        plan=plan,
        received_at=now - timedelta(minutes=7 * number),
    )
