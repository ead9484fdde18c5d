"""Gift cards and vouchers: what is owed, the list, one of them with its movements."""

from secrets import token_urlsafe
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import localtime
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.loyalty.actions.values import (
    LoadInput,
    ValueInput,
    block_value,
    cancel_value,
    issue_values,
    load_values,
    unblock_value,
)
from regulars.loyalty.models import Program
from regulars.loyalty.models.values import StoredValue, ValueEntry, ValuePayment
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.amounts import as_minor, day_field, end_of, money_field
from regulars.loyalty.queries.values import liability_of
from regulars.loyalty.reasons import reason_in_words
from regulars.loyalty.rules.codes import masked, normal_code
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form

PER_PAGE = 30
KINDS = {"gift_card": _("Gift card"), "voucher": _("Voucher")}
ENTRIES = {
    "issue": _("Issued"),
    "load": _("Loaded"),
    "capture": _("Paid"),
    "refund": _("Given back"),
    "expire": _("Expired"),
    "cancel": _("Cancelled"),
}


@page("loyalty/<slug:code>/gift-cards", needs="loyalty.view_gift_card")
def gift_cards(request: HttpRequest, code: str) -> Shown:
    """What is owed on gift cards and vouchers, how it moved this month, and the single ones."""
    program = program_of(code)
    asked = request.GET.get("q", "")[:60]
    rows = StoredValue.objects.filter(program=program).select_related("member__customer")
    if asked:
        rows = rows.filter(code=normal_code(asked) or "")
    now = moment_of_now()
    month = localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return show(
        request,
        "loyalty/gift_cards.html",
        program=program,
        listed=Paginator(rows.order_by("-id"), PER_PAGE).get_page(request.GET.get("page")),
        query=asked,
        kinds=KINDS,
        cards=liability_of(program, "gift_card", since=month, until=now),
        vouchers=liability_of(program, "voucher", since=month, until=now),
        now=now,
    )


@page("loyalty/<slug:code>/gift-cards/new", needs="loyalty.edit_gift_card")
@never_cache
def new_gift_card(request: HttpRequest, code: str) -> Shown:
    """A gift card is sold: its number and PIN are shown once, to hand over."""
    program = program_of(code)
    form = _form(program)(request.POST or None)
    if not form.is_bound:
        form.initial["key"] = token_urlsafe(12)
    if request.method == "POST" and form.is_valid():
        entry = ValueInput(
            key=f"page:{form.cleaned_data['key']}",
            kind="gift_card",
            amount_minor=as_minor(form.cleaned_data["amount"], program.currency) or 0,
            pin=form.cleaned_data["pin"],
            expires_at=end_of(form.cleaned_data["last_day"]),
        )
        (card,) = issue_values(program, [entry], now=moment_of_now())
        if isinstance(card, StoredValue):
            return show(request, "loyalty/gift_card_issued.html", card=card, program=program)
        form.add_error(
            {"amount_minor": "amount", "expires_at": "last_day"}.get(card.field or "", card.field),
            card.message,
        )
    return show_form(request, "loyalty/gift_card_form.html", form=form, program=program)


@page("loyalty/gift-cards/<int:value_id>", needs="loyalty.view_gift_card")
def gift_card(request: HttpRequest, value_id: int) -> Shown:
    """One gift card or voucher: what is left, what moved, what is held."""
    return _card_page(request, _value(request, value_id), None)


@page("loyalty/gift-cards/<int:value_id>/load", needs="loyalty.edit_gift_card")
def load_gift_card(request: HttpRequest, value_id: int) -> Shown:
    """Puts money on a card; the form's key makes a second press harmless."""
    card = _value(request, value_id)
    form = _load_form(card)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        amount = as_minor(form.cleaned_data["amount"], card.currency) or 0
        load = LoadInput(f"page:{form.cleaned_data['key']}", card.pk, amount)
        (loaded,) = load_values([load], now=moment_of_now())
        if not isinstance(loaded, Refused):
            say(request, gettext("The money is on the card."))
            return redirect("loyalty.gift_card", value_id=card.pk)
        form.add_error("amount", reason_in_words(loaded.code))
    return _card_page(request, card, form)


@page("loyalty/gift-cards/<int:value_id>/change", needs="loyalty.edit_gift_card")
def change_gift_card(request: HttpRequest, value_id: int) -> Shown:
    """Blocks, unblocks or cancels a card."""
    card = _value(request, value_id)
    if request.method == "POST":
        act = request.POST.get("act", "")
        try:
            if act == "block":
                block_value(card, now=moment_of_now())
            elif act == "unblock":
                unblock_value(card)
            elif act == "cancel":
                cancel_value(card, now=moment_of_now())
        except Refused as refused:
            say(request, reason_in_words(refused.code), tone="bad")
        else:
            say(request, gettext("Done."))
    return redirect("loyalty.gift_card", value_id=card.pk)


def _value(request: HttpRequest, value_id: int) -> StoredValue:
    rows = StoredValue.objects.select_related("program", "member__customer")
    return get_seen(StoredValue, value_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]


def _card_page(request: HttpRequest, card: StoredValue, form: forms.Form | None) -> Shown:
    if form is None:
        form = _load_form(card)()
        form.initial["key"] = token_urlsafe(12)
    entries = ValueEntry.objects.filter(value=card).select_related("payment__store")
    return show(
        request,
        "loyalty/gift_card.html",
        status=422 if form.errors else 200,
        card=card,
        program=card.program,
        number=masked(card.code),
        kind=KINDS[card.kind],
        entries=[(one, ENTRIES[one.kind]) for one in entries.order_by("-id")[:50]],
        held=ValuePayment.objects.filter(value=card, state="held").order_by("-id"),
        form=form,
        now=moment_of_now(),
    )


def _form(program: Program) -> type[forms.Form]:
    fields: dict[str, Any] = {
        "amount": money_field(_("Amount"), program.currency, required=True),
        "pin": forms.CharField(
            label=_("PIN"), max_length=8, required=False, help_text=_("4 to 8 digits")
        ),
        "last_day": day_field(_("Last day")),
        "key": forms.CharField(max_length=50, widget=forms.HiddenInput),
    }
    return type("GiftCardForm", (forms.Form,), fields)


def _load_form(card: StoredValue) -> type[forms.Form]:
    fields: dict[str, Any] = {
        "amount": money_field(_("Amount"), card.currency, required=True),
        "key": forms.CharField(max_length=50, widget=forms.HiddenInput),
    }
    return type("LoadForm", (forms.Form,), fields)
