"""What a customer agreed to: a panel, the history with the text shown, and what they say by phone."""

from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.customers.actions import ConsentInput, CustomerRef, Writer, record_consents
from regulars.customers.models import Consent, Customer
from regulars.customers.queries import leaders_of, persons_of, states_of
from regulars.customers.queries.consents import consents_of, current_texts, purpose_names
from regulars.customers.rules.consents import ANY, CHANNELS, SAID, STATES, Standing
from regulars.web.frame import say
from regulars.web.pages import Shown, blame, page, show, show_form

TONES = {
    "given": "good",
    "withdrawn": "bad",
    "refused": "bad",
    "pending": "accent",
    "expired": "warn",
    "outdated": "warn",
}
HEARD = {
    "phone": _("By phone"),
    "paper": _("On paper"),
    "store": _("In the store"),
    "letter": _("In a letter"),
}


class Cell(NamedTuple):
    """One purpose on one channel, as it is shown."""

    channel: str
    state: str
    tone: str
    standing: Standing


class Line(NamedTuple):
    """One word of the history, as it is shown."""

    consent: Consent
    purpose: str
    channel: str
    state: str
    tone: str
    who: str


class HeardForm(forms.Form):
    """What a customer said by phone or on paper, and how we know."""

    purpose = forms.ChoiceField(label=_("Purpose"))
    channel = forms.ChoiceField(label=_("Channel"))
    state = forms.ChoiceField(
        label=_("What was said"), choices=[("given", _("Yes")), ("withdrawn", _("No"))]
    )
    heard = forms.ChoiceField(label=_("How"), choices=list(HEARD.items()))
    proof = forms.CharField(
        label=_("Proof"),
        max_length=300,
        help_text=_("Such as: number of the recorded call, where the paper is kept"),
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        choices: Any = self.fields["purpose"]
        choices.choices = [(code, name) for code, name in purpose_names().items() if code != "test"]
        choices = self.fields["channel"]
        choices.choices = [(code, gettext(name)) for code, name in CHANNELS.items()]


@page(
    "customers/<int:customer_id>/consents/states",
    needs="customers.view_consent",
    panel_of="customer",
    title=_("Consents"),
)
def consents_panel(request: HttpRequest, customer_id: int) -> Shown:
    """What a person agreed to by purpose and channel, as far as anything was said."""
    found = _found(request, customer_id)
    return show(request, "customers/_consents.html", customer=found, rows=_rows(found.pk))


@page("customers/<int:customer_id>/consents", needs="customers.view_consent")
def customer_consents(request: HttpRequest, customer_id: int) -> Shown:
    """Every word of a person with the text that was shown; and a form for what they say now."""
    found = _found(request, customer_id)
    user: Any = request.user
    may_record = user.has_perm("customers.record_consent")
    form = HeardForm(request.POST or None)
    if request.method == "POST" and may_record and form.is_valid():
        refused = _record(found, form.cleaned_data, employee_id=user.pk)
        if refused is None:
            say(request, gettext("It is on record."))
            return redirect("customers.customer_consents", found.pk)
        blame(form, refused)
    return show_form(
        request,
        "customers/consents.html",
        form=form,
        customer=found,
        rows=_rows(found.pk),
        history=_history(found.pk),
        may_record=may_record,
    )


def _found(request: HttpRequest, customer_id: int) -> Customer:
    user: Any = request.user
    return get_seen(Customer, customer_id, seen_by=user)


def _record(found: Customer, told: dict[str, Any], *, employee_id: int) -> Refused | None:
    now = timezone.now()
    language = (found.language or "en")[:2]
    shown = current_texts().get((told["purpose"], language))
    words = ConsentInput(
        customer=CustomerRef("id", str(leaders_of([found.pk])[found.pk])),
        purpose=told["purpose"],
        channel=told["channel"],
        state=told["state"],
        at=now,
        source=told["heard"],
        language=language,
        text_id=shown.pk if shown else None,
        covers_person=True,
        proof={"told": told["proof"]},
    )
    return record_consents([words], now=now, writer=Writer(employee_id=employee_id))[0].refused


def _rows(customer_id: int) -> list[tuple[str, list[Cell]]]:
    """By purpose the channels on which something is known."""
    states, names = states_of([customer_id], timezone.now())[customer_id], purpose_names()
    rows = []
    for code, name in names.items():
        cells = [
            Cell(
                gettext(CHANNELS[channel]),
                gettext(STATES[standing.state]),
                TONES.get(standing.state, ""),
                standing,
            )
            for (purpose, channel), standing in states.items()
            if purpose == code and standing.word is not None
        ]
        if cells:
            rows.append((name, cells))
    return rows


def _history(customer_id: int) -> list[Line]:
    records = [record for person in persons_of([customer_id]).values() for record in person]
    names = {ANY: gettext("Everything"), **purpose_names()}
    channels = {ANY: gettext("all channels"), **{key: gettext(CHANNELS[key]) for key in CHANNELS}}
    return [
        Line(
            one,
            names.get(one.purpose, one.purpose),
            channels.get(one.channel, one.channel),
            gettext(SAID[one.state]),
            TONES.get(one.state, ""),
            _who(one),
        )
        for one in consents_of(records)[:200]
    ]


def _who(one: Consent) -> str:
    """Who wrote the word down."""
    if one.by is not None:
        return str(one.by)
    if one.api_key is not None:
        return str(one.api_key)
    return gettext("An import") if one.work_id else gettext("The customer")
