"""Passages of visits: from tracked events, in whichever order they come in."""

from datetime import UTC, datetime, timedelta
from itertools import count, permutations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.customers.actions import TrackedInput, record_tracked_events
from regulars.customers.models import TrackedEvent
from regulars.journey.actions import ensure_defaults, pass_by_events
from regulars.journey.models import Passage
from tests.worker import work

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
_numbers = count(1)

LED_HERE = [
    ({"campaign": {"source": "yandex", "medium": "cpc", "name": "spring"}}, "advertising"),
    ({"campaign": {"source": "vk", "medium": "cpc"}}, "advertising"),
    ({"campaign": {"source": "vk"}}, "mention"),
    ({"referrer": {"url": "https://www.instagram.com/p/1"}}, "mention"),
    ({"referrer": {"url": "https://yandex.ru/search?q=tea"}}, "first_visit_web"),
    ({"page": {"url": "https://shop.example/a", "referrer": ""}}, "first_visit_web"),
]


def event(
    who: str = "a1",
    *,
    minutes: int = 0,
    session: int | None = 7,
    type: str = "page",
    name: str = "",
    **context: object,
) -> TrackedInput:
    told = dict(context) if session is None else {"sessionId": session, **context}
    return TrackedInput(
        "web",
        str(next(_numbers)),
        type,
        NOW + timedelta(minutes=minutes),
        NOW,
        name=name,
        anonymous_id=who,
        context=told,
    )


def told(*events: TrackedInput) -> list[int]:
    ensure_defaults(now=NOW)
    return [one.event_id for one in record_tracked_events(events, now=NOW)]


def passed() -> dict[str, int]:
    codes = list(Passage.objects.values_list("touchpoint__code", flat=True))
    return {code: codes.count(code) for code in codes}


@pytest.mark.parametrize(("context", "code"), LED_HERE)
def test_a_first_visit_stands_where_it_came_from(context: dict[str, object], code: str) -> None:
    pass_by_events(told(event(**context)))
    assert passed() == {code: 1, "visit_web": 1}


def test_a_visit_is_one_passage_and_so_is_each_kind_of_act_in_it() -> None:
    ids = told(
        event(),
        event(minutes=1, type="track", name="Product Viewed"),
        event(minutes=2, type="track", name="Product Viewed"),
        event(minutes=3, type="track", name="Products Searched"),
        event(minutes=90, session=8),
    )
    assert pass_by_events(ids) == 5
    assert passed() == {
        "first_visit_web": 1,
        "visit_web": 2,
        "product_page": 1,
        "website_search": 1,
    }
    assert pass_by_events(ids) == 0


def test_without_sessions_a_day_is_a_visit_and_calls_of_servers_are_none() -> None:
    pass_by_events(told(event(session=None), event(session=None, minutes=120)))
    pass_by_events(told(event("b2", session=None, type="track", name="Order Completed")))
    assert passed() == {"first_visit_web": 1, "visit_web": 1}


def test_the_order_of_arrival_changes_nothing() -> None:
    events = [
        event(minutes=1, type="track", name="Product Viewed"),
        event(campaign={"medium": "cpc"}),
        event(minutes=-600, session=6, campaign={"source": "vk"}),
    ]
    ids, seen = told(*events), set()
    for order in permutations(ids):
        Passage.objects.all().delete()
        for one in order:
            pass_by_events([one])
        seen.add(frozenset(Passage.objects.values_list("touchpoint__code", "at", "cause")))
    assert len(seen) == 1
    assert passed()["mention"] == 1


def test_statements_do_not_grow_with_the_batch() -> None:
    counts = []
    for size in (1, 60):
        ids = told(*[event(f"{size}-{n}") for n in range(size)])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert pass_by_events(ids) == 2 * size
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_visits_get_on_the_map_by_themselves() -> None:
    record_tracked_events([event(campaign={"medium": "cpc"})], now=NOW)
    work()
    assert passed() == {"advertising": 1, "visit_web": 1}
    assert TrackedEvent.objects.count() == 1
