"""Sittings: kept at each step, resumed anywhere, handed over once, and counted as the standard says."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regulars.company.models import Store
from regulars.core.errors import Refused
from regulars.feedback.actions import InvitationInput, invite, receive_answers
from regulars.feedback.actions.closing import CLOSED_AFTER, close_sittings
from regulars.feedback.actions.quotas import set_quota
from regulars.feedback.actions.sittings import (
    SittingInput,
    end_sitting,
    finish_sitting,
    finish_sittings,
    invited_input,
    keep_answers,
    open_sitting,
    open_sittings,
)
from regulars.feedback.actions.surveys import create_survey, publish_version
from regulars.feedback.models import Answer, Invitation, PublicLink, Quota, Signal, Sitting, Survey
from regulars.feedback.queries.quotas import miscounted_quotas
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.queries.sittings import response_of
from regulars.feedback.queries.surveys import latest_version
from regulars.feedback.tests import cast
from regulars.feedback.tests.test_survey_page import hidden, post

PAGES: dict[str, Any] = {
    "pages": [
        {
            "name": "one",
            "elements": [{"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10}],
        },
        {
            "name": "two",
            "elements": [
                {"type": "text", "name": "city", "isRequired": True},
                {"type": "comment", "name": "why"},
            ],
        },
        {"name": "three", "elements": [{"type": "text", "name": "colour"}]},
    ],
    "regulars": {"measures": {"nps": "nps"}},
}


@pytest.fixture
def asked(db: None) -> Survey:
    return create_survey(name="Three pages", definition=PAGES, now=cast.NOW)


def invited(asked: Survey, cause: str = "visit:1") -> Invitation:
    given = InvitationInput(survey_id=asked.pk, cause=cause, customer_id=cast.customer(cause).pk)
    pk = invite([given], now=cast.NOW)[0].invitation_id
    return Invitation.objects.select_related("version").get(pk=pk)


def sitting(asked: Survey, key: str = "call:1") -> Sitting:
    given = SittingInput(key=key, version=latest_version(asked), channel="phone")
    return open_sitting(given, now=cast.NOW)


def test_the_same_link_goes_on_where_somebody_stopped_on_another_device(asked: Survey):
    invitation, phone, desk = invited(asked), Client(), Client()
    path = f"/s/{invitation.token}"
    second = post(phone, path, phone.get(path).content.decode(), nps=9).content.decode()
    assert 'name="q-city"' in second
    resumed = desk.get(path).content.decode()
    assert 'name="q-city"' in resumed
    third = post(desk, path, resumed, city="Omsk").content.decode()
    assert post(desk, path, third, colour="red").status_code == 302
    assert post(phone, path, second, city="Tomsk").status_code == 200
    assert Answer.objects.get().values == {"nps": 9, "city": "Omsk", "colour": "red"}
    kept = Sitting.objects.get()
    assert (kept.disposition, kept.answer_id) == ("completed", Answer.objects.get().pk)
    assert "Thank you" in desk.get(path).content.decode()


def test_answers_are_kept_one_by_one_and_what_does_not_fit_is_named(asked: Survey):
    here = sitting(asked)
    kept = keep_answers(here, {"nps": 99, "city": "Omsk", "pet": "cat"}, now=cast.NOW)
    assert {problem.element for problem in kept.problems} == {"nps", "pet"}
    assert kept.sitting.values == {"city": "Omsk"}
    kept = keep_answers(here, {"nps": 3, "city": None}, now=cast.NOW, channel="sms")
    assert (kept.sitting.values, kept.sitting.channels) == ({"nps": 3}, ["phone", "sms"])
    assert Sitting.objects.get().values == {"nps": 3}


def test_a_second_finish_gives_the_first_answer(asked: Survey):
    here = sitting(asked)
    assert {one.element for one in finish_sitting(here, now=cast.NOW).problems} == {"city"}
    keep_answers(here, {"nps": 3, "city": "Omsk"}, now=cast.NOW)
    first, second = finish_sitting(here, now=cast.NOW), finish_sitting(here, now=cast.NOW)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.answer_id == second.answer_id == Answer.objects.get().pk
    assert keep_answers(here, {"nps": 10}, now=cast.NOW).is_over
    assert Signal.objects.get().native_score == 3


def test_a_broken_sitting_does_not_keep_the_others_open(asked: Survey, caplog: Any):
    whole = [sitting(asked, key) for key in "abc"]
    for one in whole:
        keep_answers(one, {"nps": 2}, now=cast.NOW)
    unreadable = create_survey(name="Broken", definition=PAGES, now=cast.NOW)
    broken = sitting(unreadable, "x")
    keep_answers(broken, {"nps": 3}, now=cast.NOW)
    broken.version.definition = "gone"
    broken.version.published_at += timedelta(seconds=1)
    broken.version.save()
    assert close_sittings(now=cast.NOW + CLOSED_AFTER) == 4
    broken.refresh_from_db()
    assert (broken.disposition, broken.reason) == ("breakoff", "cannot be finished: AssertionError")
    assert f"sitting {broken.pk} cannot be finished" in caplog.text
    assert set(Answer.objects.values_list("key", flat=True)) == set("abc")
    assert close_sittings(now=cast.NOW + CLOSED_AFTER) == 0


def test_what_nobody_comes_back_to_ends_as_the_standard_says(asked: Survey):
    nothing, little, enough = (sitting(asked, key) for key in ("a", "b", "c"))
    keep_answers(little, {"why": "Slow"}, now=cast.NOW)
    keep_answers(enough, {"nps": 2}, now=cast.NOW)
    assert close_sittings(now=cast.NOW + CLOSED_AFTER - timedelta(seconds=1)) == 0
    assert close_sittings(now=cast.NOW + CLOSED_AFTER) == 3
    ends = dict(Sitting.objects.values_list("key", "disposition"))
    assert ends == {"a": "unresponsive", "b": "breakoff", "c": "partial"}
    answer = Answer.objects.get()
    assert (answer.is_partial, answer.values, answer.key) == (True, {"nps": 2}, "c")
    assert keep_answers(little, {"nps": 1}, now=cast.NOW).sitting.disposition == "interim_partial"
    assert keep_answers(nothing, {}, now=cast.NOW).sitting.ended_at is None


def test_an_answer_from_elsewhere_ends_the_sitting_of_its_invitation(asked: Survey, client: Client):
    begun, unopened = invited(asked), invited(asked, "visit:2")
    keep_answers(open_sitting(invited_input(begun), now=cast.NOW), {"nps": 2}, now=cast.NOW)
    given = {"nps": 9, "city": "Omsk"}
    batch = [
        cast.answer(asked, f"api:{one.pk}", values=given, invitation_id=one.pk)
        for one in (begun, unopened)
    ]
    receive_answers(batch, now=cast.NOW)
    (here,) = Sitting.objects.all()
    assert (here.disposition, here.answer_id) == (
        "completed",
        Answer.objects.get(key=batch[0].key).pk,
    )
    assert keep_answers(here, {"nps": 1}, now=cast.NOW).is_over
    late = open_sitting(invited_input(unopened), now=cast.NOW)
    assert keep_answers(late, {"nps": 1, "city": "Omsk"}, now=cast.NOW).is_over
    assert "Thank you" in client.get(f"/s/{begun.token}").content.decode()
    close_sittings(now=cast.NOW + CLOSED_AFTER)
    assert Answer.objects.count() == 2
    assert set(Sitting.objects.values_list("disposition", flat=True)) == {"completed"}


def test_the_number_of_statements_does_not_depend_on_the_batch(
    asked: Survey, django_assert_num_queries: Any
):
    version = latest_version(asked)
    given = [SittingInput(key=f"k:{n}", version=version, channel="sms") for n in range(40)]
    with django_assert_num_queries(4):
        rows = open_sittings(given, now=cast.NOW)
    for row in rows:
        row.values = {"nps": 1, "city": "Omsk"}
    Sitting.objects.bulk_update(rows, ["values"])
    counts = []
    for batch in (rows[:1], rows[1:]):
        with CaptureQueriesContext(connection) as seen:
            finish_sittings([row.pk for row in batch], now=cast.NOW)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert Answer.objects.count() == 40


def test_dispositions_become_the_rates_of_the_standard(asked: Survey):
    done, refused, silent, screened = (invited(asked, f"visit:{n}") for n in range(4))
    Invitation.objects.update(withheld="", sent_at=cast.NOW)
    withheld, failed = invited(asked, "visit:8"), invited(asked, "visit:9")
    Invitation.objects.filter(pk=withheld.pk).update(withheld="no_consent")
    Invitation.objects.filter(pk=failed.pk).update(withheld="", failed_at=cast.NOW)
    receive_answers([cast.answer(asked, values={"city": "x"}, invitation_id=done.pk)], now=cast.NOW)
    for one, end in ((refused, "refused"), (screened, "ineligible")):
        end_sitting(open_sitting(invited_input(one), now=cast.NOW), end, now=cast.NOW)
    boss = cast.employee()
    found = response_of(asked.pk, seen_by=boss, now=cast.NOW)
    assert found.counts == {
        "failed": 1,
        "contacted": 1,
        "refused": 1,
        "ineligible": 1,
        "completed": 1,
    }
    assert found.not_asked == {"no_consent": 1}
    assert found.rates["RR1"] == 1 / 4
    assert found.rates["COOP1"] == 1 / 2
    later = response_of(asked.pk, seen_by=boss, now=cast.NOW + timedelta(days=31))
    assert later.counts["unresponsive"] == 1
    Invitation.objects.filter(pk=silent.pk).update(failed_at=cast.NOW + timedelta(minutes=1))
    assert response_of(asked.pk, seen_by=boss, now=cast.NOW).counts["failed"] == 2
    Invitation.objects.filter(pk=done.pk).update(store=cast.store("S1"))
    manager = cast.employee("store_manager", Store.objects.get())
    assert response_of(asked.pk, seen_by=manager, now=cast.NOW).counts == {"completed": 1}


def test_a_sitting_ends_only_as_the_list_says(asked: Survey):
    here = sitting(asked)
    for wrong in ("completed", "started", "gone"):
        with pytest.raises(Refused):
            end_sitting(here, wrong, now=cast.NOW)
    assert end_sitting(here, "refused", now=cast.NOW, reason="no time") == 1
    assert end_sitting(here, "refused", now=cast.NOW) == 0


def test_who_meets_a_full_quota_is_screened_out_with_its_name(asked: Survey):
    set_quota(asked, name="Omsk", condition="{city} = 'Omsk'", places=1)
    first, second, other = (sitting(asked, key) for key in ("a", "b", "c"))
    for here, city in ((first, "Omsk"), (second, "Omsk"), (other, "Tomsk")):
        keep_answers(here, {"city": city}, now=cast.NOW)
    assert finish_sitting(first, now=cast.NOW).is_new
    assert finish_sitting(other, now=cast.NOW).is_new
    assert finish_sitting(second, now=cast.NOW).full_quota == "Omsk"
    late = keep_answers(sitting(asked, "d"), {"city": "Omsk"}, now=cast.NOW)
    assert (late.full_quota, late.sitting.disposition) == ("Omsk", "rejected")
    screened = Sitting.objects.get(key="b")
    assert (screened.disposition, screened.reason) == ("rejected", "Omsk")
    assert screened.values == {"city": "Omsk"}
    assert Answer.objects.count() == 2
    assert miscounted_quotas() == []
    with pytest.raises(Refused, match="already"):
        set_quota(asked, name="Omsk", places=0)
    with pytest.raises(Refused):
        set_quota(asked, name="Bad", condition="{city} = ", places=3)


def test_a_screened_out_respondent_reads_why(asked: Survey, client: Client):
    set_quota(asked, name="All", places=0)
    path = f"/q/{PublicLink.objects.get(survey=asked).code}"
    sent = post(client, path, client.get(path).content.decode(), nps=9)
    assert sent.status_code == 302
    assert "Enough people" in client.get(sent["Location"]).content.decode()
    assert not Answer.objects.exists()


def test_a_visit_keeps_its_version_and_what_stands_against_the_answer_is_shown(
    asked: Survey, client: Client
):
    path = f"/q/{PublicLink.objects.get(survey=asked).code}"
    second = post(client, path, client.get(path).content.decode(), nps=9).content.decode()
    fewer = PAGES | {"pages": PAGES["pages"][:1]}
    publish_version(asked, definition=fewer, now=cast.NOW)
    third = post(client, path, second, city="Omsk").content.decode()
    assert 'name="q-colour"' in third, "the page of the version that the visit began with"
    here = Sitting.objects.get()
    keep_answers(here, {"city": None}, now=cast.NOW)
    again = post(client, path, third, colour="red")
    assert (again.status_code, Answer.objects.count()) == (422, 0)
    done = post(client, path, again.content.decode(), city="Omsk")
    done = post(client, path, done.content.decode(), colour="red")
    assert done.status_code == 302
    assert Answer.objects.get().values == {"nps": 9, "city": "Omsk", "colour": "red"}


def test_an_old_form_takes_nothing_back_that_was_answered_elsewhere(asked: Survey):
    invitation, phone, desk = invited(asked), Client(), Client()
    path = f"/s/{invitation.token}"
    first = phone.get(path).content.decode()
    second = post(desk, path, first, nps=9).content.decode()
    third = post(desk, path, second, city="Omsk", why="Fast").content.decode()
    shown = post(phone, path, first, nps=8).content.decode()
    assert Sitting.objects.get().values == {"nps": 8, "city": "Omsk", "why": "Fast"}
    assert 'value="Omsk"' in shown
    post(phone, path, shown, city="Tomsk", why="")
    assert post(desk, path, third, colour="red").status_code == 302
    assert Answer.objects.get().values == {"nps": 8, "city": "Tomsk", "colour": "red"}


def test_a_definition_names_quotas_of_its_own(db: None):
    named = {"quotas": [{"name": "North", "limit": 5, "if": "{city} = 'Omsk'"}]}
    definition = PAGES | {"regulars": PAGES["regulars"] | named}
    made = create_survey(name="With quotas", definition=definition, now=cast.NOW)
    assert Quota.objects.values_list("survey", "name", "places").get() == (made.pk, "North", 5)


def full_sittings(asked: Survey, count: int) -> list[Sitting]:
    """Sittings with all their answers, every second one from Omsk."""
    version = latest_version(asked)
    rows = open_sittings(
        [SittingInput(key=f"k:{n}", version=version, channel="qr") for n in range(count)],
        now=cast.NOW,
    )
    for number, row in enumerate(rows):
        row.values = {"nps": 9, "city": "Omsk" if number % 2 else "Tomsk"}
    Sitting.objects.bulk_update(rows, ["values"])
    return rows


def finish_together(rows: list[Sitting]) -> list[BaseException]:
    """Finish each sitting in a thread of its own, all at the same moment; what went wrong."""
    failures: list[BaseException] = []
    gate = threading.Barrier(len(rows))

    def finish(here: Sitting) -> None:
        try:
            gate.wait(60)
            finish_sitting(here, now=cast.NOW)
        except BaseException as fault:  # noqa: BLE001 (told by the test's own thread)
            failures.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=finish, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


@pytest.mark.django_db(transaction=True)
def test_two_hundred_who_finish_at_once_never_overshoot_a_quota():
    asked = create_survey(name="Three pages", definition=PAGES, now=cast.NOW)
    set_quota(asked, name="Omsk", condition="{city} = 'Omsk'", places=37)
    set_quota(asked, name="All", places=61)
    assert not finish_together(full_sittings(asked, 200))
    taken = dict(Quota.objects.values_list("name", "taken"))
    assert taken["All"] == 61
    assert taken["Omsk"] <= 37
    assert Answer.objects.count() == 61
    assert miscounted_quotas() == []
    assert Sitting.objects.filter(disposition="rejected").count() == 139


def test_programs_are_kept_out_without_a_puzzle(asked: Survey, client: Client):
    path = f"/q/{PublicLink.objects.get(survey=asked).code}"
    body = client.get(path).content.decode()
    own = hidden(body) | {"q-nps": "9", "go": "on"}
    made_up = own | {"visit": ["5d41402abc4b2a76b9719d911017c592"]}
    for sent in (own | {"website": "https://spam.example"}, made_up):
        assert client.post(path, sent).status_code == 200
    assert not Sitting.objects.exists()
    client.post(path, own)
    assert Sitting.objects.get().values == {"nps": 9}


def test_doubts_are_noted_and_an_answer_can_be_set_aside(asked: Survey, client: Client):
    words = {"nps": 3, "city": "Omsk", "why": "The queue was far too long today"}
    given = [
        cast.answer(asked, key=key, values=words, duration_s=seconds)
        for key, seconds in (("a", 60), ("b", 1))
    ]
    for one in given:
        receive_answers([one], now=cast.NOW)
    flags = dict(Answer.objects.values_list("key", "flags"))
    assert flags == {"a": [], "b": ["speeder", "duplicate"]}
    user = cast.employee()
    client.force_login(user)
    page = client.get(f"/listen/surveys/{asked.pk}/doubts").content.decode()
    assert "Answered faster than one can read" in page
    doubted = Answer.objects.get(key="b")
    which = SignalFilter(survey_id=asked.pk)
    for counts, left in (("no", 1), ("yes", 2)):
        client.post(f"/listen/answers/{doubted.pk}/set-aside", {"counts": counts})
        assert which.rows(seen_by=user).filter(measure="nps").count() == left
