"""The survey page: forms without scripts, a few kilobytes, recorded by the last post only."""

import re
from typing import Any

import pytest
from django.test import Client

from regulars.feedback.actions import InvitationInput, invite
from regulars.feedback.actions.surveys import create_survey, link_for
from regulars.feedback.models import Answer, Invitation, PublicLink, Signal, Survey
from regulars.feedback.survey.question import FIELD_PREFIX
from regulars.feedback.tests import cast
from regulars.feedback.tests.every_kind import EVERY_KIND

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> Survey:
    return cast.survey()


@pytest.fixture
def address(asked: Survey) -> str:
    return f"/q/{PublicLink.objects.get(survey=asked).code}"


@pytest.fixture
def invitation(asked: Survey) -> Invitation:
    who = cast.customer()
    given = InvitationInput(
        survey_id=asked.pk, cause="purchase:1", customer_id=who.pk, store_id=cast.store().pk
    )
    return Invitation.objects.get(pk=invite([given], now=cast.NOW)[0].invitation_id)


def hidden(body: str) -> dict[str, list[str]]:
    """The hidden fields of a page, as a browser would send them."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', body):
        found.setdefault(name, []).append(value)
    return found


def post(client: Client, address: str, body: str, **answers: Any) -> Any:
    """The form of a page, sent with these answers; `go` and `lang` are buttons."""
    buttons = {name: answers.pop(name) for name in ("go", "lang") if name in answers}
    named = {f"{FIELD_PREFIX}{name}": value for name, value in answers.items()}
    return client.post(address, hidden(body) | buttons | named)


def test_the_first_load_weighs_less_than_ten_kilobytes(client: Client, address: str):
    page = client.get(address)
    addresses = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page.content.decode())
    sheets = [client.get(one).content for one in addresses]
    assert len(sheets) == 2
    assert len(page.content) + sum(len(one) for one in sheets) < 10_000
    assert b"<script" not in page.content
    assert b"style=" not in page.content
    assert not page.cookies


def test_opening_a_link_records_nothing(client: Client, invitation: Invitation):
    page = client.get(f"/s/{invitation.token}?q=9")
    assert re.search(r'value="9" checked', page.content.decode())
    invitation.refresh_from_db()
    assert (invitation.started_at, invitation.answered_at) == (None, None)
    assert not Answer.objects.exists()
    assert b"checked" not in client.get(f"/s/{invitation.token}?q=99").content


def test_an_invited_customer_answers_once(client: Client, invitation: Invitation):
    path = f"/s/{invitation.token}"
    body = client.get(path).content.decode()
    assert post(client, path, body, nps=9, why="Fast").status_code == 302
    assert "Thank you" in post(client, path, body, nps=0).content.decode()
    signal = Signal.objects.get()
    assert (signal.native_score, signal.text) == (9, "Fast")
    assert signal.customer_id == invitation.customer_id
    assert signal.store_id == invitation.store_id
    invitation.refresh_from_db()
    assert invitation.answered_at is not None
    assert "Thank you" in client.get(path).content.decode()


def test_an_unhappy_customer_is_asked_more_on_a_second_page(client: Client, address: str):
    body = client.get(address).content.decode()
    second = post(client, address, body, nps=2, why="Queue")
    assert second.status_code == 200
    text = second.content.decode()
    assert "We want to put this right" in text
    assert not Answer.objects.exists()
    back = post(client, address, text, go="back").content.decode()
    assert re.search(r'value="2" checked', back)
    assert "Queue" in back
    done = post(client, address, text, about="queue", call_me="true")
    assert done.status_code == 302
    assert Answer.objects.get().values == {
        "nps": 2, "why": "Queue", "about": "queue", "call_me": True,
    }  # fmt: skip
    assert "Thank you" in client.get(done["Location"]).content.decode()


def test_a_form_that_is_sent_twice_is_one_answer(client: Client, address: str):
    body = client.get(address).content.decode()
    for _ in range(2):
        post(client, address, body, nps=9)
    assert Answer.objects.count() == 1
    post(client, address, client.get(address).content.decode(), nps=9)
    assert Answer.objects.count() == 2


def test_a_missing_answer_comes_back_with_the_error_beside_it(client: Client, address: str):
    page = post(client, address, client.get(address).content.decode(), why="hm")
    assert page.status_code == 422
    text = page.content.decode()
    assert 'role="alert"' in text
    assert "Please answer this question." in text
    assert 'aria-describedby="a-nps-error a-nps-ends"' in text
    assert "hm" in text
    assert post(client, address, text, nps="11").status_code == 422


def test_a_follow_up_on_the_same_page_is_asked_before_going_on(client: Client):
    elements = [
        {"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10},
        {"type": "comment", "name": "why", "visibleIf": "{nps} < 5", "isRequired": True},
    ]
    asked = cast.survey(pages=[], elements=elements, regulars={"measures": {"nps": "nps"}})
    address = f"/q/{PublicLink.objects.get(survey=asked).code}"
    body = client.get(address).content.decode()
    assert "a-why" not in body
    page = post(client, address, body, nps=1)
    assert page.status_code == 200
    text = page.content.decode()
    assert 'id="a-why"' in text
    assert text.count('href="#new-a-why"') == text.count('id="new-a-why"') == 1
    again = post(client, address, text, nps=1)
    assert again.status_code == 422
    assert "new-a-why" not in again.content.decode()
    assert post(client, address, page.content.decode(), nps=1, why="x").status_code == 302


def test_the_language_follows_the_browser_and_can_be_switched(client: Client, address: str):
    page = client.get(address, headers={"accept-language": "ru-RU,ru;q=0.9,en;q=0.5"})
    text = page.content.decode()
    assert '<html lang="ru" ' in text
    assert "Как прошла покупка?" in text
    english = post(client, address, text, nps=7, lang="en").content.decode()
    assert '<html lang="en" ' in english
    assert re.search(r'value="7" checked', english)
    assert not Answer.objects.exists()
    post(client, address, text, nps=7)
    assert Answer.objects.get().language == "ru"


def test_a_closed_survey_and_a_wrong_link_say_so(client: Client, asked: Survey, address: str):
    assert client.get("/s/nobody").status_code == 404
    assert client.get("/q/nobody").status_code == 404
    Survey.objects.filter(pk=asked.pk).update(is_open=False)
    assert client.get(address).status_code == 410
    assert client.post(address, {"q-nps": "9", "shown": "nps"}).status_code == 410


def test_markup_in_answers_is_shown_as_text(client: Client, address: str):
    page = post(client, address, client.get(address).content.decode(), nps=1, why="</textarea><b>")
    assert "<b>" not in page.content.decode()


def test_what_somebody_made_up_is_refused_and_never_breaks(client: Client, address: str):
    for sent in ({"page": "x", "go": "back"}, {"q-about": "moon", "q-nps": "1", "shown": ["nps"]}):
        assert client.post(address, sent).status_code in (200, 422)
    assert not Answer.objects.exists()


def test_the_same_cause_invites_once(asked: Survey):
    who = cast.customer()
    given = InvitationInput(survey_id=asked.pk, cause="purchase:7", customer_id=who.pk)
    first = invite([given], now=cast.NOW)[0]
    again = invite([given], now=cast.NOW)[0]
    assert (first.is_new, again.is_new) == (True, False)
    assert first.invitation_id == again.invitation_id


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_field_for_long_texts_takes_them(client: Client, address: str, language: str):
    page = client.get(address, headers={"accept-language": language}).content.decode()
    assert 'maxlength="2000"' in page


def test_every_kind_is_answered_without_a_script(client: Client):
    address = f"/q/{PublicLink.objects.get(survey=cast.survey(**EVERY_KIND)).code}"
    body = client.get(address).content.decode()
    twice = post(client, address, body, **{"order[0]": "1", "order[1]": "1"})
    assert "Two choices have the same place." in twice.content.decode()
    body = post(client, address, body, **FIRST_PAGE).content.decode()
    more = post(client, address, body, **{"goods[0].taste": "2", "children[0].age": "7"})
    body = more.content.decode()
    assert 'name="q-children[0].school"' in body
    assert 'name="q-goods[0].why"' in body
    buttons = hidden(body) | {"rows": "add:children", "q-children[0].age": "7"}
    assert 'name="q-children[1].age"' in client.post(address, buttons).content.decode()
    done = post(client, address, body, **SECOND_PAGE)
    assert done.status_code == 302
    assert Answer.objects.get().values == {
        "nps": 9, "born": "1980-01-05", "liked": ["range", "staff"], "share": 40, "count": 1,
        "order": ["prices", "range", "staff"], "agree": {"clean": 1},
        "goods": {"bread": {"taste": 2, "why": "dry"}}, "children": [{"age": 7, "school": "yes"}],
    }  # fmt: skip


FIRST_PAGE = {
    "nps": "9", "order[0]": "2", "order[1]": "1", "order[2]": "3", "born": "1980-01-05",
    "share": "40", "liked": ["range", "staff"],
}  # fmt: skip
SECOND_PAGE = {
    "agree[0]": "1", "goods[0].taste": "2", "goods[0].why": "dry", "children[0].age": "7",
    "children[0].school": "yes",
}  # fmt: skip


def test_the_way_back_after_a_skip_leads_where_one_came_from(client: Client):
    pages = [{"name": one, "elements": [{"type": "comment", "name": f"of {one}"}]} for one in "abc"]
    skip = {"type": "skip", "expression": "{of a} = 'on'", "gotoName": "of c"}
    definition = {"pages": pages, "triggers": [skip]}
    survey = create_survey(name="Skips", definition=definition, now=cast.NOW)
    address = f"/q/{link_for(survey, store=None).code}"
    first = client.get(address).content.decode()
    third = post(client, address, first, **{"of a": "on"}).content.decode()
    assert hidden(third)["page"] == ["c"]
    again = post(client, address, third, **{"of c": "so"}, go="back").content.decode()
    assert hidden(again)["page"] == ["a"]
    second = post(client, address, again, **{"of a": "no"}).content.decode()
    assert hidden(second)["page"] == ["b"]
    last = post(client, address, second).content.decode()
    before = post(client, address, last, go="back").content.decode()
    assert hidden(before)["page"] == ["b"]
    forged = {**hidden(before), "skip": ["nowhere:b", "b", "a:b"], "go": "back"}
    assert hidden(client.post(address, forged).content.decode())["page"] == ["a"]


PIPED = {
    "calculatedValues": [{"name": "total", "expression": "{n} * 2"}],
    "completedHtml": "Bye {name}, {total}",
    "pages": [
        {
            "elements": [
                {"type": "text", "name": "name"},
                {
                    "type": "text",
                    "name": "n",
                    "inputType": "number",
                    "validators": [{"type": "numeric", "minValue": 1, "text": "More, {name}"}],
                },
                {
                    "type": "radiogroup",
                    "name": "about",
                    "choices": [{"value": 1, "text": "Good"}],
                    "showCommentArea": True,
                },
            ]
        },
        {
            "elements": [
                {"type": "html", "name": "h", "html": "Read, {name}"},
                {
                    "type": "checkbox",
                    "name": "c",
                    "title": "{about}: {total}",
                    "choices": [{"value": "a", "text": {"default": "For {name}"}}],
                },
                {"type": "boolean", "name": "b", "labelTrue": "Yes, {name}"},
                {
                    "type": "paneldynamic",
                    "name": "kids",
                    "panelCount": 1,
                    "templateTitle": "Child {panel.kid}",
                    "templateElements": [
                        {"type": "text", "name": "kid"},
                        {"type": "text", "name": "age", "title": "How old is {panel.kid}?"},
                    ],
                },
            ]
        },
    ],
    "regulars": {},
}


def test_what_was_said_stands_in_every_text(client: Client):
    asked = cast.survey(**PIPED)
    address = f"/q/{PublicLink.objects.get(survey=asked).code}"
    body = client.get(address).content.decode()
    wrong = post(client, address, body, name="Ann", n="0").content.decode()
    assert "More, Ann" in wrong
    told = {"name": "Ann", "n": "4", "about": "1", "about-comment": "x"}
    second = post(client, address, wrong, **told).content.decode()
    for said in ("Read, Ann", "For Ann", "Good: 8", "Yes, Ann", "How old is ?"):
        assert said in second
    grown = client.post(
        address, hidden(second) | {"q-kids[0].kid": "Bob", "rows": "add:kids"}
    ).content.decode()
    assert "How old is Bob?" in grown
    assert "Child Bob" in grown
    end = post(client, address, grown, go="on", **{"kids[0].kid": "Bob"})
    assert "Bye Ann, 8" in client.get(end["Location"]).content.decode()
    bare = end["Location"].partition("&visit=")[0]
    assert "Bye ," in client.get(bare).content.decode()
