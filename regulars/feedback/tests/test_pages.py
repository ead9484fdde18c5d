"""What the company sees: lists, results, words, the editor, the first answer."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from regulars.feedback.actions import receive_answers
from regulars.feedback.models import PublicLink, Signal, Survey, SurveyVersion
from regulars.feedback.starters import STARTERS
from regulars.feedback.tests import cast
from regulars.feedback.tests.test_survey_page import hidden

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> Survey:
    made = cast.survey()
    stores = [cast.store(f"S{number}") for number in range(3)]
    batch = [
        cast.answer(
            made,
            f"k{number}",
            values={"nps": number % 11, "satisfied": 1 + number % 5, "why": f"Word {number}"},
            answered_at=timezone.now(),
            store_id=stores[number % 3].pk,
        )
        for number in range(30)
    ]
    receive_answers(batch, now=timezone.now())
    return made


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(
        cast.employee(), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


ADDRESSES = (
    "/listen",
    "/listen/surveys/new",
    "/listen/surveys/{pk}",
    "/listen/surveys/{pk}/edit",
    "/listen/results",
    "/listen/results?measure=csat&period=12m&sort=nps&store=S1",
    "/listen/words",
    "/listen/words?mood=bad&state=open&q=Word",
    "/listen/poster/{code}",
    "/listen/poster/{code}.svg",
    "/listen/first-answer",
    "/listen/latest",
)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_page_opens_within_twenty_queries(
    boss: Client, asked: Survey, address: str, language: str
):
    code = PublicLink.objects.get(survey=asked).code
    path = address.format(pk=asked.pk, code=code)
    with CaptureQueriesContext(connection) as queries:
        page = boss.get(path, headers={"accept-language": language})
    assert page.status_code == 200
    assert len(queries) <= 20
    assert b"<c-" not in page.content


def test_pages_are_closed_to_strangers_and_to_cashiers(client: Client, asked: Survey):
    assert client.get("/listen").status_code == 302
    client.force_login(
        cast.employee("cashier"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    assert client.get("/listen").status_code == 403


def test_results_show_scores_with_their_count_and_interval(boss: Client, asked: Survey):
    text = boss.get("/listen/results").content.decode()
    assert "n = 30" in text
    assert "Store S1" in text
    assert "Purchase in a shop" in text


def test_a_store_manager_sees_own_answers_only(client: Client, asked: Survey):
    store = Signal.objects.exclude(store=None).first().store
    manager = cast.employee("store_manager", store)
    client.force_login(manager, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "n = 10" in client.get("/listen/results").content.decode()
    lines = client.get("/listen/signals.csv").getvalue().decode().splitlines()
    assert len(lines) == 21
    assert all(f",{store.code}," in line for line in lines[1:])


def test_settling_an_answer_can_be_undone(boss: Client, asked: Survey):
    signal = Signal.objects.filter(is_unhappy=True).first()
    page = boss.post(
        "/listen/signals/resolve", {"signal": signal.pk, "next": "/listen/words"}, follow=True
    )
    assert "1 answer is settled." in page.content.decode()
    signal.refresh_from_db()
    assert signal.resolved_by is not None
    undo = f"/listen/signals/{signal.pk}/reopen"
    assert undo in page.content.decode()
    boss.post(undo)
    signal.refresh_from_db()
    assert signal.resolved_at is None


def test_a_survey_is_made_from_a_starter_and_answered_at_once(boss: Client):
    made = boss.post("/listen/surveys/new", {"starter": STARTERS[1].key})
    survey = Survey.objects.get()
    assert made["Location"] == f"/listen/surveys/{survey.pk}"
    assert boss.get(f"/q/{PublicLink.objects.get().code}").status_code == 200


def edit(boss: Client, survey: Survey, definition: Any, name: str = "New name") -> Any:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return boss.post(f"/listen/surveys/{survey.pk}/edit", {"name": name, "definition": text})


def test_the_editor_publishes_and_names_what_is_wrong(boss: Client, asked: Survey):
    body = STARTERS[1].definition
    assert edit(boss, asked, body).status_code == 302
    assert SurveyVersion.objects.filter(survey=asked).count() == 2
    broken = edit(boss, asked, "{")
    assert broken.status_code == 422
    assert "not valid JSON" in broken.content.decode()
    unknown = edit(boss, asked, body | {"logo": "x"})
    assert "logo" in unknown.content.decode()
    assert edit(boss, asked, body, name=" ").status_code == 422
    assert SurveyVersion.objects.filter(survey=asked).count() == 2


def test_the_preview_draws_what_is_not_saved(boss: Client, asked: Survey):
    definition = {"elements": [{"type": "comment", "name": "x", "title": "Unsaved words"}]}
    page = boss.post(f"/listen/surveys/{asked.pk}/preview", {"definition": json.dumps(definition)})
    text = page.content.decode()
    assert "Unsaved words" in text
    assert 'srcdoc="&lt;!doctype html&gt;' in text
    assert "<textarea" not in text
    assert SurveyVersion.objects.filter(survey=asked).count() == 1


def test_a_store_gets_its_own_code(boss: Client, asked: Survey):
    store = cast.store("S9")
    for _ in range(2):
        made = boss.post(f"/listen/surveys/{asked.pk}/links", {"store": store.pk})
    link = PublicLink.objects.get(store=store)
    assert made["Location"] == f"/listen/poster/{link.code}"
    body = boss.get(f"/q/{link.code}").content.decode()
    boss.post(f"/q/{link.code}", hidden(body) | {"q-nps": "10"})
    assert Signal.objects.filter(store=store).count() == 1


def test_the_first_answer_appears_on_the_home_page(boss: Client, asked: Survey):
    Signal.objects.all().delete()
    assert "Waiting for the first answer" in boss.get("/listen/latest").content.decode()
    receive_answers(
        [cast.answer(asked, "first", values={"nps": 9, "why": "Hi"})], now=timezone.now()
    )
    assert "Hi" in boss.get("/listen/latest").content.decode()


def test_an_export_cannot_carry_a_formula(boss: Client, asked: Survey):
    batch = [
        cast.answer(asked, "evil", values={"nps": 9, "why": "=1+1"}, answered_at=timezone.now())
    ]
    receive_answers(batch, now=timezone.now())
    assert "'=1+1" in boss.get("/listen/signals.csv").getvalue().decode()
