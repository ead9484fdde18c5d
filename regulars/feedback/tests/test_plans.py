"""Plans of asking: from what happened to an invitation, with a reason for everybody left out."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from regulars.channels.models import Message
from regulars.company.models import Store
from regulars.core.api.keys import create_key
from regulars.core.errors import Refused
from regulars.customers.actions.segments import SegmentInput, create_segment
from regulars.customers.models import Customer, Segment, SegmentMember
from regulars.feedback.actions import receive_answers
from regulars.feedback.actions.asking import ask_due
from regulars.feedback.actions.nominating import (
    after_passages,
    after_purchases,
    nominate_everybody,
    start_turns,
)
from regulars.feedback.actions.plans import Happened, PlanInput, nominate, set_plan, switch_plan
from regulars.feedback.actions.surveys import publish_version
from regulars.feedback.models import AskingPlan, Candidate, Invitation
from regulars.feedback.queries.plans import why_asked
from regulars.feedback.queries.surveys import latest_version
from regulars.feedback.rules.plans import is_drawn
from regulars.feedback.tests import cast
from regulars.journey.actions import PassageInput, record_passages
from regulars.journey.models import Passage, Touchpoint
from tests import make

pytestmark = pytest.mark.django_db
NOW = cast.NOW


def people(count: int, **told: Any) -> list[Customer]:
    """Customers who may be asked by e-mail."""
    rows = [
        Customer(name=f"P{n}", email=f"p{n}@example.com", phone="", known_since=NOW, **told)
        for n in range(count)
    ]
    return Customer.objects.bulk_create(rows)


def plan(**changes: Any) -> AskingPlan:
    told: dict[str, Any] = {"name": "After a purchase", "trigger": "purchase"}
    return set_plan(cast.survey(), PlanInput(**told | changes), now=NOW)


def candidates(asking: AskingPlan, who: list[Customer], at: Any = NOW) -> None:
    given = [Happened(customer_id=one.pk, cause=f"purchase:{one.pk}", at=at) for one in who]
    nominate(asking, given, now=NOW)


def segment(code: str) -> Segment:
    return create_segment(code, SegmentInput(name=code.title(), kind="static"), now=NOW)


def states() -> dict[str, tuple[str, str]]:
    rows = Candidate.objects.values_list("customer__name", "state", "reason")
    return {name: (state, reason) for name, state, reason in rows}


@pytest.fixture
def outbox(settings: Any) -> Callable[[], list[tuple[str, str]]]:
    """The messages that were let out, by channel and key's last part."""

    def read() -> list[tuple[str, str]]:
        rows = Message.objects.filter(state="waiting").order_by("pk")
        return [
            (channel, key.rpartition("invitation:")[2])
            for channel, key in rows.values_list("channel", "key")
        ]

    return read


def test_a_purchase_leads_to_an_invitation_at_its_moment(outbox: Any):
    asking = plan(delay_minutes=60)
    who = make.customer(email="ann@example.com")
    shop = make.store("S1")
    bought = make.purchase(customer=who, store_code="S1", bought_at=NOW)
    for _ in range(2):
        after_purchases([bought.purchase_id], now=NOW)
    assert ask_due(now=NOW + timedelta(minutes=59)) == 0
    assert ask_due(now=NOW + timedelta(minutes=60)) == 1
    asked = Invitation.objects.get()
    assert (asked.cause, asked.purchase_id, asked.store_id) == (
        f"purchase:{bought.purchase_id}",
        bought.purchase_id,
        shop.pk,
    )
    assert Candidate.objects.get().state == "over"
    (told,) = why_asked(who.pk, seen_by=cast.employee())
    assert told.was_asked
    assert asking.pk == told.candidate.plan_id
    after_purchases([bought.purchase_id], now=NOW + timedelta(days=9))
    assert Candidate.objects.count() == 1


def test_everybody_left_out_has_a_reason():
    rich = segment("rich")
    asking = plan(segment=rich, share_per_mille=500, every_days=30)
    who = people(40)
    SegmentMember.objects.bulk_create(
        SegmentMember(segment=rich, customer=one, entered_at=NOW) for one in who[:30]
    )
    drawn = [one for one in who if is_drawn(asking.pk, one.pk, share_per_mille=500)]
    lately = next(one for one in drawn if one in who[:30])
    version = asking.survey
    asked_before = cast.answer(version)
    Invitation.objects.create(
        survey=version,
        version=asked_before.version,
        cause="x",
        token="x",
        customer=lately,
        channel="email",
        created_at=NOW - timedelta(days=29),
    )
    candidates(asking, who)
    ask_due(now=NOW)
    found = states()
    for number, one in enumerate(who):
        expected: tuple[str, str] = ("over", "last_step")
        if one not in drawn:
            expected = ("not_asked", "not_sampled")
        elif number >= 30:
            expected = ("not_asked", "not_in_segment")
        elif one == lately:
            expected = ("not_asked", "asked_lately")
        assert found[one.name] == expected
    assert Invitation.objects.count() == 1 + sum(state == "over" for state, _ in found.values())


def test_the_door_keeps_its_word_and_its_reason_is_kept():
    asking = plan()
    (ann,) = people(1)
    candidates(asking, [ann])
    nominate(asking, [Happened(customer_id=ann.pk, cause="purchase:second", at=NOW)], now=NOW)
    ask_due(now=NOW)
    rows = Candidate.objects.order_by("pk").values_list("state", "reason")
    assert list(rows) == [("over", "last_step"), ("not_asked", "asked_enough")]


def test_another_channel_and_reminders_follow_until_somebody_answers(outbox: Any):
    modes = (("email", 0), ("outbox", 120))
    asking = plan(modes=modes, reminder_days=(3, 7))
    first, second = people(2)
    candidates(asking, [first, second])
    ask_due(now=NOW)
    assert [channel for channel, _ in outbox()] == ["email", "email"]
    assert ask_due(now=NOW + timedelta(minutes=119)) == 0
    asked = Invitation.objects.get(customer=first)
    receive_answers([cast.answer(asking.survey, invitation_id=asked.pk)], now=NOW)
    ask_due(now=NOW + timedelta(minutes=120))
    other = Invitation.objects.get(customer=second)
    assert outbox()[2:] == [("outbox", f"{other.pk}:1")]
    for days in (3, 7, 9):
        ask_due(now=NOW + timedelta(days=days))
    assert [key for _, key in outbox()[3:]] == [f"{other.pk}:2", f"{other.pk}:3"]
    assert states() == {"P0": ("over", "answered"), "P1": ("over", "last_step")}
    assert Message.objects.filter(is_reminder=True).count() == 3


def test_two_plans_of_one_survey_ask_once_after_one_cause():
    first = plan()
    second = set_plan(first.survey, PlanInput(name="Second", trigger="purchase"), now=NOW)
    who = people(1)
    for one in (first, second):
        candidates(one, who)
    ask_due(now=NOW)
    rows = Candidate.objects.order_by("pk").values_list("state", "reason")
    assert list(rows) == [("over", "last_step"), ("not_asked", "asked_already")]


def test_an_answer_leads_to_no_further_question_about_the_same_passage():
    asking = plan(trigger="passage", subject="purchase_shop")
    (ann,) = people(1)
    place = Touchpoint.objects.get(code="purchase_shop")
    record_passages(
        [PassageInput(touchpoint_id=place.pk, customer_id=ann.pk, at=NOW, cause="visit:1")]
    )
    after_passages(list(Passage.objects.values_list("pk", flat=True)), now=NOW)
    ask_due(now=NOW)
    invitation = Invitation.objects.get()
    told = {"customer_id": ann.pk, "touchpoint_id": place.pk}
    receive_answers(
        [
            cast.answer(asking.survey, "a", invitation_id=invitation.pk, **told),
            cast.answer(asking.survey, "b", **told),
        ],
        now=NOW,
    )
    assert Passage.objects.count() == 2, "the visit asked about, and the one nobody asked about"
    after_passages(list(Passage.objects.values_list("pk", flat=True)), now=NOW)
    assert Candidate.objects.count() == 1


def test_a_closed_channel_makes_way_for_the_next_one_at_once(outbox: Any):
    asking = plan(modes=(("email", 0), ("outbox", 120)))
    who = Customer.objects.create(name="Mute", known_since=NOW)
    candidates(asking, [who])
    ask_due(now=NOW)
    assert states()["Mute"] == ("waiting", "no_address")
    ask_due(now=NOW)
    assert states()["Mute"] == ("over", "last_step")
    assert [channel for channel, _ in outbox()] == ["outbox"]
    assert Invitation.objects.get().withheld == ""


def test_nobody_is_asked_outside_the_hours_of_asking_where_they_live():
    east = make.store("east")
    Store.objects.filter(pk=east.pk).update(timezone="Asia/Vladivostok")
    asking = plan(hours_from=time(10), hours_until=time(20))
    candidates(asking, people(1, home_store=east))
    due = Candidate.objects.get().due_at
    assert due is not None
    assert due.isoformat() == "2026-03-03T00:00:00+00:00"


def test_a_plan_that_is_switched_off_asks_nobody_and_says_so():
    asking = plan()
    candidates(asking, people(1))
    switch_plan(asking, is_on=False)
    ask_due(now=NOW)
    assert states() == {"P0": ("not_asked", "plan_off")}
    assert not Invitation.objects.exists()


def test_a_turn_by_the_clock_asks_everybody_in_the_segment_once():
    loyal = segment("loyal")
    SegmentMember.objects.bulk_create(
        SegmentMember(segment=loyal, customer=one, entered_at=NOW) for one in people(3)
    )
    asking = plan(trigger="schedule", segment=loyal, every_days=90, next_at=NOW)
    assert start_turns(now=NOW + timedelta(days=100)) == 1
    asking.refresh_from_db()
    assert asking.next_at == NOW + timedelta(days=180)
    for _ in range(2):
        nominate_everybody(plan_id=asking.pk, turn="2026-03-02")
    assert Candidate.objects.count() == 3


def test_the_number_of_statements_does_not_depend_on_the_batch(django_assert_max_num_queries: Any):
    asking = plan()
    candidates(asking, people(200))
    with django_assert_max_num_queries(40):
        assert ask_due(now=NOW) == 200


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("trigger", {"trigger": "moon"}),
        ("subject", {"trigger": "passage"}),
        ("subject", {"trigger": "segment", "subject": "nobody"}),
        ("segment", {"trigger": "schedule"}),
        ("hours_until", {"hours_from": time(9)}),
        ("modes", {"modes": (("email", 0), ("pigeon", 5))}),
        ("modes", {"modes": (("email", 0), ("outbox", 0))}),
        ("reminder_days", {"reminder_days": (7, 3)}),
        ("share_per_mille", {"share_per_mille": 0}),
    ],
)
def test_a_plan_that_cannot_work_is_refused(field: str, changes: dict[str, Any]):
    with pytest.raises(Refused) as refused:
        plan(**changes)
    assert refused.value.field == field


def test_a_plan_is_made_on_its_page_and_explained_on_another(client: Client):
    asked = cast.survey()
    client.force_login(cast.employee())
    told = {
        "name": "Buyers",
        "survey": asked.pk,
        "trigger": "purchase",
        "share_percent": "12.5",
        "delay_minutes": "60",
        "every_days": "0",
        "channel": "email",
        "second_channel": "outbox",
        "second_after": "120",
        "reminders": "3, 7",
        "is_on": "on",
    }
    assert client.post("/listen/plans/new", told | {"reminders": "7, 3"}).status_code == 422
    assert client.post("/listen/plans/new", told).status_code == 302
    made = AskingPlan.objects.get()
    assert (made.share_per_mille, made.reminder_days) == (125, [3, 7])
    (ann,) = people(1)
    Candidate.objects.create(
        plan=made, customer=ann, cause="c", at=NOW, state="not_asked", reason="not_sampled"
    )
    for path in (f"/listen/plans/{made.pk}", f"/customers/{ann.pk}/asked"):
        assert "the plan asks a share only" in client.get(path).content.decode()
    assert b"12.5%" in client.get("/listen/plans").content


POLICY = {"sampling": {"share": 0.25}, "contactPolicy": {"everyDays": 90, "reminders": [7, 3]}}


def settings_of(asking: AskingPlan) -> tuple[int, int, list[int]]:
    return asking.share_per_mille, asking.every_days, asking.reminder_days


def test_what_is_not_given_is_taken_from_the_published_version_and_what_is_given_wins():
    asked = cast.survey(regulars=POLICY)
    told = {"name": "p", "trigger": "purchase"}
    made = set_plan(asked, PlanInput(**told), now=NOW)
    assert settings_of(made) == (250, 90, [3, 7])
    assert made.taken == {"share_per_mille": 1, "every_days": 1, "reminder_days": 1}
    given = PlanInput(**told, share_per_mille=1000, every_days=0, reminder_days=())
    assert settings_of(set_plan(asked, given, now=NOW)) == (1000, 0, [])
    assert AskingPlan.objects.get().taken == {}
    assert settings_of(plan()) == (1000, 0, [])


def test_a_later_version_changes_no_plan_until_it_is_saved_with_that_left_out():
    asked = cast.survey(regulars=POLICY)
    told = {"name": "p", "trigger": "purchase"}
    set_plan(asked, PlanInput(**told), now=NOW)
    later = POLICY | {"sampling": {"share": 0.5}}
    definition = latest_version(asked).definition | {"regulars": later}
    publish_version(asked, definition=definition, now=NOW)
    kept = PlanInput(**told, share_per_mille=250, every_days=30)
    saved = set_plan(asked, kept, now=NOW)
    assert settings_of(saved) == (250, 30, [3, 7])
    assert saved.taken == {"share_per_mille": 1, "reminder_days": 2}
    assert set_plan(asked, PlanInput(**told), now=NOW).share_per_mille == 500


def test_a_clock_may_take_its_days_from_the_survey_but_not_from_nowhere():
    told = {"name": "p", "trigger": "schedule", "segment": segment("rich")}
    assert set_plan(cast.survey(regulars=POLICY), PlanInput(**told), now=NOW).every_days == 90
    with pytest.raises(Refused) as refused:
        plan(**told)
    assert refused.value.field == "every_days"


def test_the_form_and_the_page_say_where_a_setting_comes_from():
    client = Client()
    client.force_login(make.employee("cx_manager"))
    cast.survey()
    asked = cast.survey("after_service", regulars=POLICY)
    form = client.get(f"/listen/plans/new?survey={asked.pk}").content.decode()
    assert f"taken from “{asked.name}”" in form
    assert "25 %" in form
    assert "3 days, 7 days" in form
    told = {
        "name": "P",
        "survey": asked.pk,
        "trigger": "purchase",
        "delay_minutes": 0,
        "is_on": "on",
    }
    told |= {"every_days": "0", "second_after": 120, "third_after": 1440}
    saved = client.post("/listen/plans/new", told)
    made = AskingPlan.objects.get()
    assert settings_of(made) == (250, 0, [3, 7])
    page = client.get(saved["Location"]).content.decode()
    assert page.count("from version 1 of the survey") == 2
    assert page.count("set in this plan") == 1
    edit = client.get(f"/listen/plans/{made.pk}/edit").content.decode()
    assert 'value="25.0"' in edit
    client.post(f"/listen/plans/{made.pk}/edit", told | {"share_percent": "25.0", "reminders": "0"})
    made.refresh_from_db()
    assert (settings_of(made), made.taken) == ((250, 0, []), {"share_per_mille": 1})


def test_the_api_says_what_a_plan_took():
    secret = create_key(name="shop", scopes=["surveys:write"], now=timezone.now()).secret
    asked = cast.survey(regulars=POLICY)
    given = {"survey_id": asked.pk, "name": "P", "trigger": "purchase", "reminder_days": []}
    answered = Client().put(
        "/api/v1/plans", given, content_type="application/json",
        headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "p"},
    )  # fmt: skip
    made = answered.json()
    assert (made["share_per_mille"], made["every_days"], made["reminder_days"]) == (250, 90, [])
    assert made["taken"] == {"share_per_mille": 1, "every_days": 1}
