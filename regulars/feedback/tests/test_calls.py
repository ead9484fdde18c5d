"""Calls of operators: the list, one person for one operator, answers kept, outcomes, call-backs."""

import threading
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from regulars.channels.actions import change_contact_policy
from regulars.channels.actions.optouts import opt_out
from regulars.channels.models import ContactPolicy, Message
from regulars.company.models import Employee, Store
from regulars.core.api.keys import create_key
from regulars.core.errors import Conflict, Refused
from regulars.customers.models import Customer
from regulars.feedback.actions import InvitationInput, invite, receive_answers
from regulars.feedback.actions.call_list import claim_next, list_for_calling, set_free
from regulars.feedback.actions.call_outcomes import CallEnd, note_outcome
from regulars.feedback.actions.call_script import Deed, begin_script, go_on_with_script
from regulars.feedback.actions.quotas import set_quota
from regulars.feedback.models import Answer, Call, Callee, Sitting, Survey
from regulars.feedback.queries.calls import standing_of_list
from regulars.feedback.queries.sittings import response_of
from regulars.feedback.tests import cast
from tests import make

pytestmark = pytest.mark.django_db
NOW = cast.NOW
FAR_EAST = "Asia/Vladivostok"


@pytest.fixture
def asked() -> Survey:
    return cast.survey()


def listed(asked: Survey, name: str = "Ann Petrova", number: str = "+79161234567") -> Callee:
    """Somebody on the calling list, who lives in the far east."""
    store, _new = Store.objects.get_or_create(
        code="V", defaults={"name": "East", "timezone": FAR_EAST}
    )
    who = make.customer(name, phone=number)
    Customer.objects.filter(pk=who.pk).update(home_store=store)
    given = InvitationInput(
        survey_id=asked.pk, cause=f"visit:{who.pk}", customer_id=who.pk, channel="operator"
    )
    (invited,) = invite([given], now=NOW)
    assert invited.withheld == ""
    message = Message.objects.get(customer=who)
    list_for_calling({invited.invitation_id: message.pk}, now=NOW)
    return Callee.objects.get(invitation=invited.invitation_id)


def operator(number: int = 1) -> Employee:
    return make.employee("agent", email=f"operator{number}@example.com")


def claimed(who: Employee, now: datetime = NOW) -> Callee:
    found = claim_next(operator_id=who.pk, now=now)
    assert found is not None
    return found


def ended(callee: Callee, who: Employee, outcome: str, now: datetime = NOW, **told: Any) -> Callee:
    note_outcome(callee.pk, CallEnd(outcome, **told), operator_id=who.pk, now=now)
    callee.refresh_from_db()
    return callee


def disposition() -> str:
    return Sitting.objects.get().disposition


def test_answers_are_kept_one_by_one_and_another_operator_goes_on(asked: Survey) -> None:
    callee, first, second = listed(asked), operator(1), operator(2)
    assert claimed(first).pk == callee.pk
    step = begin_script(callee.pk, operator_id=first.pk, may_record=False, now=NOW)
    step = go_on_with_script(callee.pk, Deed("answer", "nps", 9), operator_id=first.pk, now=NOW)
    assert (step.talk.at, Sitting.objects.get().values) == ("satisfied", {"nps": 9})
    # A form that is sent twice answers the wrong question nothing.
    go_on_with_script(callee.pk, Deed("answer", "nps", 3), operator_id=first.pk, now=NOW)
    assert claim_next(operator_id=second.pk, now=NOW) is None
    late = NOW + timedelta(hours=1)
    assert claimed(second, late).pk == callee.pk
    with pytest.raises(Conflict):
        go_on_with_script(callee.pk, Deed("back"), operator_id=first.pk, now=late)
    step = begin_script(callee.pk, operator_id=second.pk, may_record=True, now=late)
    assert step.talk.at == "satisfied"
    back = go_on_with_script(callee.pk, Deed("back"), operator_id=second.pk, now=late)
    assert (back.talk.at, back.talk.values["nps"]) == ("nps", 9)
    for name, value in (("nps", 10), ("satisfied", 5), ("why", "Quick")):
        step = go_on_with_script(
            callee.pk, Deed("answer", name, value), operator_id=second.pk, now=late
        )
    assert step.talk.end == "complete"
    answer = Answer.objects.get()
    assert answer.values == {"nps": 10, "satisfied": 5, "why": "Quick"}
    assert (answer.channel, disposition()) == ("operator", "completed")
    told = Call.objects.order_by("pk").values_list("outcome", "may_record")
    assert list(told) == [("lapsed", False), ("completed", True)]
    callee.refresh_from_db()
    assert (callee.outcome, callee.calls, callee.held_until) == ("completed", 1, None)


def test_nobody_begins_before_recording_was_asked(asked: Survey) -> None:
    callee, who = listed(asked), operator()
    claimed(who)
    with pytest.raises(Refused, match="recorded"):
        begin_script(callee.pk, operator_id=who.pk, now=NOW)


def test_calls_are_repeated_until_enough_and_then_the_person_never_answered(asked: Survey) -> None:
    callee, who, now = listed(asked), operator(), NOW
    assert response_of(asked.pk, seen_by=who, now=NOW).counts == {"queued": 1}
    gaps = []
    while callee.closed_at is None:
        outcome = "busy" if not gaps else "no_answer"
        before = now
        ended(claimed(who, now), who, outcome, now)
        callee.refresh_from_db()
        now = max(now, callee.due_at)
        gaps.append(now - before)
        assert len(gaps) < 9
    assert gaps == [timedelta(minutes=15), *[timedelta(hours=3)] * 3, timedelta()]
    assert (callee.calls, disposition()) == (5, "unresponsive")
    assert claim_next(operator_id=who.pk, now=now + timedelta(days=9)) is None
    standing = standing_of_list(seen_by=who, now=now)
    assert (standing.calls_by_outcome, standing.reached) == ({"no_answer": 4, "busy": 1}, 0)
    assert standing.rates["CON1"] == 0


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("refused", "refused"),
        ("break_off", "refused"),
        ("wrong_number", "failed"),
        ("language", "unable"),
        ("ineligible", "ineligible"),
    ],
)
def test_an_outcome_ends_the_attempt(asked: Survey, outcome: str, expected: str) -> None:
    callee, who = listed(asked), operator()
    assert ended(claimed(who), who, outcome, note="a note").closed_at == NOW
    assert (disposition(), Call.objects.get().note) == (expected, "a note")
    assert response_of(asked.pk, seen_by=who, now=NOW).counts == {expected: 1}
    with pytest.raises(Conflict):
        ended(callee, who, "busy")


def test_who_breaks_off_after_enough_is_put_on_record_as_partial(asked: Survey) -> None:
    callee, who = listed(asked), operator()
    claimed(who)
    begin_script(callee.pk, operator_id=who.pk, may_record=True, now=NOW)
    for name, value in (("nps", 9), ("satisfied", 4)):
        go_on_with_script(callee.pk, Deed("answer", name, value), operator_id=who.pk, now=NOW)
    ended(callee, who, "break_off")
    assert (Answer.objects.get().is_partial, disposition()) == (True, "partial")


def test_a_call_back_is_due_by_the_customers_clock_and_not_in_quiet_hours(asked: Survey) -> None:
    change_contact_policy(ContactPolicy(quiet_from=time(21), quiet_until=time(9)))
    callee, who = listed(asked), operator()
    assert claim_next(operator_id=who.pk, now=NOW) is None, "it is ten in the evening there"
    callee.refresh_from_db()
    morning = datetime(2026, 3, 3, 9, tzinfo=ZoneInfo(FAR_EAST))
    assert callee.due_at == morning
    claimed(who, morning)
    for at, code in (
        (morning.replace(hour=22), "quiet_hours"),
        (morning, "time_out_of_range"),
        (None, "time_missing"),
    ):
        with pytest.raises(Refused) as refused:
            ended(callee, who, "call_back", morning, call_back_at=at)
        assert refused.value.code == code
    at = morning.replace(hour=18)
    assert ended(callee, who, "call_back", morning, call_back_at=at).is_call_back
    assert claim_next(operator_id=who.pk, now=at - timedelta(minutes=1)) is None
    other = listed(asked, "Ben", "+79161234568")
    Callee.objects.filter(pk=other.pk).update(due_at=NOW)
    assert claimed(who, at).pk == callee.pk, "who chose the time goes first"


def test_the_door_is_asked_before_each_call(asked: Survey) -> None:
    callee, who = listed(asked), operator()
    opt_out(channel="phone", address="+79161234567", now=NOW)
    assert claim_next(operator_id=who.pk, now=NOW) is None
    callee.refresh_from_db()
    assert (callee.outcome, callee.invitation.withheld) == ("withheld", "opted_out")
    assert response_of(asked.pk, seen_by=who, now=NOW).not_asked == {"opted_out": 1}


def test_whoever_an_operator_left_waits_or_goes_off_the_list_like_others(asked: Survey) -> None:
    change_contact_policy(ContactPolicy(quiet_from=time(21), quiet_until=time(9)))
    callee, first, second = listed(asked), operator(1), operator(2)
    claimed(first, datetime(2026, 3, 3, 12, tzinfo=ZoneInfo(FAR_EAST)))
    night = datetime(2026, 3, 3, 22, tzinfo=ZoneInfo(FAR_EAST))
    assert claim_next(operator_id=second.pk, now=night) is None
    callee.refresh_from_db()
    assert callee.due_at > night
    opt_out(channel="phone", address="+79161234567", now=night)
    assert claim_next(operator_id=second.pk, now=callee.due_at) is None
    assert list(Call.objects.values_list("outcome", flat=True)) == ["lapsed"]


def test_many_who_may_not_be_called_cost_no_statements_of_their_own(asked: Survey) -> None:
    who, counts = operator(), []
    for size in (2, 9):
        for number in range(size):
            phone = f"+7916{size}{number}00000"
            listed(asked, f"P{number}", phone)
            opt_out(channel="phone", address=phone, now=NOW)
        with CaptureQueriesContext(connection) as spent:
            assert claim_next(operator_id=who.pk, now=NOW) is None
        counts.append(len(spent))
    assert Callee.objects.filter(outcome="withheld").count() == 11
    assert counts[0] == counts[1], counts


def test_a_list_by_api_costs_the_same_however_long(asked: Survey) -> None:
    made = create_key(name="dialler", scopes=["calls:read"], now=timezone.now())
    key = {"authorization": f"Bearer {made.secret}"}
    counts = []
    for number in range(4):
        listed(asked, f"P{number}", f"+7916123450{number}")
        with CaptureQueriesContext(connection) as spent:
            told = Client().get("/api/v1/callees", headers=key).json()
        counts.append(len(spent))
    assert {one["timezone"] for one in told["items"]} == {FAR_EAST}
    assert counts[1] == counts[3], counts


def test_who_wants_no_more_calls_gets_none(asked: Survey) -> None:
    callee, who = listed(asked), operator()
    ended(claimed(who), who, "no_more_calls")
    other = cast.survey("after_service")
    given = InvitationInput(
        survey_id=other.pk,
        cause="x",
        customer_id=callee.invitation.customer_id,
        channel="operator",
    )
    (invited,) = invite([given], now=NOW + timedelta(days=60))
    assert invited.withheld == "opted_out"


def test_who_answered_elsewhere_or_meets_a_full_quota_is_not_rung(asked: Survey) -> None:
    callee, who = listed(asked), operator()
    receive_answers([cast.answer(asked, invitation_id=callee.invitation_id)], now=NOW)
    assert claim_next(operator_id=who.pk, now=NOW) is None
    callee.refresh_from_db()
    assert callee.outcome == "answered"
    other = listed(asked, "Ben", "+79161234568")
    set_quota(asked, name="All", places=1)
    receive_answers([cast.answer(asked, "b")], now=NOW)
    assert claim_next(operator_id=who.pk, now=NOW) is None
    other.refresh_from_db()
    assert (other.outcome, Sitting.objects.get(invitation=other.invitation_id).reason) == (
        "full",
        "All",
    )


def test_a_quota_that_fills_during_the_call_ends_it_politely(asked: Survey) -> None:
    callee, who = listed(asked), operator()
    set_quota(asked, name="Happy", places=0, condition="{nps} >= 9")
    claimed(who)
    begin_script(callee.pk, operator_id=who.pk, may_record=True, now=NOW)
    step = go_on_with_script(callee.pk, Deed("answer", "nps", 9), operator_id=who.pk, now=NOW)
    assert "enough answers" in step.said().text
    assert (Call.objects.get().outcome, disposition()) == ("full", "rejected")


def test_a_coordinator_takes_a_person_away(asked: Survey) -> None:
    callee, first, second = listed(asked), operator(1), operator(2)
    claimed(first)
    set_free(callee.pk, now=NOW)
    assert claimed(second).pk == callee.pk
    callee.refresh_from_db()
    assert (callee.calls, Call.objects.count()) == (0, 2)


@pytest.mark.django_db(transaction=True)
def test_operators_at_once_never_get_the_same_person(asked: Survey) -> None:
    count = 6
    for number in range(count):
        listed(asked, f"P{number}", f"+7916123450{number}")
    operators = [operator(number).pk for number in range(count)]
    got: list[int] = []
    barrier = threading.Barrier(2 * count)

    def ask(operator_id: int) -> None:
        barrier.wait()
        try:
            found = claim_next(operator_id=operator_id, now=NOW)
            assert found is not None
            got.append(found.pk)
        finally:
            connection.close()

    # Each operator asks twice at once, as after a double click.
    threads = [threading.Thread(target=ask, args=(one,)) for one in operators * 2]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(got) == sorted([*Callee.objects.values_list("pk", flat=True)] * 2)
    assert Call.objects.count() == count


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(operator(), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_a_call_from_the_screen_of_an_operator(asked: Survey, desk: Client) -> None:
    callee = listed(asked)
    base = f"/listen/calls/{callee.pk}"
    assert desk.post("/listen/calls/next").headers["Location"] == base
    begun = desk.get(base).content.decode()
    assert 'href="tel:+79161234567"' in begun
    assert "May this call be recorded" in begun
    desk.post(f"{base}/begin", {"may_record": "no"})
    shown = desk.get(base).content.decode()
    assert 'name="q-nps"' in shown
    assert "Do not record" in shown
    wrong = desk.post(f"{base}/answer", {"at": "nps", "q-nps": "77"})
    assert (wrong.status_code, b"Choose a number" in wrong.content) == (422, True)
    desk.post(f"{base}/answer", {"at": "nps", "q-nps": "3"})
    assert 'name="q-satisfied"' in desk.get(base).content.decode()
    past = {"call_back_at": "2026-01-05T11:00", "note": "in a meeting"}
    refused = desk.post(f"{base}/end/call_back", past)
    assert (refused.status_code, b"in a meeting" in refused.content) == (422, True)
    desk.post(f"{base}/end/refused", {"note": "in a hurry"})
    assert disposition() == "refused"
    assert "in a hurry" in desk.get(base).content.decode()
    assert desk.post(f"{base}/answer", {"at": "satisfied", "q-satisfied": "5"}).status_code == 302
    assert Sitting.objects.get().values == {"nps": 3}
    assert b"Refused to answer" in desk.get("/listen/calls").content
