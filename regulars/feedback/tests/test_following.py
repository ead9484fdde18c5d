"""Closing the loop: who gets an unhappy answer, by when, how it ends, and what came after."""

import json
import threading
import time
from datetime import time as clock
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from regulars.company.actions.people import deactivate_employee
from regulars.company.models import Employee
from regulars.core.api.keys import create_key
from regulars.core.errors import Refused
from regulars.customers.models import Customer, Purchase
from regulars.feedback.actions.answers import receive_answer
from regulars.feedback.actions.doubts import set_aside
from regulars.feedback.actions.follow_up_rules import RuleInput, add_follow_up_rule
from regulars.feedback.actions.following import (
    close_follow_up,
    give_follow_up,
    mark_overdue,
    note_follow_up,
    open_follow_ups,
    reopen_follow_up,
    take_follow_up,
)
from regulars.feedback.actions.signals import reopen_signals, resolve_signals
from regulars.feedback.events import AnswersReceived
from regulars.feedback.handlers import open_what_calls_for_it
from regulars.feedback.models import FollowUp, FollowUpNote, FollowUpRule, Signal
from regulars.feedback.queries.following import (
    FollowUpFilter,
    Reached,
    follow_up_counts,
    later_of,
    loop_effect,
    out_of_step,
)
from regulars.feedback.queries.signals import unhappy_count
from regulars.feedback.rules.following import Hours
from regulars.feedback.tests import cast

pytestmark = pytest.mark.django_db

NOW = cast.NOW
DAY = timedelta(days=1)


def answered(asked, score, key="a", **changes):
    given = cast.answer(asked, key, values={"nps": score, "satisfied": 3}, **changes)
    return receive_answer(given, now=NOW).answer_id


def opened(asked, score=2, key="a", **changes) -> FollowUp:
    (pk,) = open_follow_ups([answered(asked, score, key, **changes)], now=NOW)
    return FollowUp.objects.get(pk=pk)


def bought(customer: Customer, days: float, number: str = "") -> Purchase:
    """A purchase so many days after now; before it, with a minus."""
    return Purchase.objects.create(
        source="till", number=number or f"{customer.pk}:{days}", customer=customer,
        bought_at=NOW + days * DAY, total_minor=1_000, discount_minor=0, recorded_at=NOW,
    )  # fmt: skip


def test_an_unhappy_answer_goes_once_to_the_manager_of_its_store_with_a_clock():
    asked, mine, other = cast.survey(), cast.store("S1"), cast.store("S2")
    manager = cast.employee("store_manager", mine)
    ids = [
        answered(asked, 2, "a", store_id=mine.pk),
        answered(asked, 0, "b", store_id=other.pk),
        answered(asked, 9, "c", store_id=mine.pk),
        answered(asked, 1, "old", store_id=mine.pk, answered_at=NOW - 40 * DAY),
    ]
    aside = answered(asked, 1, "careless", store_id=mine.pk)
    set_aside([aside], employee=cast.employee(), now=NOW)
    assert len(open_follow_ups([*ids, aside], now=NOW)) == 2
    assert open_follow_ups(ids, now=NOW) == []
    rows = {one.cause: one for one in FollowUp.objects.all()}
    assert set(rows) == {f"answer:{ids[0]}", f"answer:{ids[1]}"}
    assert rows[f"answer:{ids[0]}"].owner_id == manager.pk
    assert rows[f"answer:{ids[1]}"].owner_id is None


def test_what_comes_in_is_opened_by_itself():
    fresh = answered(cast.survey(), 2, answered_at=timezone.now())
    open_what_calls_for_it(AnswersReceived(answer_ids=(fresh,)))
    assert FollowUp.objects.get().cause == f"answer:{fresh}"


def test_opening_many_takes_no_more_statements_than_opening_few(django_assert_max_num_queries):
    asked = cast.survey()
    few = [answered(asked, 2, f"few{n}") for n in range(2)]
    many = [answered(asked, 2, f"many{n}") for n in range(12)]
    with django_assert_max_num_queries(20) as counted:
        open_follow_ups(few, now=NOW)
    with django_assert_max_num_queries(len(counted)):
        assert len(open_follow_ups(many, now=NOW)) == 12


def test_the_narrowest_rule_says_whose_it_is_and_by_when():
    asked, boss = cast.survey(), cast.employee()
    add_follow_up_rule(RuleInput(owner_role="support_lead"), now=NOW)
    lead = cast.employee("support_lead")
    add_follow_up_rule(
        RuleInput(survey=asked, measure="nps", score_max=8, owner=boss, within_hours=2), now=NOW
    )
    mild, service = opened(asked, 8), cast.survey("after_service")
    assert (mild.owner_id, mild.due_at) == (boss.pk, NOW + timedelta(hours=2))
    given = cast.answer(service, "s", values={"effort": 1})
    (pk,) = open_follow_ups([receive_answer(given, now=NOW).answer_id], now=NOW)
    assert FollowUp.objects.get(pk=pk).owner_id == lead.pk
    for wrong in (
        {"score_max": 3},
        {"measure": "nps"},
        {"measure": "csat", "score_max": 9},
        {"owner_role": "cashier"},
        {"owner": cast.employee("cashier")},
        {"within_hours": 0},
        {"week": Hours(clock(9), clock(9, 1), frozenset({0}))},
    ):
        with pytest.raises(Refused):
            add_follow_up_rule(RuleInput(**wrong), now=NOW)


def test_work_on_it_is_noted_ends_with_the_signals_and_can_begin_again():
    boss, one = cast.employee(), opened(cast.survey())
    take_follow_up(one, by=boss, now=NOW)
    take_follow_up(one, by=boss, now=NOW)
    note_follow_up(one, "She waited an hour", by=boss, now=NOW, has_contact=True)
    done = close_follow_up(one, "solved", by=boss, now=NOW, text="A voucher")
    assert close_follow_up(one, "solved", by=boss, now=NOW).closed_at == done.closed_at
    assert [note.act for note in FollowUpNote.objects.order_by("pk")] == [
        "taken", "contacted", "closed",
    ]  # fmt: skip
    assert (unhappy_count(seen_by=boss), done.contacted_at) == (0, NOW)
    with pytest.raises(Refused) as refused:
        give_follow_up(one, None, by=boss, now=NOW)
    assert refused.value.code == "closed_already"
    reopen_follow_up(one, by=boss, now=NOW)
    assert unhappy_count(seen_by=boss) == 1
    ids = list(Signal.objects.filter(is_unhappy=True).values_list("pk", flat=True))
    resolve_signals(ids, employee=boss, now=NOW)
    assert FollowUp.objects.get().outcome == "settled"
    reopen_signals(ids, employee=boss, now=NOW)
    assert (FollowUp.objects.get().state, out_of_step()) == ("open", [])
    Signal.objects.update(resolved_at=NOW)
    assert len(out_of_step()) == 1


def test_it_is_told_once_that_it_is_overdue_and_nobody_gets_what_they_may_not_see():
    mine, other = cast.store("S1"), cast.store("S2")
    one = opened(cast.survey(), store_id=mine.pk)
    assert mark_overdue(now=one.due_at) == 0
    assert mark_overdue(now=one.due_at + DAY) == 1
    assert mark_overdue(now=one.due_at + DAY) == 0
    manager = cast.employee("store_manager", other)
    with pytest.raises(Refused) as refused:
        give_follow_up(one, manager, by=None, now=NOW)
    assert refused.value.code == "owner_of_other_store"
    which = FollowUpFilter("overdue")
    assert not which.rows(seen_by=manager, now=one.due_at + DAY).exists()
    assert which.rows(seen_by=cast.employee(), now=one.due_at + DAY).get() == one


def test_nobody_gets_what_their_role_or_their_stores_keep_from_them():
    asked, mine, other = cast.survey(), cast.store("S1"), cast.store("S2")
    named, boss = cast.employee("store_manager", mine), cast.employee("cx_manager")
    rule = RuleInput(owner=named, owner_role="cx_manager")
    add_follow_up_rule(rule, now=NOW)
    assert opened(asked, key="mine", store_id=mine.pk).owner_id == named.pk
    assert opened(asked, key="other", store_id=other.pk).owner_id == boss.pk
    Employee.objects.filter(pk=named.pk).update(role="cashier")
    assert opened(asked, key="later", store_id=mine.pk).owner_id == boss.pk


def test_an_answer_that_was_set_aside_hurries_nobody_and_is_no_load():
    asked, lead = cast.survey(), cast.employee("support_lead")
    second = Employee.objects.create_user("second@example.com", "correct horse", role=lead.role)
    add_follow_up_rule(RuleInput(owner_role="support_lead"), now=NOW)
    one = opened(asked, key="careless")
    assert one.owner_id == lead.pk
    set_aside([one.signal.answer_id], employee=lead, now=NOW)
    assert mark_overdue(now=one.due_at + DAY) == 0
    assert opened(asked, key="b").owner_id == lead.pk
    assert opened(asked, key="c").owner_id == second.pk


def test_an_answer_ends_as_a_whole_whichever_of_its_signals_is_settled():
    asked, boss = cast.survey(), cast.employee()
    add_follow_up_rule(RuleInput(measure="nps", score_max=8), now=NOW)
    given = cast.answer(asked, "mild", values={"nps": 8, "satisfied": 1})
    (pk,) = open_follow_ups([receive_answer(given, now=NOW).answer_id], now=NOW)
    unhappy = Signal.objects.get(is_unhappy=True)
    assert FollowUp.objects.get(pk=pk).signal_id != unhappy.pk
    assert resolve_signals([unhappy.pk], employee=boss, now=NOW) == 1
    assert (FollowUp.objects.get(pk=pk).state, out_of_step()) == ("closed", [])
    assert reopen_signals([unhappy.pk], employee=boss, now=NOW) == 1
    assert (FollowUp.objects.get(pk=pk).state, out_of_step()) == ("open", [])


@pytest.mark.django_db(transaction=True)
def test_what_is_settled_while_its_follow_up_is_being_opened_does_not_stay_open():
    asked, boss = cast.survey(), cast.employee()
    answer_id = answered(asked, 2)

    def open_it():
        try:
            open_follow_ups([answer_id], now=NOW)
        finally:
            connection.close()

    opening = threading.Thread(target=open_it)
    with transaction.atomic():
        resolve_signals([Signal.objects.get(is_unhappy=True).pk], employee=boss, now=NOW)
        opening.start()
        while opening.is_alive() and not somebody_waits():
            time.sleep(0.01)
    opening.join()
    assert (FollowUp.objects.count(), out_of_step()) == (0, [])


def somebody_waits() -> bool:
    """Whether another connection to this database waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone() is not None


def test_what_the_customer_did_later_stands_beside_it():
    ann, asked, boss = cast.customer(), cast.survey(), cast.employee()
    double = Customer.objects.create(name="Ann again", known_since=NOW, merged_into=ann)
    one = opened(asked, customer_id=ann.pk)
    for customer, days in ((ann, -100), (ann, -1), (double, 3), (ann, 80), (ann, 95)):
        bought(customer, days)
    answered(asked, 9, "next", customer_id=double.pk, answered_at=NOW + 20 * DAY)
    later = later_of([one], seen_by=boss, now=NOW + 30 * DAY)[one.pk]
    assert (later.before_count, later.after_count, later.days) == (1, 2, 30)
    assert (later.after_minor, later.next_score) == (2_000, 9)


def test_contacted_and_not_contacted_are_compared_as_far_as_they_can_be():
    asked, boss = cast.survey(), cast.employee()
    assert loop_effect(seen_by=boss, now=NOW).bought is None
    for n in range(24):
        person = cast.customer(f"P{n}")
        one = opened(asked, key=f"k{n}", customer_id=person.pk)
        if n % 2:
            note_follow_up(one, "", by=boss, now=NOW + DAY, has_contact=True)
            bought(person, 30)
        else:
            bought(person, 3)
            note_follow_up(one, "", by=boss, now=NOW + 20 * DAY, has_contact=True)
    found = loop_effect(seen_by=boss, now=NOW + 91 * DAY)
    assert (found.contacted.people, found.others.people) == (12, 12)
    assert (found.contacted.bought_again, found.others.bought_again) == (12, 0)
    assert found.bought.p_value < 0.001
    assert found.before.p_value > 0.5
    assert found.content is None


def test_what_happened_in_stores_of_others_is_not_compared():
    asked, mine, other = cast.survey(), cast.store("S1"), cast.store("S2")
    manager, person = cast.employee("store_manager", mine), cast.customer()
    opened(asked, customer_id=person.pk, store_id=mine.pk)
    for days in (-5, 30):
        bought(person, days)
    Purchase.objects.update(store=other)
    late = answered(asked, 9, "later", customer_id=person.pk, store_id=other.pk)
    Signal.objects.filter(answer=late).update(at=NOW + 30 * DAY)
    told = {
        who.role: loop_effect(seen_by=who, now=NOW + 91 * DAY).others
        for who in (manager, cast.employee())
    }
    assert told["owner"] == Reached(1, 1, 1, 1, 1)
    assert told["store_manager"] == Reached(1, 0, 0, 0, 0)


def test_what_somebody_had_who_left_is_counted_as_nobodys():
    asked, shop, boss = cast.survey(), cast.store(), cast.employee()
    manager = cast.employee("store_manager", shop)
    assert opened(asked, store_id=shop.pk).owner_id == manager.pk
    counted = [follow_up_counts(FollowUpFilter(), seen_by=boss, now=NOW)["unowned"]]
    deactivate_employee(manager)
    counted.append(follow_up_counts(FollowUpFilter(), seen_by=boss, now=NOW)["unowned"])
    assert counted == [0, 1]


def test_what_is_typed_wrong_is_refused_and_nothing_is_lost(client: Client):
    boss, asked = cast.employee(), cast.survey()
    one = opened(asked, customer_id=cast.customer("Ann").pk)
    client.force_login(boss, backend="regulars.company.access.RoleBackend")
    here = f"/listen/follow-ups/{one.pk}"
    assert client.post(f"{here}/act", {"act": "note", "text": " "}).status_code == 422
    refused = client.post(f"{here}/act", {"act": "give", "owner": "77", "text": "typed"})
    assert (refused.status_code, b"typed" in refused.content) == (422, True)
    for act in ({"act": "take"}, {"act": "contact", "text": "Spoke"}):
        assert client.post(f"{here}/act", act).status_code == 302
    assert "Ann" in client.get("/listen/follow-ups").content.decode()
    assert client.get("/listen/follow-ups?state=nonsense&whose=mine").status_code == 200
    rule = {
        "within_hours": "4", "opens": "10:00", "closes": "09:00", "weekdays": ["0"], "role": "owner",
    }  # fmt: skip
    assert client.post("/listen/follow-ups/rules", rule).status_code == 422
    assert client.post("/listen/follow-ups/rules", rule | {"closes": "12:00"}).status_code == 302


def test_a_program_may_close_it_and_reads_the_same():
    one = opened(cast.survey(), customer_id=cast.customer("Ann").pk)
    secret = create_key(name="t", scopes=("signals:read", "signals:write"), now=NOW).secret
    outside = Client(headers={"Authorization": f"Bearer {secret}"})
    door = f"/api/v1/follow-ups/{one.pk}/acts"
    headers = {"Idempotency-Key": "k1"}
    told = json.dumps({"act": "close", "outcome": "explained", "text": "Sorry"})
    sent = [outside.post(door, told, "application/json", headers=headers) for _ in range(2)]
    assert [one.status_code for one in sent] == [201, 201]
    assert sent[0].json()["outcome"] == "explained"
    assert outside.get(f"/api/v1/follow-ups/{one.pk}").json()["notes"][-1]["text"] == "Sorry"
    assert outside.get("/api/v1/follow-ups").json()["items"] == []
    assert outside.get("/api/v1/follow-ups?state=closed").json()["items"][0]["id"] == one.pk
    listed = outside.get("/api/v1/signals?unhappy=true").json()["items"]
    assert [signal["is_set_aside"] for signal in listed] == [False]


def test_the_clock_of_a_rule_is_on_the_wall_and_gets_to_its_end():
    secret = create_key(name="t", scopes=("surveys:write",), now=NOW).secret
    outside = Client(headers={"Authorization": f"Bearer {secret}"})
    for at, week in enumerate(
        ({"opens": "09:00Z"}, {"opens": "09:00:00", "closes": "09:00:01", "weekdays": [0]})
    ):
        sent = outside.post(
            "/api/v1/follow-up-rules", json.dumps(week), "application/json",
            headers={"Idempotency-Key": f"k{at}"},
        )  # fmt: skip
        assert sent.status_code in {400, 409, 422}, sent.content
    assert not FollowUpRule.objects.exists()


def test_a_closed_follow_up_without_outcome_cannot_be_on_record():
    one = opened(cast.survey())
    with pytest.raises(Exception, match="a_closed_follow_up_has_an_outcome"):
        FollowUp.objects.filter(pk=one.pk).update(state="closed", closed_at=NOW)
    assert connection.needs_rollback is True
    connection.set_rollback(False)
