"""Anonymity: whatever is added and subtracted, no figure is about fewer people than was promised."""

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db.models.expressions import RawSQL
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.company.actions import meet_agents
from regulars.core.api.keys import create_key
from regulars.core.errors import Refused
from regulars.customers.models import TimelineEntry
from regulars.feedback.actions import InvitationInput, invite, receive_answers
from regulars.feedback.actions.closing import CLOSED_AFTER, close_sittings
from regulars.feedback.actions.doubts import set_aside
from regulars.feedback.actions.opening import open_box
from regulars.feedback.actions.quotas import set_quota
from regulars.feedback.actions.sittings import (
    finish_sitting,
    invited_input,
    keep_answers,
    open_sitting,
)
from regulars.feedback.actions.surveys import DefinitionRefused, create_survey
from regulars.feedback.letters import current_sender, letter_for
from regulars.feedback.models import Answer, Ballot, Invitation, PublicLink, Signal, Survey
from regulars.feedback.queries.anonymity import broken_promises
from regulars.feedback.rules.anonymity import Waiting, groups_to_open, told_measures
from regulars.feedback.tests import cast
from regulars.journey.models import Passage

LEAST = 5
SECRET: dict[str, Any] = {
    "title": "How is it here",
    "elements": [
        {"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10},
        {"type": "comment", "name": "why"},
    ],
    "regulars": {"measures": {"nps": "nps"}, "text": "why", "anonymity": {"least": LEAST}},
}

casts = st.lists(
    st.tuples(
        st.integers(0, 3),  # store
        st.booleans(),  # whether the measure was answered
        st.sampled_from(["cast", "cast", "cast", "open", "month"]),
    ),
    max_size=120,
)


@given(casts)
@settings(max_examples=100)
def test_no_sum_or_difference_of_figures_is_about_too_few(acts: list[Any]) -> None:
    """Figures count by store and by span of days, and are looked at again after every opening.

    Two people are told apart by such figures only if some figure counts one of them and not the
    other; so the finest thing that sums and differences can give is all who are counted alike.
    """
    month, box, shown = date(2026, 1, 1), list[Waiting](), list[dict[Any, Any]]()
    measured: set[Any] = set()
    on_record: dict[Any, tuple[int | None, int]] = {}
    for number, (store, has_measure, act) in enumerate(acts):
        box.append(Waiting((number, has_measure), "v1", store, month))
        if act == "month":
            month = (month + timedelta(days=32)).replace(day=1)
        if act == "cast":
            continue
        for group in groups_to_open(box, least=LEAST, month=month):
            told = told_measures([{"nps"} if has else () for _, has in group.keys], least=LEAST)
            measured |= {key for key in group.keys if key[1]} if told else set()
            on_record |= dict.fromkeys(group.keys, (group.store_id, number))
            box = [one for one in box if one.key not in group.keys]
        shown.append(dict(on_record))
    for counted in (set(on_record), measured):
        alike: dict[Any, list[Any]] = defaultdict(list)
        for key in counted:
            alike[tuple(figures.get(key) for figures in shown)].append(key)
        assert all(len(people) >= LEAST for people in alike.values())


@pytest.fixture
def asked(db: None) -> Survey:
    return create_survey(name="Secret", definition=SECRET, now=cast.NOW)


def fill(asked: Survey, stores: str, **changes: Any) -> list[Any]:
    """An answer from the store of each letter, with its customer."""
    found = {
        code: cast.Store.objects.filter(code=code).first() or cast.store(code)
        for code in set(stores)
    }
    batch = [
        cast.answer(
            asked,
            f"k{code}{number}",
            values={"nps": number % 11, "why": f"words of {code}{number}"},
            store_id=found[code].pk,
            customer_id=cast.customer(f"{code}{number}").pk,
            **changes,
        )
        for number, code in enumerate(stores)
    ]
    return receive_answers(batch, now=cast.NOW)


def test_a_small_group_is_in_no_place_and_in_no_total(asked: Survey, client: Client) -> None:
    fill(asked, "AAA" + "BBBBBB")
    assert open_box(asked.pk, now=timezone.now()) == 6
    client.force_login(cast.employee())
    key = create_key(name="t", scopes=("answers:read", "signals:read"), now=timezone.now())
    pages = [
        "/listen/results", f"/listen/results?survey={asked.pk}", "/listen/results?store=A",
        f"/listen/surveys/{asked.pk}", "/listen/words", "/listen/latest", "/listen/signals.csv",
        f"/listen/surveys/{asked.pk}/answers.csv", f"/listen/surveys/{asked.pk}/respondents",
        "/listen/drivers", f"/listen/surveys/{asked.pk}/doubts", "/listen/first-answer",
    ]  # fmt: skip
    operations = ["answers", "signals", "sittings", "scores", "scores?by=store", "scores?by=week"]
    bodies = {one: _body(client.get(one)) for one in pages}
    secret = {"authorization": f"Bearer {key.secret}"}
    bodies |= {one: _body(client.get(f"/api/v1/{one}", headers=secret)) for one in operations}
    for place, body in bodies.items():
        assert "words of A" not in body, place
    told = json.loads(bodies["scores"])["items"][0]["scores"]["nps"]["answers"]
    by_store = json.loads(bodies["scores?by=store"])["items"]
    assert [one["scores"]["nps"]["answers"] for one in by_store] == [told] == [6]
    assert {one["customer_id"] for one in json.loads(bodies["answers"])["items"]} == {None}
    assert bodies[f"/listen/surveys/{asked.pk}/answers.csv"].count("words of B") == 6


def test_an_anonymous_answer_does_not_say_who_served(asked: Survey) -> None:
    server = meet_agents(["1042"])["1042"]
    fill(asked, "A" * LEAST, served_by_id=server)
    assert open_box(asked.pk, now=timezone.now()) == LEAST
    for rows in (Answer, Signal, Passage):
        assert not rows.objects.filter(served_by=server).exists()


def _body(response: Any) -> str:
    assert response.status_code == 200
    return b"".join(response).decode()


def test_what_waits_on_is_not_joined_to_the_roll_by_how_it_was_written(asked: Survey) -> None:
    for store in "AB":
        fill(asked, store)
    before = _written()
    assert len(set(before.values())) == 2, "each answer was cast by a transaction of its own"
    assert open_box(asked.pk, now=cast.NOW) == 0
    after = _written()
    assert (len(after), len(set(after.values()))) == (len(before), 1)
    assert not before.keys() & after.keys()
    assert open_box(asked.pk, now=cast.NOW) == 0
    fill(asked, "CCCCC")
    assert open_box(asked.pk, now=cast.NOW) == 5
    assert Ballot.objects.count() == len(before)


def _written() -> dict[Any, str]:
    """Which transaction wrote each answer in the box, by its id."""
    rows = Ballot.objects.annotate(written_by=RawSQL("feedback_ballot.xmin::text", ()))
    return dict(rows.values_list("pk", "written_by"))


def test_what_is_left_comes_out_without_its_store_when_the_month_is_over(asked: Survey) -> None:
    fill(asked, "AAA" + "BBB")
    assert open_box(asked.pk, now=cast.NOW) == 0
    assert open_box(asked.pk, now=cast.NOW + timedelta(days=31)) == 6
    assert set(Answer.objects.values_list("store", flat=True)) == {None}
    assert not Ballot.objects.exists()


def test_nothing_leads_from_a_person_to_their_answer(asked: Survey) -> None:
    person = cast.customer("Ann")
    given = InvitationInput(survey_id=asked.pk, cause="visit:1", customer_id=person.pk)
    invitation = Invitation.objects.get(pk=invite([given], now=cast.NOW)[0].invitation_id)
    sitting = open_sitting(invited_input(invitation), now=cast.NOW)
    kept = keep_answers(sitting, {"nps": 3, "why": "rude"}, now=cast.NOW, position="page1")
    done = finish_sitting(kept.sitting, now=cast.NOW)
    assert (done.is_cast, done.answer_id) == (True, None)
    again = finish_sitting(sitting, now=cast.NOW)
    assert not again.problems
    assert Ballot.objects.count() == 1
    sitting.refresh_from_db()
    invitation.refresh_from_db()
    assert (sitting.values, sitting.position, sitting.disposition) == ({}, "", "completed")
    assert invitation.answered_at
    fill(asked, "AAAAA")
    fill(asked, "AAAAA")
    open_box(asked.pk, now=cast.NOW + timedelta(days=40))
    assert Answer.objects.count() == 5
    named = Answer.objects.exclude(customer=None) | Answer.objects.exclude(invitation=None)
    assert not named.exists()
    assert not Signal.objects.exclude(customer=None).exists()
    assert not TimelineEntry.objects.filter(kind="feedback.answer_received").exists()
    assert not Passage.objects.exists()
    assert broken_promises() == []


def test_who_never_comes_back_leaves_a_ballot_and_an_empty_sitting(asked: Survey) -> None:
    given = cast.customer("Ann")
    asking = InvitationInput(survey_id=asked.pk, cause="visit:1", customer_id=given.pk)
    invitation = Invitation.objects.get(pk=invite([asking], now=cast.NOW)[0].invitation_id)
    sitting = open_sitting(invited_input(invitation), now=cast.NOW)
    keep_answers(sitting, {"nps": 3}, now=cast.NOW)
    close_sittings(now=cast.NOW + CLOSED_AFTER)
    sitting.refresh_from_db()
    assert (sitting.disposition, sitting.values) == ("partial", {})
    assert Ballot.objects.get().is_partial


def test_a_repeat_is_one_answer(asked: Survey) -> None:
    assert [one.is_new for one in fill(asked, "AA")] == [True, True]
    assert [one.is_new for one in fill(asked, "AA")] == [False, False]
    assert Ballot.objects.count() == 2


def test_one_answer_cannot_be_set_aside(asked: Survey) -> None:
    fill(asked, "AAAAA")
    open_box(asked.pk, now=cast.NOW)
    with pytest.raises(Refused, match="anonymous"):
        set_aside([Answer.objects.all()[0].pk], employee=cast.employee(), now=cast.NOW)


def test_quotas_and_consents_exclude_it(asked: Survey) -> None:
    with pytest.raises(Refused, match="exclude"):
        set_quota(asked, name="north", places=3)
    block = SECRET["regulars"] | {"quotas": [{"name": "all", "limit": 3}]}
    with pytest.raises(DefinitionRefused, match="quotas"):
        create_survey(name="x", definition=SECRET | {"regulars": block}, now=cast.NOW)


def test_a_message_leads_to_the_page_and_asks_nothing(asked: Survey) -> None:
    person = cast.customer("Ann")
    asking = InvitationInput(
        survey_id=asked.pk, cause="visit:1", customer_id=person.pk, channel="telegram"
    )
    invitation = Invitation.objects.get(pk=invite([asking], now=cast.NOW)[0].invitation_id)
    said = letter_for(invitation, current_sender(), channel="telegram")
    assert invitation.token in said.text
    assert said.buttons == ()


def test_the_audit_finds_a_promise_that_is_broken(asked: Survey) -> None:
    fill(asked, "AAAAA")
    open_box(asked.pk, now=cast.NOW)
    first = Answer.objects.all()[0]
    Answer.objects.filter(pk=first.pk).update(customer=cast.customer("Eve"))
    Answer.objects.exclude(pk=first.pk).update(answered_at=datetime(2026, 4, 1, tzinfo=UTC))
    assert Counter(one.split(":")[1] for one in broken_promises())


def test_who_answers_reads_the_promise(asked: Survey, client: Client) -> None:
    link = PublicLink.objects.get(survey=asked)
    assert f"at least {LEAST} in all" in client.get(f"/q/{link.code}").content.decode()
