"""The pages of consent and contact: the customer's own, those of the team, and double opt-in."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from regulars.channels.actions import deliver_messages
from regulars.channels.handlers import send_confirmations
from regulars.channels.models import ContactRule, Message, Suppression
from regulars.channels.pages.budget import span_in_words
from regulars.channels.queries import Reader, may_contact, preferences_url
from regulars.customers.actions import (
    ConsentInput,
    CustomerRef,
    change_purpose,
    publish_texts,
    record_consents,
)
from regulars.customers.events import ConsentsToConfirm
from regulars.customers.models import Consent, ConsentText, Customer
from regulars.customers.queries import states_of
from regulars.customers.rules.consents import PurposeShape
from tests import make

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def ann() -> Customer:
    return make.customer("Ann", email="ann@example.com", phone="+79161234567")


@pytest.fixture
def owner() -> Client:
    client = Client()
    client.force_login(make.employee("owner"), backend=BACKEND)
    return client


def path(channel: str, address: str, customer_id: int | None = None) -> str:
    link = preferences_url(Reader(channel, address, customer_id))
    return f"/{link.split('/', 3)[3]}"


def state(customer: Customer, purpose: str, channel: str) -> str:
    now = timezone.now()
    return states_of([customer.pk], now)[customer.pk][purpose, channel].state


def test_the_preference_page_is_small_works_without_scripts_and_keeps_the_text_shown(ann):
    publish_texts(
        "marketing", {"en": "Yes, send me offers."}, needs_new_consent=False, now=make.NOW
    )
    reader = Client(enforce_csrf_checks=True)
    address = path("email", "ann@example.com")
    shown = reader.get(address)
    text = shown.content.decode()
    assert "Yes, send me offers." in text
    assert "<script" not in text
    assert len(shown.content) < 10_000
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', text)[1]
    kept = [name for name in re.findall(r'name="(\w+:\w+)"', text) if not name.startswith("surv")]
    boxes = dict.fromkeys(kept, "on") | {"csrfmiddlewaretoken": token}
    assert reader.post(address, boxes).status_code == 302
    assert state(ann, "marketing", "email") == "given"
    assert state(ann, "survey", "email") == "withdrawn"
    word = Consent.objects.get(purpose="marketing", channel="email")
    assert (word.text, word.by) == (ConsentText.objects.get(), None)
    assert {"ip", "user_agent", "page"} <= set(word.proof)
    count = Consent.objects.count()
    reader.post(address, boxes)
    assert Consent.objects.count() == count
    assert reader.get("/preferences/forged").status_code == 404


def test_nothing_more_is_one_button_and_service_stays(ann):
    Client().post(path("email", "ann@example.com"), {"nothing": "1"})
    now = timezone.now()
    verdicts = {
        one: may_contact(ann.pk, one, "email", now, address="ann@example.com").code
        for one in ("survey", "loyalty", "marketing", "service")
    }
    assert set(verdicts.values()) == {"opted_out", ""}
    assert verdicts["service"] == ""
    assert Suppression.objects.count() == 1


def test_a_language_of_ones_own(ann):
    Customer.objects.filter(pk=ann.pk).update(language="ru")
    shown = Client().get(path("email", "ann@example.com", ann.pk)).content.decode()
    assert "О чём вам можно писать" in shown


def test_double_opt_in_by_mail(ann):
    told = {"purpose": "marketing", "channel": "email", "source": "shop", "at": make.NOW}
    whose = CustomerRef("email", "ann@example.com")
    words = ConsentInput(customer=whose, state="pending", **told)
    (noted,) = record_consents([words], now=make.NOW)
    for _ in range(2):
        send_confirmations(ConsentsToConfirm((noted.consent_id,)))
    letter = Message.objects.get()
    assert (letter.purpose, letter.address) == ("service", "ann@example.com")
    deliver_messages(message_ids=[letter.pk])
    confirm = "/" + letter.link.split("/", 3)[3]
    reader = Client(headers={"user-agent": "Mail/1"})
    assert reader.get(confirm).status_code == 200
    assert state(ann, "marketing", "email") == "pending"
    for _ in range(2):
        assert reader.post(confirm).status_code == 200
    given = Consent.objects.get(state="given")
    assert (given.source, given.proof["user_agent"]) == ("double_opt_in", "Mail/1")
    assert state(ann, "marketing", "email") == "given"


def test_a_link_that_did_not_come_by_mail_makes_a_yes_to_mail_wait(ann):
    change_purpose(PurposeShape("wine", "Wine", confirms_email=True))
    address = path("sms", "+79161234567")
    Client().post(address, {"wine:email": "on", "wine:sms": "on"})
    assert (state(ann, "wine", "email"), state(ann, "wine", "sms")) == ("pending", "given")


def test_the_team_sees_why_and_records_what_is_said_by_phone(ann, owner):
    address = reverse("customers.customer_consents", args=[ann.pk])
    told = {"purpose": "marketing", "channel": "email", "state": "given", "heard": "phone"}
    assert owner.post(address, told).status_code == 422
    assert owner.post(address, told | {"proof": "call 17"}).status_code == 302
    word = Consent.objects.get()
    assert (word.source, word.proof, word.by.role) == ("phone", {"told": "call 17"}, "owner")
    assert b"call 17" in owner.get(address).content
    why = owner.get(reverse("channels.may_contact_page", args=[ann.pk])).content.decode()
    assert "Consent: only after a yes" in why
    assert "0 of 1 used" in why


def test_purposes_and_texts_are_kept_by_the_team(owner):
    page = "/settings/purposes/new"
    told = {"code": "wine", "name": "Wine club", "basis": "consent", "is_on": "on"}
    assert owner.post(page, told).status_code == 422
    assert owner.post(page, told | {"is_refusable": "on"}).status_code == 302
    texts = {"en": "Wine, please.", "ru": "Вино, пожалуйста."}
    assert owner.post("/settings/purposes/wine/texts", texts).status_code == 302
    assert owner.post("/settings/purposes/wine/texts", {}).status_code == 422
    shown = owner.get("/settings/purposes/wine").content.decode()
    assert "Вино, пожалуйста." in shown
    assert "Wine club" in owner.get("/settings/purposes").content.decode()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("PT30M", "30 minutes"),
        ("PT90M", "90 minutes"),
        ("PT90S", "2 minutes"),
        ("PT36H", "36 hours"),
        ("P1W", "7 days"),
        ("PT24H", "1 day"),
    ],
)
def test_a_window_is_said_in_its_own_measure(told, said):
    assert span_in_words(told) == said


def test_contact_rules_are_edited_in_words(owner):
    told = {"name": "Calm week", "scope": "all", "max": "2", "window": "P7D", "is_on": "on"}
    told |= {"on_excess": "skip", "reminders": "counted", "position": "5", "spared": ["service"]}
    assert owner.post("/settings/contact-rules/new", told | {"window": "P1Y"}).status_code == 422
    owner.cookies["django_language"] = "ru"
    refused = owner.post("/settings/contact-rules/new", told | {"window": "P1Y"}).content.decode()
    assert "напишите срок, например P7D или PT12H" in refused
    owner.cookies["django_language"] = "en"
    assert owner.post("/settings/contact-rules/new", told).status_code == 302
    shown = owner.get("/settings/contact-rules").content.decode()
    assert "At most 2 contacts with one person within 7 days; for everything" in shown
    assert owner.post("/settings/contact-rules/calm-week", {"remove": "1"}).status_code == 302
    assert not ContactRule.objects.exists()
    policy = {"quiet_from": "21:00", "quiet_until": "", "duplicate_window": "PT12H"}
    assert owner.post("/settings/contact-rules", policy).status_code == 422
    assert (
        owner.post("/settings/contact-rules", policy | {"quiet_until": "09:00"}).status_code == 302
    )
