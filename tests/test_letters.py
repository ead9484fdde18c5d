"""Letters are what their MJML says, and a press in one preselects but records nothing."""

from pathlib import Path

import pytest
from django.test import Client

from regulars.channels.models import Message
from regulars.feedback.actions.invitations import InvitationInput, invite
from regulars.feedback.actions.surveys import create_survey
from regulars.feedback.models import Answer, Sitting
from tests import make
from tests.letters import SOURCES, rendered

CHOICES = [{"value": "shop", "text": "In the shop"}, {"value": "a b", "text": "By courier"}]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_html_of_a_letter_is_current(source: Path) -> None:
    written = source.with_suffix(".html").read_text(encoding="utf-8")
    assert written == rendered(source), "run `make letters`"


@pytest.mark.django_db
def test_the_first_question_is_in_the_letter_whatever_one_press_can_answer() -> None:
    ann = make.customer("Ann", email="ann@example.com")
    elements = [
        {"type": "radiogroup", "name": "where", "title": "Where?", "choices": CHOICES},
        {"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10},
    ]
    survey = create_survey(name="s", definition={"elements": elements}, now=make.NOW)
    invite([InvitationInput(survey_id=survey.pk, cause="p:1", customer_id=ann.pk)], now=make.NOW)
    letter = Message.objects.get(customer=ann)
    assert "By courier</a>" in letter.html
    assert "<mj-" not in letter.html
    assert f"{letter.link}?q=a+b" in letter.html
    shown = Client().get(f"/{letter.link.split('/', 3)[3]}?q=a+b").content.decode()
    (chosen,) = [one for one in shown.split("<input")[1:] if "checked" in one.split(">")[0]]
    assert 'value="a b"' in chosen
    assert not Answer.objects.exists()
    assert not Sitting.objects.exclude(values={}).exists()
