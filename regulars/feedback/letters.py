"""What an invitation says: in the customer's language, with the first question in the letter."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from regulars.channels.actions import OutgoingMessage
from regulars.channels.kind import channel_kinds, reached_by
from regulars.channels.queries.channels import default_channel
from regulars.customers.rules.consents import ADDRESS_KINDS
from regulars.feedback.dialogue.turns import first_turn
from regulars.feedback.models import Invitation, Sitting
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.saying import say_turn
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.opening import opening_question, ways_to_answer
from regulars.feedback.survey.texts import text_in
from regulars.web.brand import BrandLook, current_brand

KEY = "feedback.invitation:"
"""Keys of our messages begin with it and end with the id of the invitation."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, and the channel that is taken where none is named; the same for a whole batch."""

    brand: BrandLook
    usual_channel: str


def current_sender() -> Sender:
    """The company as it is now."""
    return Sender(current_brand(), default_channel())


def letter_for(
    invitation: Invitation,
    sender: Sender,
    *,
    sitting: Sitting | None = None,
    channel: str = "",
    address: str = "",
    step: int = 0,
    is_reminder: bool = False,
) -> OutgoingMessage:
    """The message of an invitation. Its links preselect an answer; only the customer's post records.

    In a conversation it asks what the sitting has no answer to yet and is answered by writing back;
    `address` is the one on that channel. Steps after the first are further messages, each sent once.
    """
    channel = channel or invitation.channel
    key = f"{KEY}{invitation.pk}{f':{step}' if step else ''}"
    kind = channel_kinds.kinds().get(channel)
    if kind is not None and kind.capabilities.is_conversation:
        message = _first_message(invitation, sender, sitting, address=address)
        return replace(message, key=key, channel=channel, is_reminder=is_reminder)
    definition = definition_of(invitation.version)
    brand = sender.brand
    wanted = (invitation.language, invitation.customer.language, brand.language)
    language = definition.best_language([one for one in wanted if one])
    link = f"{settings.BASE_URL}{reverse('feedback.invited', args=(invitation.token,))}"
    with translation.override(language if language in ("en", "ru") else "en"):
        context = {
            "brand": brand,
            "language": language,
            "title": text_in(definition.title, language) or _("Your opinion"),
            "link": link,
            **_opening(definition, language, link=link),
        }
        return OutgoingMessage(
            key=key,
            purpose="survey",
            subject=f"{brand.name}: {context['title']}"[:200],
            text=render_to_string("feedback/letter.txt", context),
            html=render_to_string("feedback/letter.html", context),
            link=link,
            customer_id=invitation.customer_id,
            address=_address(invitation, channel or sender.usual_channel),
            channel=channel,
            language=language,
            survey=str(invitation.survey_id),
            is_reminder=is_reminder,
            sample=invitation.sample,
        )


def _first_message(
    invitation: Invitation, sender: Sender, sitting: Sitting | None, *, address: str
) -> OutgoingMessage:
    brand, values = sender.brand, sitting.values if sitting else {}
    definition = definition_of(sitting.version if sitting else invitation.version)
    chosen = sitting.language if sitting else ""
    wanted = (chosen, invitation.language, invitation.customer.language, brand.language)
    language = definition.best_language([one for one in wanted if one])
    link = f"{settings.BASE_URL}{reverse('feedback.invited', args=(invitation.token,))}"
    talk = first_turn(definition, mode="message", language=language, values=values)
    if talk.end:
        talk = replace(talk, end="partial")  # what is left is on the page, if only the last button
    if definition.anonymity:
        talk = replace(talk, at="", end="elsewhere")
    said = say_turn(definition, talk, link=link)
    return OutgoingMessage(
        key=f"{KEY}{invitation.pk}",
        purpose="survey",
        text=f"{brand.name}: {said.text}",
        link=link,
        customer_id=invitation.customer_id,
        address=address,
        channel=invitation.channel,
        language=language,
        survey=str(invitation.survey_id),
        buttons=said.buttons,
        sample=invitation.sample,
    )


def invitation_id_of(key: str) -> int | None:
    """The invitation that a message's key names, or None for messages of others."""
    number = key.removeprefix(KEY).partition(":")[0]
    return int(number) if key.startswith(KEY) and number.isdigit() else None


def _address(invitation: Invitation, channel: str) -> str:
    kind = ADDRESS_KINDS.get(reached_by(channel), "email")
    customer = invitation.customer
    return customer.phone if kind == "phone" else customer.email


def _opening(definition: Definition, language: str, *, link: str) -> dict[str, Any]:
    """The question in the letter, and a link for each answer to it, unless nobody is to know of it."""
    question = opening_question(definition)
    if question is None:
        return {"question": "", "ways": []}
    plain = {"true": _("Yes"), "false": _("No")}
    answers = [] if definition.anonymity else ways_to_answer(question, language)
    return {
        "question": question.heading(language),
        "is_scale": question.scale is not None,
        "ways": [
            (label or plain.get(value, value), f"{link}?{urlencode({'q': value})}")
            for value, label in answers
        ],
    }
