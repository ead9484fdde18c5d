"""What is asked in the benchmark: conditions whose sizes are counted, and fifty live segments."""

from typing import Any

Raw = dict[str, Any]


def test(field: str, is_: str, value: Any) -> Raw:
    """A test of a field."""
    return {"field": field, "is": is_, "value": value}


def bought(category: str, times: int, days: int) -> Raw:
    """Products of a category bought so often within so many days."""
    return {
        "did": "bought",
        "where": test("category", "under", [category]),
        "count": {"is": "at_least", "value": times},
        "within": {"last_days": days},
    }


def visited(name: str, days: int) -> Raw:
    """An event of that name within so many days."""
    return {
        "did": "event",
        "where": test("name", "equals", name),
        "within": {"last_days": days},
    }


def own(field: str, key: str, word: str, is_: str, value: Any) -> Raw:
    """A test of a trait or property of one's own."""
    return {"field": field, "key": key, "as": word, "is": is_, "value": value}


def event_with(name: str, tested: Raw, **more: Any) -> Raw:
    """An event of that name of whose properties something is true."""
    return {"did": "event", "where": {"all": [test("name", "equals", name), tested]}, **more}


PROBE_STORE = "S19"
PROBE_EVENT = "Probe Viewed"
PROBE_AGREED = "loyalty:push"

PROBES: dict[str, Raw] = {
    "probe_purchase": {
        "did": "purchase",
        "where": {
            "all": [
                test("store", "equals", PROBE_STORE),
                test("total_minor", "more", 1_000_000),
            ]
        },
        "within": {"last_hours": 1},
    },
    "probe_event": visited(PROBE_EVENT, 1),
    "probe_consent": test("agreed", "has_any", [PROBE_AGREED]),
}
"""Segments that nobody is in before the facts that are measured, by code."""

SIZES: dict[str, Raw] = {
    "field": test("generation", "in", ["millennials", "z"]),
    "fields": {"all": [test("gender", "equals", "f"), test("birth_year", "at_least", 1980)]},
    "unknown": {"any": [{"field": "gender", "is": "is_unknown"}, test("city", "equals", "Omsk")]},
    "consent": test("agreed", "has_any", ["marketing:email"]),
    "no consent": {"not": test("agreed", "has_any", ["marketing:email", "marketing:sms"])},
    "totals": test("spend_minor", "more", 20_000),
    "last purchase": test("last_purchase_at", "before_last_days", 90),
    "rfm": test("rfm_segment", "in", ["champions", "loyal", "at_risk"]),
    "answers": test("last_nps", "at_least", 9),
    "purchases in a window": {
        "did": "purchase",
        "count": {"is": "at_least", "value": 2},
        "within": {"last_days": 30},
    },
    "money in a window": {
        "did": "purchase",
        "sum": {"of": "total_minor", "is": "more", "value": 5_000},
        "within": {"last_days": 90},
    },
    "last store": {"did": "purchase", "last": test("store", "in", ["S1", "S2", "S3"])},
    "products in a window": bought("Food/Coffee", 3, 30),
    "products ever": bought("Home", 2, 3_650),
    "events": visited("Cart Viewed", 7),
    "coffee and not lately": {
        "all": [bought("Food/Coffee", 3, 60), {"not": bought("Food/Coffee", 1, 10)}]
    },
    "trait, text": own("traits", "plan", "text", "equals", "gold"),
    "trait, number": own("traits", "children", "number", "at_least", 2),
    "trait, yes or no": own("traits", "pets", "boolean", "equals", True),
    "trait, date": own("traits", "renews", "date", "in_next_days", 30),
    "trait, is set": {"field": "traits", "key": "renews", "is": "is_known"},
    "property, text": event_with(
        "Catalogue",
        own("properties", "category", "text", "equals", "coffee"),
        count={"is": "at_least", "value": 3},
        within={"last_days": 30},
    ),
    "property, number": event_with(
        "Cart Viewed",
        own("properties", "value", "number", "more", 50),
        within={"days_ago": [2, 30]},
    ),
    "property, yes or no": event_with(
        "Product Viewed", own("properties", "gift", "boolean", "equals", True)
    ),
    "property, date": event_with(
        "Product Viewed", own("properties", "due", "date", "in_next_days", 14)
    ),
    "cart not finished": {
        "all": [
            event_with(
                "Cart Viewed",
                own("properties", "value", "number", "more", 50),
                within={"days_ago": [2, 30]},
            ),
            {"not": {"did": "purchase", "within": {"last_days": 30}}},
        ]
    },
    "nested": {
        "all": [
            {"any": [bought("Food/Sweets", 2, 90), visited("Cart Viewed", 14)]},
            {"not": {"did": "purchase", "within": {"last_days": 10}}},
            test("agreed", "has_any", ["marketing:email"]),
            {"any": [test("rfm_r", "at_least", 3), test("last_nps", "at_least", 9)]},
        ]
    },
}
"""Conditions whose exact sizes are counted, by what they are about."""


def live_segments() -> dict[str, Raw]:
    """The fifty conditions by code: the probes, and mixed ones with windows of many lengths."""
    mixed: list[Raw] = []
    for days in (7, 14, 30, 60, 90):
        mixed += [
            bought("Food/Coffee", 3, days),
            {"all": [bought("Food", 2, days), {"not": bought("Food", 1, days // 3)}]},
            {
                "did": "purchase",
                "sum": {"of": "total_minor", "is": "more", "value": 9_000},
                "within": {"last_days": days},
            },
            {"not": {"did": "purchase", "within": {"last_days": days}}},
            {
                "all": [
                    visited("Cart Viewed", days),
                    {"not": {"did": "purchase", "within": {"last_days": days}}},
                ]
            },
            {
                "all": [
                    test("last_purchase_at", "before_last_days", days),
                    test("purchase_count", "at_least", 5),
                ]
            },
            {
                "all": [
                    test("known_since", "in_last_days", days),
                    test("agreed", "has_any", ["marketing:email"]),
                ]
            },
        ]
    mixed += [one for name, one in SIZES.items() if name not in ("products ever", "nested")]
    chosen = mixed[: 50 - len(PROBES)]
    return PROBES | {f"mixed_{at}": one for at, one in enumerate(chosen)}
