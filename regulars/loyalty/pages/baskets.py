"""Try a basket: what a member would earn with it now, rule by rule, without anything written."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.company.models import Product, Store
from regulars.core.access import seen
from regulars.core.errors import Refused
from regulars.core.money import minor_per_unit
from regulars.customers.actions import CustomerRef, LineInput, PurchaseInput
from regulars.loyalty.actions import take_purchases
from regulars.loyalty.models import Member, Program, Rule, Unit
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.amounts import money_field
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.queries.explaining import part_in_words, rules_behind
from regulars.loyalty.queries.wallets import find_member
from regulars.loyalty.rules.receipts import Receipt
from regulars.web.pages import Shown, page, show_form

LINES = 5


class BasketForm(forms.Form):
    """A member, a moment, a store, and some lines."""

    card = forms.CharField(label=_("Card or phone"), max_length=100)
    at = forms.DateTimeField(
        label=_("When"),
        required=False,
        help_text=_("Empty: now."),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    store = forms.ModelChoiceField(Store.objects.none(), label=_("Store"), required=False)

    def __init__(self, *told: Any, program: Program, stores: Any, **more: Any) -> None:
        super().__init__(*told, **more)
        self.currency = program.currency
        self.fields["store"].queryset = stores  # type: ignore[attr-defined]
        for number in range(1, LINES + 1):
            self.fields[f"sku{number}"] = forms.CharField(
                label=_("Product %(number)d") % {"number": number}, required=False, max_length=100
            )
            self.fields[f"pieces{number}"] = forms.DecimalField(
                label=_("Pieces %(number)d") % {"number": number},
                required=False,
                min_value=Decimal("0.001"),
                initial=1,
            )
            self.fields[f"paid{number}"] = money_field(
                _("Paid %(number)d") % {"number": number}, program.currency
            )

    @property
    def rows(self) -> list[list[forms.BoundField]]:
        """The fields of each line."""
        names = ("sku", "pieces", "paid")
        return [[self[f"{name}{number}"] for name in names] for number in range(1, LINES + 1)]

    @property
    def lines(self) -> tuple[LineInput, ...]:
        """The lines that cost something."""
        told, unit = self.cleaned_data, minor_per_unit(self.currency)
        return tuple(
            LineInput(
                told[f"sku{number}"],
                int((told[f"pieces{number}"] or 1) * 1_000),
                int(told[f"paid{number}"] * unit),
            )
            for number in range(1, LINES + 1)
            if told.get(f"paid{number}")
        )

    def clean(self) -> dict[str, Any]:
        """The basket; products the company does not know are told apart from those it does."""
        told = super().clean() or {}
        skus = {told.get(f"sku{number}") for number in range(1, LINES + 1)} - {"", None}
        known = set(Product.objects.filter(sku__in=skus).values_list("sku", flat=True))
        for number in range(1, LINES + 1):
            if (sku := told.get(f"sku{number}")) and sku not in known:
                self.add_error(f"sku{number}", gettext("No product has this number."))
        if not any(told.get(f"paid{number}") for number in range(1, LINES + 1)):
            self.add_error("paid1", gettext("Put something into the basket."))
        return told


@page("loyalty/<slug:code>/basket", needs="loyalty.view_rule")
def basket(request: HttpRequest, code: str) -> Shown:
    """What a member would earn with a basket, and by which rules; nothing is kept."""
    program = program_of(code)
    stores = seen(Store, request.user).order_by("name")  # type: ignore[arg-type]
    form = BasketForm(request.POST or None, program=program, stores=stores)
    titles = (gettext("Product"), gettext("Pieces"), f"{gettext('Paid')}, {program.currency}")
    tried: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        member = find_member(form.cleaned_data["card"])
        if member is None or member.program_id != program.pk:
            form.add_error("card", gettext("Nobody in this program has this card or phone."))
        else:
            try:
                tried = _tried(program, member, form, now=moment_of_now())
            except Refused as refused:
                blame_in_words(form, refused)
    return show_form(
        request, "loyalty/basket.html", form=form, program=program, titles=titles, **tried
    )


def _tried(program: Program, member: Member, form: BasketForm, *, now: datetime) -> dict[str, Any]:
    """The receipt of a purchase that is posted and taken back at once, as tills are quoted."""
    told = form.cleaned_data
    entry = PurchaseInput(
        source="trial",
        number=uuid4().hex,
        customer=CustomerRef("id", str(member.customer_id)),
        store_code=told["store"].code if told["store"] else None,
        bought_at=told["at"] or now,
        lines=form.lines,
    )
    with transaction.atomic():
        (taken,) = take_purchases([entry], now=now)
        transaction.set_rollback(True)
    if taken.refused is not None:
        raise taken.refused
    receipts = [one for one in taken.receipts if one.program == program.code]
    return {"member": member, **(_shown(program, receipts[0]) if receipts else {})}


def _shown(program: Program, receipt: Receipt) -> dict[str, Any]:
    rows = Unit.objects.filter(program=program).select_related("program")
    units = {unit.code: unit for unit in rows}
    behind = rules_behind(receipt.awards)
    given = [
        (one, behind.rules[one.rule_id], part_in_words(one, behind))
        for one in receipt.awards
        if one.rule_id in behind.rules
    ]
    idle = Rule.objects.filter(program=program, in_force_to=None).exclude(pk__in=behind.rules)
    return {
        "receipt": receipt,
        "earned": [(units[code], amount) for code, amount in receipt.earned.items()],
        "given": [(rule, units[award.unit], award.amount, words) for award, rule, words in given],
        "idle": list(idle.order_by("position", "id")),
    }
