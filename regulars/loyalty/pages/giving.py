"""A member gives points to another, from the card on the phone: first asked, then confirmed."""

from decimal import Decimal
from secrets import token_urlsafe
from typing import Any

from django import forms
from django.http import Http404, HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from regulars.core.errors import Refused
from regulars.customers.rules.masking import mask_name
from regulars.loyalty.actions.handing import hand_over_points
from regulars.loyalty.measures import amount_of_unit
from regulars.loyalty.models import Member, Unit
from regulars.loyalty.pages.amounts import QuantityField, in_books
from regulars.loyalty.queries.figures import spendable_units_of
from regulars.loyalty.queries.wallets import wallets_of
from regulars.loyalty.reasons import reason_in_words
from regulars.loyalty.rules.adjusting import AMOUNT_MAX
from regulars.loyalty.rules.cards import end_of_card
from regulars.web.frame import say
from regulars.web.pages import PUBLIC, Shown, page, show, show_form


class GivingForm(forms.Form):
    """To which card, and how many."""

    card = forms.CharField(
        label=_("Number of the other card"),
        max_length=30,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    amount = QuantityField(_("How many"), max_value=AMOUNT_MAX)
    key = forms.CharField(max_length=50, widget=forms.HiddenInput)

    def __init__(self, unit: Unit | None, data: Any = None) -> None:
        super().__init__(data)
        self.unit = unit

    def clean_amount(self) -> int:
        """How many, as the books count them."""
        amount: Decimal = self.cleaned_data["amount"]
        return in_books(amount, self.unit) if self.unit else int(amount)

    def clean_card(self) -> str:
        """The digits of the number, however it is written."""
        digits = "".join(letter for letter in self.cleaned_data["card"] if letter not in " -")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise forms.ValidationError(gettext("A card's number is made of digits."))
        return digits


@page("card/<str:token>/give", needs=PUBLIC)
@never_cache
def card_give(request: HttpRequest, token: str) -> Shown:
    """Points for another card: who gives sees whose it is, by the first letters, and confirms."""
    members = Member.objects.select_related("program", "customer")
    member = members.filter(token=token).first()
    if member is None or not can_give(member):
        raise Http404
    unit = spendable_units_of(member.program).select_related("program").first()
    form = GivingForm(unit, request.POST or None)
    if not form.is_bound:
        form.initial["key"] = token_urlsafe(12)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        rows = members.filter(program=member.program_id, number=told["card"])
        taker = rows.first()
        if taker is None:
            form.add_error("card", reason_in_words("unknown_card"))
        elif "confirmed" not in request.POST:
            name = mask_name(taker.customer.name)
            return show(
                request,
                "loyalty/card_give_confirm.html",
                member=member,
                name=name,
                card=end_of_card(taker.number),
                told=told,
                form=form,
                unit=unit,
            )
        elif _give(form, member, taker):
            if unit:
                given = amount_of_unit(told["amount"], unit)
                say(request, gettext("Given: %(amount)s.") % {"amount": given})
            return redirect("loyalty.card", token=token)
    (wallet,) = wallets_of([member], now=moment_of_now())
    return show_form(request, "loyalty/card_give.html", form=form, member=member, wallet=wallet)


def can_give(member: Member) -> bool:
    """Whether the program lets its members give points to each other."""
    return bool(member.program.handover_max and member.program.handover_day_max)


def _give(form: GivingForm, member: Member, taker: Member) -> bool:
    key = f"card:{member.pk}:{form.cleaned_data['key']}"
    amount = form.cleaned_data["amount"]
    try:
        hand_over_points(member, taker, amount, key=key, now=moment_of_now())
    except Refused as refused:
        field = {"taker": "card"}.get(refused.field or "", "amount")
        form.add_error(field, reason_in_words(refused.code))
        return False
    return True
