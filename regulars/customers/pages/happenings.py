"""What purchases, returns, consents and tracked events say on a customer's timeline."""

from collections.abc import Sequence

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from regulars.company.queries import get_brand
from regulars.core.money import format_money
from regulars.customers.queries import PURCHASE
from regulars.customers.queries.consents import purpose_names
from regulars.customers.rules.consents import ANY, CHANNELS, SAID
from regulars.customers.timeline import Body, shown_as

PROPERTIES_SHOWN = 3
LETTERS_SHOWN = 100


def _amounts(bodies: Sequence[Body]) -> list[str]:
    currency, language = get_brand().currency, get_language() or "en"
    return [
        " · ".join(
            part
            for part in (format_money(body["total_minor"], currency, language), body.get("reason"))
            if part
        )
        for body in bodies
    ]


def _words(bodies: Sequence[Body]) -> list[str]:
    """Each word as what was said, of which purpose, on which channel."""
    purposes = {ANY: gettext("Everything"), **purpose_names()}
    channels = {ANY: gettext("all channels"), **{key: gettext(CHANNELS[key]) for key in CHANNELS}}
    return [
        " · ".join(
            (
                gettext(SAID[body["state"]]),
                purposes.get(body["purpose"]) or body["purpose"],
                channels.get(body["channel"]) or body["channel"],
            )
        )
        for body in bodies
    ]


def _calls(bodies: Sequence[Body]) -> list[str]:
    """The name of each event with its first plain properties."""
    return [" · ".join(_of_call(body))[:LETTERS_SHOWN] for body in bodies]


def _of_call(body: Body) -> list[str]:
    plain = [
        f"{key}: {value}"
        for key, value in (body.get("properties") or {}).items()
        if isinstance(value, (str, int, float)) and value != ""
    ]
    return [part for part in (body["name"], *plain[:PROPERTIES_SHOWN]) if part]


def _views(bodies: Sequence[Body]) -> list[str]:
    """The title and path of each page that was looked at."""
    texts = []
    for body in bodies:
        page = body.get("page")
        told = {**(page if isinstance(page, dict) else {}), **(body.get("properties") or {})}
        parts = [body["name"] or told.get("title"), told.get("path")]
        texts.append(" · ".join(str(part) for part in parts if part)[:LETTERS_SHOWN])
    return texts


shown_as(PURCHASE, label=_("Purchase"), texts=_amounts, icon="till")
shown_as("return", label=_("Return"), texts=_amounts, tone="bad", icon="till")
shown_as("consent", label=_("Consent"), texts=_words, icon="lock")
shown_as("tracked.event", label=_("Event"), texts=_calls, icon="journey")
shown_as("tracked.page", label=_("Page view"), texts=_views, icon="page")
