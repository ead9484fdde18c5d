"""A small company whose figures can be counted by hand, for tests of metrics."""

from datetime import timedelta

from django.db import connection

from regulars.customers.actions import TrackedInput, record_returns, record_tracked_events
from regulars.customers.models import Purchase, TrackedEvent
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.insight.actions.lake import refresh_lake
from regulars.loyalty.actions import take_purchases
from tests import make

NOW = make.NOW


def trade() -> None:
    """Twelve members and strangers buy in two stores for twenty weeks; one return comes back."""
    make.program()
    make.product("milk", category_path="Food/Dairy")
    make.product("soap", category_path="Home")
    take_purchases(
        [
            make.receipt(
                f"N{week}-{who}",
                card=f"c{who}" if who % 4 else None,
                store_code=f"s{who % 2}",
                lines=(make.line("milk", 1_000 * who + 100), make.line("soap", 50)),
                bought_at=NOW - timedelta(weeks=week, days=who % 3),
            )
            for week in range(20)
            for who in range(1, 13)
            if week % who == 0
        ],
        now=NOW,
    )


def answers() -> None:
    """Ratings for ten weeks: NPS from 0 to 10 and CSAT from 1 to 5, some of them generated."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO feedback_signal (cause, method, channel, at, measure, native_score, share,
                text, language, is_unhappy, sample)
            SELECT measure || n, 'survey', 'web', %(now)s::timestamptz - n * interval '1 day', measure,
                CASE measure WHEN 'nps' THEN n %% 11 ELSE 1 + n %% 5 END, 0.5, '', 'en', false, n %% 2 = 0
            FROM generate_series(0, 69) n, unnest(ARRAY['nps', 'csat']) measure
            """,
            {"now": NOW},
        )


def goods_back(number: str = "N0-5") -> None:
    """The milk of one receipt came back today."""
    back = ReturnInput(
        source="till",
        number=f"back-{number}",
        purchase_source="till",
        purchase_number=number,
        lines=(ReturnLineInput(1, 500),),
        returned_at=NOW,
    )
    (returned,) = record_returns([back], now=NOW)
    assert returned.refused is None, returned.refused


def visits() -> None:
    """Members come by different ways before they buy, and some who never do."""
    ways: tuple[dict[str, object], ...] = (
        {"campaign": {"source": "yandex", "medium": "cpc", "name": "tea"}},
        {"referrer": {"url": "https://vk.com/club"}},
        {"page": {"url": "https://shop.example/tea", "path": "/tea?q=1"}},
    )
    record_tracked_events(
        [
            TrackedInput(
                "site",
                f"{who}-{week}-{place}",
                "page",
                NOW - timedelta(weeks=week, days=who % 3 + 1, minutes=place),
                NOW,
                anonymous_id=f"visitor-{who}",
                context={"sessionId": week, **ways[who % 3]} if place else {"sessionId": week},
                user_id="",
            )
            for who in range(1, 10)
            for week in range(0, 6, who)
            for place in (0, 1)
        ],
        now=NOW,
    )
    buyer = Purchase.objects.get(number="N3-1").customer
    TrackedEvent.objects.filter(anonymous_id="visitor-1").update(customer=buyer)


def in_lake() -> None:
    """The whole company flows into the lake."""
    trade()
    visits()
    goods_back()
    answers()
    refresh_lake(now=NOW)
