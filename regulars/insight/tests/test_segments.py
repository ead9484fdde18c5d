"""Segments: fields are the same from database and lake, sizes are exact, people come and go."""

import csv
import importlib.util
import json
import shutil
from dataclasses import replace
from datetime import UTC, timedelta
from io import BytesIO
from itertools import chain, repeat
from random import Random

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from python_calamine import CalamineWorkbook

from regulars.core.api.keys import create_key
from regulars.core.conditions.reading import parse
from regulars.core.conditions.sets import matching
from regulars.core.conditions.tree import fields_of
from regulars.core.errors import Conflict, Refused
from regulars.core.models import Event
from regulars.customers.actions import CustomerRef, TrackedInput, record_tracked_events
from regulars.customers.actions.consents import record_consents
from regulars.customers.actions.following import (
    follow,
    follow_by,
    touch_customers,
    touch_expired,
)
from regulars.customers.actions.segments import (
    SegmentInput,
    change_segment,
    create_segment,
    put_into_segment,
)
from regulars.customers.knowledge import CUSTOMER, FACT_SOURCES, SOURCES, Lake
from regulars.customers.models import (
    Consent,
    ConsentText,
    Customer,
    Purchase,
    Segment,
    SegmentClock,
    SegmentMember,
    SegmentTouch,
    TrackedEvent,
)
from regulars.customers.queries.consents import states_of
from regulars.customers.queries.segments import (
    in_company_zone,
    matching_persons,
    members_among,
    people_among,
    sizes_of,
    why,
)
from regulars.customers.rules.consents import allows
from regulars.customers.rules.words import ConsentInput
from regulars.feedback.models import Signal
from regulars.insight.actions.lake import refresh_lake
from regulars.insight.actions.scoring import score_customers
from regulars.insight.engines import engine_for
from regulars.insight.queries.metrics import run_tables, tables
from regulars.insight.rules.rfm import SEGMENTS
from regulars.insight.segments import filling
from regulars.insight.segments.filling import fill_segments, fill_waiting_segments
from regulars.insight.segments.people import facts_read, people_with
from regulars.insight.segments.reach import reach_among, reach_of, reasons_of
from regulars.insight.segments.ready_made import install_ready_made
from regulars.insight.segments.sizes import overlap_of, size_of
from regulars.insight.segments.turns import next_turn
from regulars.insight.tests import company
from regulars.insight.tests.test_engines import sources
from tests import make
from tests.worker import work

NOW = company.NOW
DAY = timedelta(days=1)
MILK = {"field": "category", "is": "under", "value": ["Food"]}
OFTEN = {
    "all": [
        {
            "did": "bought",
            "where": MILK,
            "count": {"is": "at_least", "value": 3},
            "within": {"last_days": 30},
        },
        {"not": {"did": "purchase", "within": {"last_days": 1}}},
    ]
}
ONE_OR_SEVERAL = (
    ("at_least", 2),
    ("equals", 1),
    ("less", 2),
    ("more", 1),
    ("at_most", 1),
    ("not_equals", 1),
)


def trait(key, word, is_, value):
    return {"field": "traits", "key": key, "as": word, "is": is_, "value": value}


def prop(key, word, is_, value):
    return {"field": "properties", "key": key, "as": word, "is": is_, "value": value}


def with_property(key, word, is_, value, **more):
    return {"did": "event", "where": prop(key, word, is_, value), **more}


ASKED = (
    OFTEN,
    {"all": []},
    {"field": "purchase_count", "is": "equals", "value": 0},
    {"field": "spend_minor", "is": "more", "value": 20_000},
    {"field": "average_minor", "is": "between", "value": [2_000, 5_000]},
    {"field": "last_purchase_at", "is": "in_last_days", "value": 15},
    {"not": {"field": "first_purchase_at", "is": "before_last_days", "value": 100}},
    {"did": "purchase", "sum": {"of": "total_minor", "is": "at_least", "value": 9_000}},
    {"did": "purchase", "last": {"field": "store", "is": "equals", "value": "s1"}},
    {"did": "bought", "first": {"field": "product", "is": "equals", "value": "milk"}},
    {"did": "purchase", "within": {"days_ago": [10, 40]}, "count": {"is": "less", "value": 2}},
    {"did": "purchase", "within": {"from": "2026-01-01", "until": "2026-02-01"}},
    {"field": "generation", "is": "in", "value": ["x", "millennials"]},
    {"not": {"field": "gender", "is": "equals", "value": "f"}},
    {"field": "city", "is": "starts_with", "value": "ом"},
    {"field": "bucket", "is": "less", "value": 50},
    {"field": "rfm_segment", "is": "in", "value": ["champions", "loyal", "hibernating"]},
    {"field": "is_member", "is": "equals", "value": True},
    {"field": "points", "is": "at_least", "value": 100},
    {"field": "tier", "is": "is_known"},
    {"field": "last_nps", "is": "at_least", "value": 9},
    {"did": "answered", "where": {"field": "score", "is": "less", "value": 5}},
    {"field": "agreed", "is": "has_any", "value": ["marketing:email", "survey:sms"]},
    {"not": {"field": "agreed", "is": "has_all", "value": ["marketing:email", "survey:email"]}},
    {"field": "refused", "is": "has_any", "value": ["marketing:email"]},
    {"did": "event", "where": {"field": "came_from", "is": "equals", "value": "advertising"}},
    {"not": {"did": "event", "within": {"last_days": 20}, "count": {"is": "at_least", "value": 2}}},
    {"any": [{"field": "email_known", "is": "equals", "value": True}, OFTEN["all"][1]]},
    *({"did": "bought", "count": {"is": is_, "value": value}} for is_, value in ONE_OR_SEVERAL),
    {
        "any": [
            {"did": "bought", "where": MILK, "count": {"is": is_, "value": value}}
            for is_, value in ONE_OR_SEVERAL[:2]
        ]
    },
    trait("plan", "text", "equals", "gold"),
    {"not": trait("plan", "text", "equals", "gold")},
    trait("plan", "text", "in", ["gold", "base"]),
    trait("план", "text", "contains", "ЗОЛОТ"),
    trait("plan", "text", "starts_with", "G"),
    trait("children", "number", "at_least", 2),
    trait("children", "number", "between", [-1.5, 2]),
    {"not": trait("children", "number", "in", [0, 2.5])},
    trait("card", "number", "more", 9_007_199_254_740_992),
    trait("pets", "boolean", "equals", False),
    trait("renews", "date", "in_next_days", 30),
    {"not": trait("renews", "date", "before_last_days", 5)},
    trait("renews", "date", "between", ["2026-01-01", "2026-03-31"]),
    trait('it\'s 100% \\ "so"', "text", "equals", "a'b\\c%"),
    {"field": "traits", "key": "plan", "is": "is_unknown"},
    {"field": "traits", "key": "tags", "is": "is_known"},
    with_property("category", "text", "equals", "coffee", count={"is": "at_least", "value": 2}),
    with_property("value", "number", "more", 50, within={"days_ago": [2, 30]}),
    {"not": with_property("value", "number", "less", 50.5, within={"last_days": 30})},
    with_property("due", "date", "in_next_days", 10),
    with_property("due", "date", "before_last_days", 3, within={"last_days": 20}),
    with_property("gift", "boolean", "equals", True, within={"last_hours": 400}),
    {"did": "event", "where": {"field": "properties", "key": "value", "is": "is_known"}},
    {"did": "event", "last": prop("gift", "boolean", "equals", True)},
    {"did": "event", "first": {"not": prop("category", "text", "in", ["tea", "coffee"])}},
)

TRAITS = (
    {"plan": "gold", "children": 2, "pets": True, "renews": "2026-03-20", "tags": ["a"]},
    {"plan": "Gold", "children": 2.5, "card": 9_007_199_254_740_993, "renews": "2026-01-01"},
    {"plan": 7, "children": "2", "pets": "yes", "renews": 20260320, "card": 2**53},
    {"план": "Самый золотой", "children": -1, "pets": False, "renews": "2026-03-09T23:30:00Z"},
    {"plan": {"name": "gold"}, "children": True, "renews": "2026-02-30", "tags": []},
    {'it\'s 100% \\ "so"': "a'b\\c%", "plan": "base", "children": 1e300, "plan\n2": "gold"},
    {"plan": "x" * 900, "children": 0, "renews": "2026-03-12 10:00"},
)
"""What programs say of people in words of their own, of any type."""

PROPERTIES = (
    {"category": "coffee", "value": 50, "gift": True, "due": "2026-03-15"},
    {"category": "tea", "value": 50.01, "gift": False},
    {"category": ["coffee"], "value": "51", "gift": 1, "due": "soon"},
    {"category": "coffee", "value": 1200.5, "due": "2026-03-01T00:00:00+03:00"},
    {},
)


GOLD_LATELY = {
    "all": [
        trait("plan", "text", "equals", "gold"),
        with_property("value", "number", "more", 50, within={"last_days": 30}),
    ]
}


@pytest.fixture
def people():
    """The small company with profiles, scores, answers, and two records merged, in the lake."""
    company.trade()
    company.goods_back()
    company.answers()
    ids = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    for at, pk in enumerate(ids):
        Customer.objects.filter(pk=pk).update(
            gender=["f", "m", ""][at % 3],
            birth_year=[1950, 1970, 1990, None][at % 4],
            traits={"city": ["Омск", "Tomsk"][at % 2], **TRAITS[at % len(TRAITS)]},
            email="a@example.com" if at % 2 else "",
        )
    company.visits()
    for at, pk in enumerate(TrackedEvent.objects.order_by("pk").values_list("pk", flat=True)):
        TrackedEvent.objects.filter(pk=pk).update(
            customer_id=ids[at % 7], properties=PROPERTIES[at % len(PROPERTIES)]
        )
    words(ids)
    for at, signal in enumerate(Signal.objects.order_by("pk")):
        Signal.objects.filter(pk=signal.pk).update(customer_id=ids[at % (len(ids) - 1)])
    Purchase.objects.update(bought_at=F("bought_at") - timedelta(microseconds=117_331))
    Customer.objects.filter(pk=ids[3]).update(merged_into_id=ids[0])
    Customer.objects.filter(pk=ids[4]).update(withdrawn_at=NOW)
    refresh_lake(now=NOW)
    score_customers(now=NOW)
    refresh_lake(now=NOW)
    here = Customer.objects.filter(merged_into=None, withdrawn_at=None)
    return list(here.order_by("pk").values_list("pk", flat=True))


def words(ids) -> None:
    """People say yes and no, for a while, to everything, of a text that is renewed, as one person."""
    choose = Random(7)
    for version, is_new in ((1, False), (2, True)):
        ConsentText.objects.create(
            purpose="marketing",
            language="en",
            version=version,
            text=f"V{version}",
            hash=f"{version}",
            needs_new_consent=is_new,
            published_at=NOW - (300 - 100 * version) * DAY,
        )
    texts = list(ConsentText.objects.order_by("pk"))
    for at in range(120):
        state = choose.choice(["given", "given", "given", "refused", "withdrawn", "pending"])
        is_yes = state in ("given", "pending")
        said_at = NOW - choose.randrange(1, 300) * DAY
        Consent.objects.create(
            key=f"word-{at}",
            customer_id=choose.choice(ids),
            purpose=choose.choice(["marketing", "survey", *([] if is_yes else ["", ""])]),
            channel=choose.choice(["email", "sms", *([] if is_yes else [""])]),
            state=state,
            basis="consent",
            at=said_at,
            valid_until=choose.choice([None, None, min(NOW, said_at + 30 * DAY), NOW + 3650 * DAY]),
            source="test",
            text=choose.choice([None, *texts]),
            covers=choose.choice([[], [ids[0], ids[3]]]),
            recorded_at=said_at,
            voided_at=choose.choice([None, None, None, None, NOW]),
        )


def parsed(raw):
    return parse(raw, CUSTOMER)


def in_utc(value):
    return value.replace(tzinfo=UTC) if hasattr(value, "hour") and value.tzinfo is None else value


def names_of(source) -> frozenset[str]:
    fields = source.kind.fields
    return frozenset(field.name for field in (*fields, *fields.open_fields))


@pytest.mark.django_db(transaction=True)
def test_database_and_lake_know_the_same(people) -> None:
    persons = people_among(people)
    for source in SOURCES:
        values = source.load(persons, NOW)
        table = run_tables(lambda lake, one=source: one.in_lake(Lake(lake)), source.reads)
        rows = {row.pop("person_id"): row for row in table.to_pylist()}
        for person in people:
            there = {name: values.get(person, {}).get(name) for name in source.names}
            here = {name: in_utc(rows.get(person, {}).get(name)) for name in source.names}
            assert here == there, (person, source.names)
    for name, source in FACT_SOURCES.items():
        asked = names_of(source) | {"id", "at", source.kind.counted_by or "id"}
        table = run_tables(
            lambda lake, one=source: one.in_lake(Lake(lake), names_of(one)), source.reads
        )
        here = {
            (row["person_id"], row["id"]): {key: in_utc(row[key]) for key in asked}
            for row in table.to_pylist()
            if row["person_id"] in people
        }
        there = {
            (person, row["id"]): {key: row[key] for key in asked}
            for person, rows in (source.load_open or source.load)(persons, None).items()
            for row in rows
        }
        assert here == there, name
        assert here, name


@pytest.mark.django_db(transaction=True)
def test_what_people_agree_to_is_what_the_door_goes_by(people) -> None:
    persons = people_among(people)
    (source,) = [one for one in SOURCES if "agreed" in one.names]
    values = source.load(persons, NOW)
    standings = states_of(people, NOW)
    seen = set()
    for person in people:
        told = {name: set(values.get(person, {}).get(name, ())) for name in ("agreed", "refused")}
        for (purpose, channel), standing in standings[person].items():
            pair = f"{purpose}:{channel}"
            assert (pair in told["agreed"]) == (standing.state == "given"), (person, pair)
            assert (pair in told["refused"]) == standing.is_no, (person, pair)
            seen.add(standing.state)
    assert seen >= {"given", "refused", "withdrawn", "expired", "outdated", "unknown"}


@pytest.mark.django_db(transaction=True)
def test_reach_counts_each_person_with_one_reason(people) -> None:
    everybody = parsed({"all": []})
    standings = states_of(people, NOW)
    emails = dict(Customer.objects.filter(pk__in=people).values_list("pk", "email"))
    for purpose, needs_yes in (("marketing", True), ("survey", False)):
        states = {one: standings[one][purpose, "email"] for one in people}
        found = {one.channel: one for one in reach_of(everybody, purpose, now=NOW)}["email"]
        assert found == {one.channel: one for one in reach_among(people, purpose, now=NOW)}["email"]
        reached = [one for one in people if emails[one]]
        may = [one for one in reached if allows("consent" if needs_yes else "", states[one])]
        assert (found.everybody, found.may) == (len(people), len(may))
        assert found.no_address == len(people) - len(reached)
        assert found.said_no == sum(states[one].is_no for one in reached) > 0
    assert reach_of(everybody, "nonsense", now=NOW) == []


@pytest.mark.django_db(transaction=True)
def test_a_segment_is_taken_as_csv_xlsx_and_ndjson(people) -> None:
    listed = create_segment("vip", SegmentInput("VIP", kind="static"), now=NOW)
    put_into_segment(listed, people[:4], now=NOW)
    make.merged(Customer.objects.get(pk=people[0]), Customer.objects.get(pk=people[1]))
    expected = {people[0], people[2], people[3]}
    key = create_key(name="k", scopes=["segments:read"], now=NOW)
    client = Client(headers={"authorization": f"Bearer {key.secret}"})

    def taken(format: str) -> bytes:
        answer = client.get(f"/api/v1/segments/vip/export?format={format}")
        assert "vip-" in answer["content-disposition"]
        return b"".join(answer.streaming_content)

    lines = [json.loads(line) for line in taken("ndjson").splitlines()]
    assert {line["customer_id"] for line in lines} == expected
    assert len(lines) == 3
    rows = list(csv.reader(taken("csv").decode("utf-8-sig").splitlines()))
    assert rows[0] == ["customer_id", "entered_at"]
    assert {int(row[0]) for row in rows[1:]} == expected
    sheet = CalamineWorkbook.from_filelike(BytesIO(taken("xlsx"))).get_sheet_by_index(0)
    assert {int(row[0]) for row in sheet.to_python()[1:]} == expected


@pytest.mark.django_db(transaction=True)
def test_ready_made_segments_are_there_once_and_stay_as_they_are(people) -> None:
    made = install_ready_made(now=NOW)
    codes = {one.code for one in made}
    assert codes >= {"advocates", "at_risk", "new_customers", "rfm_champions"}
    assert {f"generation_{one}" for one in ("boomers", "x", "millennials", "z")} <= codes
    assert {one for one in codes if one.startswith("rfm_")} == {f"rfm_{one}" for one in SEGMENTS}
    assert all(one.name_ru and one.is_ready_made for one in made)
    assert install_ready_made(now=NOW) == []
    fill_segments(now=NOW)
    follow(now=NOW)
    assert sum(sizes_of(made).values()) > len(people)
    advocates = Segment.objects.get(code="advocates")
    with pytest.raises(Refused):
        change_segment(advocates, SegmentInput("A", condition={"all": []}), now=NOW)
    kept = SegmentInput("Our fans", condition=advocates.condition, purpose="marketing")
    assert change_segment(advocates, kept, now=NOW).purpose == "marketing"


@pytest.mark.django_db(transaction=True)
def test_a_yes_that_ends_is_followed(people) -> None:
    now = timezone.now()
    asked = {"field": "agreed", "is": "has_any", "value": ["loyalty:push"]}
    segment = create_segment("yes", SegmentInput("Y", condition=asked), now=now)
    word = ConsentInput(
        customer=CustomerRef("id", str(people[0])),
        purpose="loyalty",
        channel="push",
        state="given",
        at=now,
        source="t",
    )
    record_consents([replace(word, valid_until=now + DAY)], now=now)
    work()
    assert members_among(segment, people) == {people[0]}
    assert size_of(parsed(asked), now=now + timedelta(minutes=1)).size == 1
    assert touch_expired(now=now + 2 * DAY, since=now) == 1
    assert size_of(parsed(asked), now=now + 2 * DAY).size == 0
    follow(now=now + 2 * DAY)
    assert sizes_of([segment]) == {segment.pk: 0}


@pytest.mark.django_db(transaction=True)
def test_a_fact_is_judged_by_a_moment_after_it(people) -> None:
    now = timezone.now()
    buyers = {"did": "purchase", "within": {"last_hours": 1}}
    segment = create_segment("now", SegmentInput("N", condition=buyers), now=now)
    make.purchase(customer=Customer.objects.get(pk=people[0]), bought_at=now, now=now)
    touch_customers([people[0]], now=now)
    moments = chain([now - DAY], repeat(now + timedelta(seconds=1)))
    follow_by(lambda: next(moments))
    assert members_among(segment, people) == {people[0]}


@pytest.mark.django_db(transaction=True)
def test_sizes_are_exact_whether_the_lake_is_fresh_or_old(people) -> None:
    for raw in ASKED:
        condition = parsed(raw)
        expected = matching_persons(condition, people, now=NOW)
        found = size_of(condition, now=NOW)
        assert (found.size, found.everybody, found.pending) == (len(expected), len(people), 0), raw
        assert set(found.sample) <= expected
    later = NOW + DAY
    buyer = Customer.objects.get(pk=people[-1])
    make.purchase(customer=buyer, bought_at=later, now=later)
    new = make.customer("New")
    touch_customers([buyer.pk, new.pk], now=later)
    for raw in ASKED[::4]:
        condition = parsed(raw)
        expected = matching_persons(condition, [*people, new.pk], now=later)
        assert size_of(condition, now=later).size == len(expected), raw
    two = overlap_of(parsed(ASKED[3]), parsed(ASKED[5]), now=later)
    both = parsed({"all": [ASKED[3], ASKED[5]]})
    assert two.both == size_of(both, now=later).size
    assert two.jaccard == two.both / (two.first + two.second - two.both)


@pytest.mark.django_db(transaction=True)
def test_people_come_and_go_by_facts_and_by_time(people) -> None:
    segments = {
        f"s{at}": create_segment(f"s{at}", SegmentInput(f"S{at}", condition=raw), now=NOW)
        for at, raw in enumerate(ASKED)
    }
    fill_segments(now=NOW)
    # Whoever changed since the lake's moment is left to the upkeep.
    follow(now=NOW)
    assert_right(segments, people, now=NOW)
    buyer = Customer.objects.get(pk=people[-1])
    make.purchase(customer=buyer, bought_at=NOW, now=NOW)
    touch_customers([buyer.pk], now=NOW)
    follow(now=NOW)
    assert_right(segments, people, now=NOW, only=[buyer.pk])
    for days in (1, 9, 31):
        later = NOW + days * DAY
        follow(now=later)
        assert_right(segments, people, now=later)
        assert not SegmentClock.objects.filter(changes_at__lte=later).exists()
    assert fill_segments(now=later) == dict.fromkeys(segments, (0, 0))


@pytest.mark.django_db(transaction=True)
def test_of_many_wishes_to_fill_the_first_does_the_work_of_all(people) -> None:
    everybody = SegmentInput("All", condition={"all": []})
    one, two = (create_segment(code, everybody, now=NOW) for code in ("one", "two"))
    filled = fill_waiting_segments([one.pk], now=NOW)
    assert set(filled) == {"one", "two"}
    assert fill_waiting_segments([two.pk], now=NOW) == {}


@pytest.mark.django_db(transaction=True)
def test_a_filling_in_pieces_tells_of_everybody_who_came_and_went(people, monkeypatch) -> None:
    everybody = SegmentInput("All", condition={"all": []})
    segment = create_segment("all", everybody, now=NOW)
    monkeypatch.setattr(filling, "PIECE", 2)
    SegmentTouch.objects.all().delete()
    assert fill_segments(now=NOW) == {"all": (len(people), 0)}
    assert members_among(segment, people) == set(people)
    gone = SegmentMember.objects.filter(segment=segment).order_by("customer_id")[:3]
    SegmentMember.objects.filter(pk__in=[one.pk for one in gone]).delete()
    stranger = make.customer("Stranger")
    Customer.objects.filter(pk=stranger.pk).update(withdrawn_at=NOW)
    SegmentMember.objects.create(segment=segment, customer=stranger, entered_at=NOW)
    SegmentTouch.objects.all().delete()
    assert fill_segments(now=NOW) == {"all": (3, 1)}
    told = Event.objects.filter(name="customers.SegmentsEntered").values_list("body", flat=True)
    assert sorted(id_ for body in told for id_ in body["customer_ids"]) == [
        one.customer_id for one in gone
    ]


def assert_right(segments, people, *, now, only=None) -> None:
    whom = set(only or people)
    for code, segment in segments.items():
        members = SegmentMember.objects.filter(segment=segment, left_at=None)
        held = set(members.values_list("customer_id", flat=True)) & whom
        assert held == matching_persons(parsed(segment.condition), whom, now=now), (code, now)


@pytest.mark.django_db(transaction=True)
def test_a_purchase_at_the_till_lets_a_customer_in_by_the_worker(people) -> None:
    bought_now = {"did": "purchase", "within": {"last_days": 1}}
    segment = create_segment("today", SegmentInput("T", condition=bought_now), now=NOW)
    work()
    assert sizes_of([segment]) == {segment.pk: 0}
    now = timezone.now()
    make.purchase(customer=Customer.objects.get(pk=people[0]), bought_at=now, now=now)
    work()
    assert members_among(segment, people) == {people[0]}
    assert SegmentClock.objects.get(customer_id=people[0]).changes_at == now + DAY
    follow(now=now + DAY)
    assert sizes_of([segment]) == {segment.pk: 0}


@pytest.mark.django_db(transaction=True)
def test_a_merge_drops_nobody_from_a_static_segment(people) -> None:
    listed = create_segment("vip", SegmentInput("VIP", kind="static"), now=NOW)
    assert put_into_segment(listed, people[:2], now=NOW) == 2
    assert put_into_segment(listed, people[:2], now=NOW) == 0
    Customer.objects.filter(pk=people[0]).update(merged_into_id=people[5])
    assert sizes_of([listed]) == {listed.pk: 2}
    assert members_among(listed, [people[0], people[5]]) == {people[0], people[5]}
    Customer.objects.filter(pk=people[0]).update(merged_into_id=None)
    assert members_among(listed, people) == set(people[:2])


@pytest.mark.django_db(transaction=True)
def test_bad_input_is_refused(people) -> None:
    made = create_segment("a", SegmentInput("A", condition=OFTEN), now=NOW)
    with pytest.raises(Conflict):
        create_segment("a", SegmentInput("A", condition=OFTEN), now=NOW)
    for told, field in (
        (SegmentInput(" ", condition=OFTEN), "name"),
        (SegmentInput("B", condition=None), "condition"),
        (SegmentInput("B", condition={"field": "x"}), "condition.field"),
        (SegmentInput("B", kind="static"), "kind"),
        (SegmentInput("B", condition=OFTEN, purpose="fun"), "purpose"),
    ):
        with pytest.raises(Refused) as refused:
            change_segment(made, told, now=NOW)
        assert refused.value.field == field
    for code in ("Чай", "tea lovers", "a/b", "x" * 51):
        with pytest.raises(Refused) as refused:
            create_segment(code, SegmentInput("A", condition=OFTEN), now=NOW)
        assert refused.value.field == "code"
    with pytest.raises(Refused):
        put_into_segment(made, people, now=NOW)
    changed = change_segment(made, SegmentInput("A", condition={"all": []}), now=NOW)
    assert (changed.version, changed.counted_at) == (2, None)
    fill_segments(now=NOW)
    change_segment(changed, SegmentInput("A", condition={"all": []}, is_on=False), now=NOW)
    fill_segments(now=NOW)
    assert sizes_of([made]) == {made.pk: 0}


@pytest.mark.django_db(transaction=True)
def test_the_api_makes_previews_and_explains(people) -> None:
    key = create_key(name="k", scopes=["*"], now=NOW)
    client = Client(headers={"authorization": f"Bearer {key.secret}"})
    fields = client.get("/api/v1/segments/fields").json()
    assert {fact["name"] for fact in fields["facts"]} >= {"purchase", "bought", "answered"}
    told = {"code": "often", "name": "Often", "condition": {"did": "purchase"}}
    made = client.post(
        "/api/v1/segments", told, "application/json", headers={"idempotency-key": "1"}
    )
    assert made.status_code == 201, made.content
    assert made.json()["sentence"] == "Purchases: at least one"
    work()
    shown = client.get("/api/v1/segments/often").json()
    asked = {"condition": {"did": "purchase"}, "other_code": "often"}
    preview = client.post(
        "/api/v1/segments/preview", asked, "application/json", headers={"idempotency-key": "2"}
    ).json()
    assert preview["size"] == shown["size"] == preview["overlap"]["both"] > 5
    assert len(client.get("/api/v1/segments/often/members").json()["items"]) == shown["size"]
    reason = client.get(f"/api/v1/segments/often/why/{people[0]}").json()
    assert (reason["is_member"], reason["reason"]["truth"]) == (True, True)
    wrong = {"condition": {"did": "flew"}}
    refused = client.post(
        "/api/v1/segments/preview", wrong, "application/json", headers={"idempotency-key": "3"}
    )
    assert refused.status_code == 422
    assert "condition.did" in refused.content.decode()


@pytest.mark.django_db(transaction=True)
def test_traits_and_properties_let_people_in_and_say_why(people) -> None:
    gold = create_segment("gold", SegmentInput("G", condition=GOLD_LATELY), now=NOW)
    work()
    now = timezone.now()
    told = {"plan": "gold", "children": 3}
    calls = [
        TrackedInput("site", "i1", "identify", now, now, user_id="g1", properties=told),
        TrackedInput(
            "site", "t1", "track", now, now, "Cart", user_id="g1", properties={"value": 50.01}
        ),
    ]
    record_tracked_events(calls, now=now)
    work()
    (member,) = SegmentMember.objects.filter(segment=gold, left_at=None)
    reason, _turn = why(parsed(gold.condition), member.customer_id, now=timezone.now())
    assert [part.found for part in reason.parts] == ["gold", 1]
    poor, _turn = why(parsed(gold.condition), people[2], now=timezone.now())
    assert (poor.truth, poor.parts[0].truth, poor.parts[0].found) == (False, None, 7)
    lesser = replace(calls[0], message_id="i2", properties={"plan": "base"})
    record_tracked_events([lesser], now=timezone.now())
    work()
    assert not SegmentMember.objects.filter(segment=gold, left_at=None).exists()
    key = create_key(name="k", scopes=["*"], now=NOW)
    client = Client(headers={"authorization": f"Bearer {key.secret}"})
    (opened,) = client.get("/api/v1/segments/fields").json()["open_fields"]
    assert {"key": "children", "as": "number"} in opened["seen"]
    wrong = {"condition": {"field": "traits", "key": "x" * 101, "is": "is_known"}}
    refused = client.post(
        "/api/v1/segments/preview", wrong, "application/json", headers={"idempotency-key": "9"}
    )
    assert refused.status_code == 422
    assert "condition.key" in refused.content.decode()


@pytest.mark.django_db(transaction=True)
def test_why_tells_when_time_will_change_the_answer(people) -> None:
    reason, turns_at = why(parsed(OFTEN), people[0], now=NOW)
    assert reason.parts[0].kind == "did"
    assert turns_at is None or turns_at > NOW
    assert Segment.objects.count() == 0


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore")
@pytest.mark.django_db(transaction=True)
def test_spark_and_duckdb_agree_on_every_expression(people) -> None:
    """Both engines give equal rows for fields, facts, windows, and all kinds of tests."""
    if shutil.which("java") is None or importlib.util.find_spec("pyspark") is None:
        pytest.skip("Java or PySpark is not installed")
    duck, spark = engine_for("duckdb"), engine_for("local[2]")
    now = in_company_zone(NOW)
    conditions = [parsed(raw) for raw in ASKED] + list(reasons_of("marketing").values())
    known = {one.name for one in (*CUSTOMER, *CUSTOMER.open_fields)}
    assert frozenset().union(*map(fields_of, conditions)) <= known
    table = people_with(conditions, Lake(tables()), now=now)
    truths = {f"c{at}": matching(one, table, now=now) for at, one in enumerate(conditions)}
    turning = next_turn(table, conditions, Lake(tables()), now=now)
    expression = turning.select("person_id", "turn_s", **truths).order_by("person_id")
    found = sources(facts_read(conditions))
    expected = duck.rows(expression, found)
    assert len(expected) == len(people)
    assert any(row["turn_s"] for row in expected)
    assert spark.rows(expression, found) == expected
    lake = Lake(tables())
    read = [(one, one.in_lake(lake)) for one in SOURCES]
    read += [(one, one.in_lake(lake, names_of(one))) for one in FACT_SOURCES.values()]
    for source, values in read:
        order = ["person_id", "id"] if "id" in values.columns else ["person_id"]
        names = sorted(set(values.columns) - {"day"})
        ordered = values.select(*names).order_by(order)
        assert spark.rows(ordered, sources(source.reads)) == duck.rows(
            ordered, sources(source.reads)
        ), source
