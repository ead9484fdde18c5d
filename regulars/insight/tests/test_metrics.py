"""Metrics agree with sums in the database and with plain Python; the pages and the API show them."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as some

from regulars.core.api.keys import create_key
from regulars.customers.models import Purchase, Return
from regulars.feedback.rules.nps import net_promoter_score
from regulars.insight.actions.lake import refresh_lake
from regulars.insight.actions.scoring import score_customers
from regulars.insight.metrics import metrics
from regulars.insight.models import CustomerRfm, MetricResult
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.rules.rfm import SEGMENTS, Buyer, quintiles, scored, segment_of
from regulars.insight.rules.scope import Scope
from regulars.insight.tests import company
from tests import make

NOW = make.NOW
TODAY = NOW.date()
MONTH = Scope(TODAY - timedelta(days=29), TODAY)

pytestmark = pytest.mark.django_db(transaction=True)


def ask(kind: str, scope: Scope = MONTH) -> dict:
    return measured({"it": Ask(kind, scope)}, now=NOW)["it"]


def worth(purchases) -> int:
    """What was paid for these, less what came back in the last thirty days, all from members."""
    back = sum(Return.objects.values_list("total_minor", flat=True))
    assert back > 0
    return sum(purchase.total_minor for purchase in purchases) - back


def bought(scope: Scope = MONTH) -> list[Purchase]:
    days = (scope.from_on, scope.to_on)
    return list(Purchase.objects.filter(bought_at__date__range=days))


def test_sales_add_up_in_every_view():
    company.in_lake()
    total = worth(bought())
    assert sum(row["money_minor"] for row in ask("sales_by_store")["stores"]) == total
    assert sum(row["money_minor"] for row in ask("sales_by_category")["categories"]) == total
    trend = Scope(MONTH.trend_from, TODAY)
    weeks = ask("sales_members_vs_others")["weeks"]
    for whose, is_member in (("members", True), ("others", False)):
        theirs = [p for p in bought(trend) if (p.customer_id is not None) is is_member]
        paid = sum(week[whose]["money_minor"] for week in weeks)
        assert paid == (worth(theirs) if is_member else sum(p.total_minor for p in theirs))


def test_members_count_once():
    company.in_lake()
    found = ask("active_members")
    assert found["now"] == len({p.customer_id for p in bought() if p.customer_id})
    assert found["before"] == len({p.customer_id for p in bought(MONTH.before) if p.customer_id})
    last = {p.customer_id for p in bought(Scope(TODAY, TODAY)) if p.customer_id}
    assert found["weeks"][-1] == {"week": "2026-03-02", "members": len(last)}


def test_points_owed_are_the_balances():
    company.in_lake()
    month = ask("points_liability")["months"][-1]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(balance) FROM loyalty_account JOIN loyalty_unit unit ON unit.id = unit_id"
            " WHERE kind = 'spendable' AND member_id IS NOT NULL"
        )
        assert month["open"] == cursor.fetchone()[0] == month["worth_minor"]


def test_scores_are_those_of_the_rules():
    company.in_lake()
    score = ask("experience")["nps"]["score"]
    expected = net_promoter_score([n % 11 for n in range(30)])
    assert expected is not None
    assert (score["value"], score["answers"]) == (pytest.approx(expected.value), 30)
    assert score["low"] == pytest.approx(expected.low)
    weeks = ask("nps_trend")["weeks"]
    assert sum(week["score"]["answers"] for week in weeks if week["score"]) == 70
    assert (
        sum(week["score"]["answers"] for week in ask("csat_trend")["weeks"] if week["score"]) == 70
    )


def test_rfm_is_the_reference():
    company.in_lake()
    by_customer: dict[int, list[Purchase]] = {}
    for purchase in Purchase.objects.exclude(customer=None):
        by_customer.setdefault(purchase.customer_id, []).append(purchase)
    back = dict(Return.objects.values_list("purchase__customer_id", "total_minor"))
    reference = {
        one.customer_id: one
        for one in scored(
            [
                Buyer(
                    customer_id,
                    max(p.bought_at.date() for p in purchases),
                    len(purchases),
                    sum(p.total_minor for p in purchases) - back.get(customer_id, 0),
                )
                for customer_id, purchases in by_customer.items()
            ]
        )
    }
    assert score_customers(now=NOW) == len(reference)
    for row in CustomerRfm.objects.all():
        one = reference[row.customer_id]
        assert (row.r, row.f, row.m, row.segment) == (one.r, one.f, one.m, one.segment)
    counts = {row["segment"]: row["customers"] for row in ask("rfm")["segments"]}
    assert sum(counts.values()) == len(reference)


def test_results_are_kept_until_the_lake_changes():
    company.in_lake()
    ask("experience")
    made = MetricResult.objects.count()
    with CaptureQueriesContext(connection) as queries:
        ask("experience")
    assert len(queries) == 2
    assert MetricResult.objects.count() == made
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feedback_signal (cause, method, channel, at, measure, native_score, share,"
            " text, language, is_unhappy, sample)"
            " VALUES ('new', 'survey', 'web', %s, 'nps', 10, 1, '', 'en', false, false)",
            [NOW],
        )
    refresh_lake(groups=("feedback",), now=NOW)
    assert ask("experience")["nps"]["score"]["answers"] == 31


@pytest.mark.parametrize("kind", sorted(metrics.kinds()))
def test_every_metric_bears_an_empty_lake(kind):
    assert isinstance(ask(kind), dict)


def test_the_home_page_costs_few_queries():
    client = Client()
    client.force_login(make.employee(), backend="regulars.company.access.RoleBackend")
    assert "Your company at a glance" in client.get("/").content.decode()
    company.in_lake()
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/").content.decode()
    assert len(queries) <= 20
    assert "Net Promoter Score" in page


@pytest.mark.parametrize(
    "path",
    [
        "/reports",
        "/reports/visits",
        "/reports/visits.csv",
        "/reports/sales",
        "/reports/rfm",
        "/reports/points",
        "/reports/sales.csv?by=category",
        "/reports/rfm/customers",
        "/reports/rfm/customers.csv?segment=new",
        "/reports/rfm.csv",
        "/home/now",
    ],
)
def test_reports_open(path):
    company.in_lake()
    score_customers(now=NOW)
    client = Client()
    client.force_login(make.employee(), backend="regulars.company.access.RoleBackend")
    assert client.get(path).status_code == 200


def test_a_store_manager_counts_the_own_store_only():
    company.in_lake()
    from regulars.company.models import Store

    own = Store.objects.get(code="s0")
    client = Client()
    client.force_login(
        make.employee("store_manager", stores=[own]), backend="regulars.company.access.RoleBackend"
    )
    days = f"from={MONTH.from_on}&to={TODAY}"
    lines = client.get(f"/reports/sales.csv?{days}").content.decode().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["s0"]
    lines = client.get(f"/reports/sales.csv?{days}&store=s1").content.decode().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] in ([], ["s0"])
    assert "Points owed" not in client.get("/").content.decode()


def test_the_panel_shows_one_customer():
    company.in_lake()
    score_customers(now=NOW)
    client = Client()
    client.force_login(make.employee(), backend="regulars.company.access.RoleBackend")
    someone = CustomerRfm.objects.latest("pk").customer
    assert "of 5" in client.get(f"/customers/{someone.pk}/rfm").content.decode()


def test_the_api_answers_and_names_the_field_that_is_wrong():
    company.in_lake()
    secret = create_key(name="t", scopes=("metrics:read",), now=NOW).secret
    headers = {"Authorization": f"Bearer {secret}"}
    client = Client(headers=headers)
    listed = client.get("/api/v1/metrics").json()["items"]
    assert {one["kind"] for one in listed} == set(metrics.kinds())
    url = "/api/v1/metrics/sales_by_store"
    found = client.get(f"{url}?store=s1&from={MONTH.from_on}&to={TODAY}").json()
    assert [store["code"] for store in found["result"]["stores"]] == ["s1"]
    assert client.get(f"{url}?store=nowhere").status_code == 422
    assert client.get(f"{url}?from=2026-03-02&to=2026-03-01").status_code == 422
    assert client.get("/api/v1/metrics/nothing").status_code == 404


@given(some.lists(some.integers(-1000, 1000), max_size=60))
def test_quintiles_differ_by_one_in_size_and_follow_the_values(values):
    found = quintiles([(value, at) for at, value in enumerate(values)])
    sizes = [list(found.values()).count(score) for score in range(1, 6)]
    assert max(sizes) - min(sizes) <= 1
    for a, b in zip(
        sorted(range(len(values)), key=lambda at: (values[at], at)),
        sorted(range(len(values)), key=lambda at: (values[at], at))[1:],
        strict=False,
    ):
        assert found[a] <= found[b]


def test_every_cell_of_the_grid_is_in_one_segment():
    cells = [(r, f) for r in range(1, 6) for f in range(1, 6)]
    for r, f in cells:
        inside = [
            name
            for name, boxes in SEGMENTS.items()
            if any(r1 <= r <= r2 and f1 <= f <= f2 for r1, r2, f1, f2 in boxes)
        ]
        assert inside == [segment_of(r, f)]
    assert date(2026, 3, 2).weekday() == 0


def test_visits_have_the_source_of_their_first_event_and_show_who_bought():
    company.in_lake()
    found = ask("visits_by_source")
    rows = {(row["came_from"], row["led_by"]): row for row in found["sources"]}
    told = {key: [row[name] for name in COUNTED] for key, row in rows.items()}
    assert told == {
        ("social", "vk.com"): [6, 3, 1, 1],
        ("advertising", "yandex"): [4, 3, 1, 0],
        ("direct", ""): [4, 3, 1, 0],
    }
    assert rows["social", "vk.com"]["score"]["answers"] == 1
    assert found["samples"] == 0


COUNTED = ("visits", "visitors", "due", "bought")
