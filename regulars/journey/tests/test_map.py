"""The map and its touchpoints: numbers, goals, grey zones, pages and operations."""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from regulars.company.models import Agent
from regulars.core.api.keys import create_key
from regulars.core.errors import Refused
from regulars.journey.actions import PassageInput, TargetInput, record_passages, set_target
from regulars.journey.measures import Measure, Period, measures
from regulars.journey.models import Passage, TargetModel, Touchpoint
from regulars.journey.queries import journey_map
from regulars.journey.rules import Number
from tests import make

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PERIOD = Period(NOW - timedelta(days=30), NOW + timedelta(days=1))


class Courtesy:
    """A measure that knows three touchpoints."""

    label, low, high, unit = "Courtesy", 0.0, 10.0, ""

    def __init__(self) -> None:
        self.known: dict[int, Number] = {}

    def numbers(
        self,
        touchpoint_ids: Sequence[int],
        period: Period,
        *,
        store_ids: Collection[int] | None,
    ) -> dict[int, Number]:
        return {pk: self.known[pk] for pk in touchpoint_ids if pk in self.known}


@pytest.fixture
def courtesy() -> Iterator[Courtesy]:
    measure = Courtesy()
    check: Measure = measure
    measures.kinds()
    measures.add("courtesy")(check)
    yield measure
    measures._kinds.pop("courtesy")


def pass_through(touchpoint: Touchpoint, times: int, **told: object) -> None:
    record_passages(
        [
            PassageInput(touchpoint.pk, NOW, f"{touchpoint.code}:{told}:{each}", **told)  # type: ignore[arg-type]
            for each in range(times)
        ]
    )


def test_the_grey_zones_of_a_planted_journey_are_found_exactly(courtesy):
    codes = ("card", "letter", "hotline", "delivery", "reviews")
    card, letter, hotline, delivery, reviews = (make.touchpoint(code) for code in codes)
    for touchpoint in (card, letter, hotline, delivery, reviews):
        set_target(touchpoint, TargetInput(measure="courtesy", goal=Decimal(5)), now=NOW)
    courtesy.known = {
        card.pk: Number(8.0, 40, 7.0, 9.0),
        letter.pk: Number(8.0, 29, 7.0, 9.0),
        hotline.pk: Number(3.0, 30, 2.0, 4.0),
        reviews.pk: Number(5.0, 300, 4.5, 5.5),
    }
    for touchpoint, times in ((card, 6), (letter, 3), (hotline, 2), (delivery, 1)):
        pass_through(touchpoint, times)
    found = journey_map(PERIOD, store_ids=None)
    assert [cell.touchpoint for cell in found.greyest] == [letter, delivery]
    coverage = found.coverage
    assert (coverage.passed, coverage.grey, coverage.passages, coverage.grey_passages) == (
        4,
        2,
        12,
        4,
    )
    standings = {cell.touchpoint.code: cell.standing for cell in found.cells}
    assert [standings[code] for code in codes] == [
        "met",
        "too_few",
        "below",
        "not_measured",
        "open",
    ]


def test_only_the_asked_stores_and_days_count():
    card, here, there = make.touchpoint("card"), make.store(), make.store()
    pass_through(card, 2, store_id=here.pk)
    pass_through(card, 1, store_id=there.pk)
    assert journey_map(PERIOD, store_ids={here.pk}).coverage.passages == 2
    assert journey_map(Period(NOW, NOW), store_ids=None).coverage.passages == 0


def test_the_map_costs_the_same_with_many_touchpoints(django_assert_max_num_queries):
    make.touchpoint()
    with django_assert_max_num_queries(12):
        journey_map(PERIOD, store_ids=None)


def test_a_target_model_is_followed_and_never_changed(courtesy):
    card = make.touchpoint("card")
    before = TargetModel.objects.filter(touchpoint=card).count()
    first = set_target(card, TargetInput("Quick", measure="courtesy", goal=Decimal(5)), now=NOW)
    same = set_target(card, TargetInput("Quick", measure="courtesy", goal=Decimal(5)), now=NOW)
    assert same == first
    set_target(card, TargetInput("Quicker"), now=NOW + timedelta(days=1))
    assert TargetModel.objects.filter(touchpoint=card).count() == before + 2


@pytest.mark.parametrize(
    "target", [TargetInput(goal=Decimal(5)), TargetInput(measure="courtesy", goal=Decimal(11))]
)
def test_a_goal_without_measure_or_off_its_scale_is_refused(courtesy, target):
    with pytest.raises(Refused) as refused:
        set_target(make.touchpoint("card"), target, now=NOW)
    assert refused.value.field == "goal"


@pytest.fixture
def manager(client: Client) -> Client:
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(make.employee("cx_manager"), backend=backend)
    return client


def test_the_pages_show_the_map_and_take_a_target_model(manager, courtesy):
    assert "drawn here" in manager.get("/journey").content.decode()
    manager.post("/journey/start")
    card = make.touchpoint("card")
    Passage.objects.create(touchpoint=card, at=timezone.now(), cause="x")
    page = manager.get("/journey").content.decode()
    assert "Grey zone" in page
    assert "Worth measuring next" in page
    address = f"/journey/{card.pk}/target"
    wrong = manager.post(address, {"measure": "courtesy", "goal": "99"})
    assert (wrong.status_code, "between 0 and 10" in wrong.content.decode()) == (422, True)
    assert manager.post(address, {"measure": "courtesy", "goal": "7"}).status_code == 302
    assert "Courtesy" in manager.get(f"/journey/{card.pk}").content.decode()


def test_bulk_passages_answer_each_line(client):
    card, ann = make.touchpoint("card"), make.customer("Ann")
    scopes = ["journey:read", "journey:write"]
    secret = create_key(name="test", scopes=scopes, now=timezone.now()).secret
    head = {"Authorization": f"Bearer {secret}"}
    line = {"touchpoint": "card", "at": "2026-03-02T12:00:00+00:00", "customer_id": ann.pk}
    lines = [
        {**line, "cause": "app:1", "served_by": " 1042 "},
        {**line, "cause": "app:1"},
        {**line, "cause": "app:2", "touchpoint": "nowhere"},
    ]
    body = "\n".join(json.dumps(each) for each in lines)
    path = "/api/v1/passages/bulk"
    answer = client.post(path, body, content_type="application/x-ndjson", headers=head)
    told = [json.loads(each) for each in answer.content.decode().splitlines()]
    assert [each["status"] for each in told] == [200, 200, 422]
    assert [each["result"]["created"] for each in told[:2]] == [True, False]
    assert told[2]["errors"][0]["field"] == "touchpoint"
    listed = client.get("/api/v1/passages?touchpoint=card", headers=head).json()["items"]
    assert [each["cause"] for each in listed] == ["app:1"]
    assert card.code == listed[0]["touchpoint"]
    assert listed[0]["served_by_id"] == Agent.objects.get(code="1042").pk
