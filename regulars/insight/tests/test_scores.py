"""Comparisons and corrections: found where they were planted, denied where they were not."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from regulars.core.api.keys import create_key
from regulars.customers.models import Customer
from regulars.insight.actions.lake import refresh_lake
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.rules.scope import Scope
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

NOW = make.NOW
MONTH = Scope(NOW.date() - timedelta(days=29), NOW.date())
AROUND = f"from={MONTH.from_on}&to={MONTH.to_on}"
PEOPLE = 1_200


def planted() -> dict[str, int]:
    """Old customers answer often and happily, young ones seldom and unhappily; one store is worse.

    Everybody bought once, in the good or the bad store. Of the old every second person answers 10,
    of the young every tenth answers 3; a third of all answers are in the bad store, where everybody
    says 3. Before that month, nobody answered differently by store.
    """
    make.program()
    stores = {code: make.store(code).pk for code in ("good", "bad", "empty")}
    Customer.objects.bulk_create(
        Customer(name=f"P{n}", known_since=NOW, birth_year=1950 if n % 2 else 2000)
        for n in range(PEOPLE)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO customers_purchase (source, number, customer_id, store_id, bought_at,
                total_minor, discount_minor, fingerprint, recorded_at)
            SELECT 'till', id::text, id, CASE WHEN id %% 3 = 0 THEN %(bad)s ELSE %(good)s END,
                %(now)s::timestamptz - interval '5 days', 100, 0, '', %(now)s
            FROM customers_customer WHERE name LIKE 'P%%';
            INSERT INTO feedback_signal (cause, method, channel, at, measure, native_score, share,
                text, language, is_unhappy, sample, customer_id, store_id)
            SELECT 'a' || id || ' ' || ago, 'survey', 'web', %(now)s::timestamptz - ago * interval '1 day',
                'nps', CASE WHEN birth_year = 2000 OR (id %% 3 = 0 AND ago = 3) THEN 3 ELSE 10 END,
                0.5, '', 'en', false, false, id, CASE WHEN id %% 3 = 0 THEN %(bad)s ELSE %(good)s END
            FROM customers_customer, unnest(ARRAY[3, 40]) ago
            WHERE name LIKE 'P%%' AND id %% CASE birth_year WHEN 1950 THEN 4 ELSE 20 END < 2
            """,
            {"now": NOW, "good": stores["good"], "bad": stores["bad"]},
        )
    refresh_lake(now=NOW)
    return stores


def told(kind: str, **settings: str) -> dict:
    return measured({"it": Ask(kind, MONTH, settings)}, now=NOW)["it"]


def clients() -> tuple[Client, Client]:
    """An employee's browser, and a program that may read signals."""
    client = Client()
    client.force_login(make.employee(), backend="regulars.company.access.RoleBackend")
    secret = create_key(name="t", scopes=("signals:read",), now=NOW).secret
    return client, Client(headers={"Authorization": f"Bearer {secret}"})


def test_a_worse_store_is_named_and_the_change_too():
    stores = planted()
    found = told("score_comparison")
    groups = {group["key"]: group for group in found["groups"]}
    bad, good = groups[str(stores["bad"])], groups[str(stores["good"])]
    assert (bad["rest"]["verdict"], good["rest"]["verdict"]) == ("lower", "higher")
    assert (bad["change"]["verdict"], good["change"]["verdict"]) == ("lower", "no_evidence")
    apart = bad["rest"]["difference"]
    assert apart["value"] == pytest.approx(bad["now"]["value"] - good["now"]["value"])
    assert bad["rest"]["p_adjusted"] >= apart["p_value"]
    assert told("score_comparison", by="tier")["groups"][0]["rest"]["verdict"] == "too_few"


def test_the_silent_are_named_and_their_voice_is_given_back():
    planted()
    found = told("representation")
    rows = {(row["attribute"], row["level"]): row for row in found["silent"]}
    young = rows["age", "25_39"]
    assert young["apart"] < 0
    assert young["p_value"] < 0.01
    assert found["raking"]["value"] < found["raw"]["value"] - 8
    assert found["propensity"]["value"] == pytest.approx(found["raking"]["value"], abs=3)
    assert found["raking"]["effective"] < found["raking"]["answers"] == found["raw"]["answers"]
    assert found["raking"]["weighting"].startswith("raking:age")
    low, high = found["band"]
    assert low <= found["raking"]["value"] <= high
    assert found["customers"] == PEOPLE


def test_a_store_with_young_customers_is_not_blamed_for_them():
    """The young are unhappy everywhere and answer in one store only: nothing is left of it."""
    make.program()
    stores = {code: make.store(code).pk for code in ("old", "young")}
    Customer.objects.bulk_create(
        Customer(name=f"P{n}", known_since=NOW, birth_year=1950 if n % 2 else 2000)
        for n in range(600)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO feedback_signal (cause, method, channel, at, measure, native_score, share,
                text, language, is_unhappy, sample, customer_id, store_id)
            SELECT 'a' || id, 'survey', 'web', %(now)s, 'nps',
                CASE WHEN (birth_year = 2000) = (id %% 5 < 4) THEN 3 ELSE 10 END, 0.5, '', 'en',
                false, false, id,
                CASE WHEN (birth_year = 2000) = (id %% 7 < 6) THEN %(young)s ELSE %(old)s END
            FROM customers_customer WHERE name LIKE 'P%%'""",
            {"now": NOW, "old": stores["old"], "young": stores["young"]},
        )
    refresh_lake(now=NOW)
    found = told("fair_scores")
    old, young = (
        next(group for group in found["groups"] if group["key"] == str(stores[code]))
        for code in ("old", "young")
    )
    assert old["raw"]["value"] - young["raw"]["value"] > 50
    assert abs(old["adjusted"] - young["adjusted"]) < 15
    assert (found["is_apart"], old["verdict"], young["verdict"]) == (False,) + ("no_evidence",) * 2
    blamed = {
        group["key"]: group["rest"]["verdict"] for group in told("score_comparison")["groups"]
    }
    assert blamed[str(stores["young"])] == "lower"


def test_pages_and_operations_tell_the_same():
    planted()
    client, outside = clients()
    for by in ("store", "touchpoint", "channel", "tier", "segment"):
        page = client.get(f"/listen/compare?{AROUND}&by={by}")
        assert page.status_code == 200
        assert b"<c-" not in page.content
    page = client.get(f"/listen/compare?{AROUND}").content.decode()
    assert "2 differ from the rest beyond chance" in page
    assert "bad,-100" in client.get(f"/listen/compare.csv?{AROUND}").content.decode().replace(
        ".0", ""
    )
    page = client.get(f"/listen/silent?{AROUND}").content.decode()
    assert "answered less" in page
    assert "weighted to the customer file (raking): age, gender" in page
    assert (
        "Nothing to correct" in client.get("/listen/silent?measure=ces&period=7d").content.decode()
    )
    compared = outside.get(f"/api/v1/scores/comparison?{AROUND}").json()
    assert {group["rest"]["verdict"] for group in compared["groups"]} == {"lower", "higher"}
    mended = outside.get(f"/api/v1/scores/correction?{AROUND}").json()
    assert mended["raking"]["value"] < mended["raw"]["value"]
    assert mended["raking"]["response_rate"] is None
    assert outside.get("/api/v1/scores/comparison?by=planet").status_code == 422


def test_the_fair_comparison_is_shown_and_told():
    planted()
    client, outside = clients()
    fair = outside.get(f"/api/v1/scores/fair?{AROUND}").json()
    assert {group["verdict"] for group in fair["groups"]} == {"lower", "higher"}
    assert outside.get("/api/v1/scores/fair?by=tier").status_code == 422
    for by in ("store", "touchpoint", "channel", "planet"):
        page = client.get(f"/listen/fair?{AROUND}&by={by}").content.decode()
        assert "<c-" not in page
        assert ("2 groups lie apart" in page) == (by in {"store", "planet"})
    assert "bad,-100" in client.get(f"/listen/fair.csv?{AROUND}").content.decode()
