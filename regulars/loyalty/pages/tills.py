"""The till: find a member by card or phone, accrue, redeem, undo. Keyboard only, no scripts needed."""

from datetime import datetime, timedelta
from decimal import Decimal
from secrets import token_urlsafe
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.timezone import now as moment_of_now
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from regulars.company.models import Store, in_language
from regulars.core.access import get_seen, seen
from regulars.core.errors import Refused
from regulars.core.money import format_money, minor_per_unit
from regulars.customers.actions import CustomerRef, LineInput, PurchaseInput
from regulars.customers.models import Purchase
from regulars.loyalty.actions import Taken, redeem_points, take_purchases, undo_redemption
from regulars.loyalty.measures import amount_of_unit
from regulars.loyalty.models import Member, PromoCode, Redemption, StoredValue, Unit
from regulars.loyalty.pages.amounts import AmountField, QuantityField, in_books
from regulars.loyalty.pages.refusals import barred_in_words, blame_in_words
from regulars.loyalty.pages.till_states import TillState, find_scanned
from regulars.loyalty.queries.figures import spendable_units_of
from regulars.loyalty.queries.wallets import find_member, wallets_of
from regulars.loyalty.reasons import REASONS
from regulars.loyalty.rules.cards import grouped
from regulars.web.frame import say
from regulars.web.pages import Nav, Shown, page, show


class AccrueForm(forms.Form):
    """The amount of a purchase, in whole units of money and their parts."""

    amount = AmountField(
        label=_("Amount of the purchase"),
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    key = forms.CharField(max_length=50, widget=forms.HiddenInput)


class RedeemForm(forms.Form):
    """How many points, or how much cashback, the member spends."""

    points = QuantityField(
        _("Points to redeem"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    key = forms.CharField(max_length=50, widget=forms.HiddenInput)

    def __init__(self, member: Member, data: Any = None) -> None:
        super().__init__(data)
        self.unit = spendable_units_of(member.program).select_related("program").first()
        if self.unit and self.unit.kind == "money":
            name = in_language(self.unit.name, self.unit.name_ru)
            told = {"name": name, "currency": member.program.currency}
            self.fields["points"].label = gettext("%(name)s to redeem, %(currency)s") % told

    def clean_points(self) -> int:
        """The points as the books count them."""
        points: Decimal = self.cleaned_data["points"]
        return in_books(points, self.unit) if self.unit else int(points)


@page("till", needs="loyalty.use_till", title=_("Till"), nav=Nav(_("Till"), 90, "till", "T"))
@never_cache
def till(request: HttpRequest) -> Shown:
    """One field: a card or a phone finds the member, a code or a gift card begins a purchase."""
    asked = request.GET.get("q", "").strip()
    if not asked:
        new = TillState.new()
        return show(request, "loyalty/till.html", store=store_of(request), new=new)
    found = find_scanned(asked[:100])
    if isinstance(found, StoredValue | PromoCode):
        return TillState.new().scanned(found).go()
    if found is None:
        return show(
            request,
            "loyalty/till.html",
            status=422,
            asked=asked,
            nobody=True,
            store=store_of(request),
            new=TillState.new(),
        )
    return redirect("loyalty.till_member", number=found.number)


@page("till/<str:number>", needs="loyalty.use_till")
@never_cache
def till_member(request: HttpRequest, number: str) -> Shown:
    """Name, balance and tier of a member, and the two acts of a cashier."""
    member = find_member(number)
    if member is None:
        return show(
            request,
            "loyalty/till.html",
            status=404,
            asked=number,
            nobody=True,
            store=store_of(request),
        )
    return _member_page(request, member, AccrueForm(), RedeemForm(member))


@page("till/<str:number>/accrue", needs="loyalty.use_till")
def till_accrue(request: HttpRequest, number: str) -> Shown:
    """Posts a purchase of the member; the form's key makes a second press harmless."""
    member, form = find_member(number), AccrueForm(request.POST or None)
    if member is None or request.method != "POST":
        return redirect("loyalty.till")
    if form.is_valid():
        try:
            taken = _accrue(request, member, form)
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(
                request, gettext("%(points)s accrued.") % {"points": earned_in_words(member, taken)}
            )
            return back_to(member)
    return _member_page(request, member, form, RedeemForm(member))


@page("till/<str:number>/redeem", needs="loyalty.use_till")
def till_redeem(request: HttpRequest, number: str) -> Shown:
    """Spends points of the member, and offers to undo it for a minute."""
    member = find_member(number)
    if member is None or request.method != "POST":
        return redirect("loyalty.till")
    form = RedeemForm(member, request.POST)
    if form.is_valid():
        try:
            redemption = redeem_points(
                member,
                form.cleaned_data["points"],
                key=f"till:{form.cleaned_data['key']}",
                now=moment_of_now(),
                store_id=store_id_of(request),
                employee_id=request.user.pk,
            )
        except Refused as refused:
            points = form.cleaned_data["points"] if refused.code == "code_is_needed" else 0
            form.add_error("points", till_reason(refused))
            return _member_page(request, member, AccrueForm(), form, code_for=points)
        else:
            worth = _money(redemption.worth_minor, member)
            words = {"points": amount_of_unit(redemption.amount, redemption.unit), "worth": worth}
            say(request, gettext("%(points)s redeemed: take %(worth)s off the price.") % words)
            return back_to(member)
    return _member_page(request, member, AccrueForm(), form)


@page("till/undo/<int:redemption_id>", needs="loyalty.use_till")
def till_undo(request: HttpRequest, redemption_id: int) -> Shown:
    """Gives back what a redemption took, within a minute."""
    rows = Redemption.objects.select_related("member", "unit")
    redemption = get_seen(Redemption, redemption_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    if request.method == "POST":
        try:
            undo_redemption(redemption, now=moment_of_now())
            say(request, gettext("Undone: the points are back on the card."))
        except Refused as refused:
            say(request, till_reason(refused), tone="bad")
    return back_to(redemption.member)


def back_to(member: Member) -> HttpResponse:
    """Back to the member, with the cursor where the next card is scanned."""
    return redirect(f"{reverse('loyalty.till_member', args=[member.number])}?done=1")


def _focus(request: HttpRequest, accrue: AccrueForm, redeem: RedeemForm) -> bool:
    """Puts the cursor into the field that comes next; whether that is the search for a card."""
    if request.GET.get("done"):
        return True
    field = redeem.fields["points"] if redeem.errors else accrue.fields["amount"]
    field.widget.attrs["autofocus"] = True
    return False


def _member_page(
    request: HttpRequest,
    member: Member,
    accrue: AccrueForm,
    redeem: RedeemForm,
    *,
    code_for: int = 0,
) -> HttpResponse:
    now = moment_of_now()
    (wallet,) = wallets_of([member], now=now)
    for form in (accrue, redeem):
        if not form.is_bound:
            form.initial["key"] = token_urlsafe(12)
    spendable = wallet.spendable
    latest = (
        Redemption.objects.filter(member=member, undone_at__isnull=True)
        .select_related("unit__program")
        .order_by("-id")
        .first()
    )
    is_fresh = latest and now - latest.redeemed_at < timedelta(seconds=60)
    return show(
        request,
        "loyalty/till_member.html",
        status=422 if accrue.errors or redeem.errors else 200,
        member=member,
        wallet=wallet,
        barred=barred_in_words(wallet, now=now),
        number=grouped(member.number),
        accrue=accrue,
        redeem=redeem,
        undoable=latest if is_fresh else None,
        code_for=code_for,
        find_next=_focus(request, accrue, redeem),
        store=store_of(request),
        basket=TillState.new(member),
        worth=_money(spendable.worth_minor, member) if spendable else "",
    )


def _accrue(request: HttpRequest, member: Member, form: AccrueForm) -> Taken:
    """Takes a purchase of one line; `Refused` where it cannot be recorded."""
    minor = int(form.cleaned_data["amount"] * minor_per_unit(member.program.currency))
    key, now = form.cleaned_data["key"], moment_of_now()
    known = _stores(request).filter(pk=store_id_of(request) or 0).first()
    entry = PurchaseInput(
        source="till",
        number=key,
        customer=CustomerRef("id", str(member.customer_id)),
        store_code=known.code if known else None,
        bought_at=_bought_at(key, now),
        lines=(LineInput("", 1000, minor),),
    )
    (taken,) = take_purchases([entry], now=now)
    if taken.refused is not None:
        raise taken.refused
    return taken


def _bought_at(key: str, now: datetime) -> datetime:
    """The moment of the purchase: that of the first press, so that a second one is the same."""
    known = Purchase.objects.filter(source="till", number=key, voided_at__isnull=True).first()
    return known.bought_at if known else now


def earned_in_words(member: Member, taken: Taken) -> str:
    """What the member got to spend, in words: "12 points"."""
    units = list(Unit.objects.filter(program=member.program).exclude(kind="qualifying"))
    receipts = [one for one in taken.receipts if one.program == member.program.code]
    earned = dict(receipts[0].earned) if receipts else {}
    for code, amount in receipts[0].payouts.items() if receipts else ():
        earned[code] = earned.get(code, 0) + amount
    paid = [unit for unit in units if earned.get(unit.code)] or units[:1]
    return ", ".join(amount_of_unit(earned.get(unit.code, 0), unit) for unit in paid)


def _stores(request: HttpRequest) -> QuerySet[Store]:
    return seen(Store, request.user)  # type: ignore[arg-type]


def store_of(request: HttpRequest) -> Store | None:
    """The store of a cashier who belongs to just one."""
    found = store_id_of(request)
    return _stores(request).filter(pk=found).first() if found else None


def store_id_of(request: HttpRequest) -> int | None:
    """The store of a cashier who belongs to just one; nobody else's till knows its store."""
    mine = request.user.store_ids  # type: ignore[union-attr]
    return next(iter(mine)) if mine and len(mine) == 1 else None


def _money(minor: int, member: Member) -> str:
    return format_money(minor, member.program.currency, get_language() or "en")


def till_reason(refused: Refused) -> str:
    """Why a till is refused something, for the cashier."""
    told = {
        "too_late_to_undo": gettext("This redemption can no longer be undone at the till."),
        "other_content": gettext("This was sent before with another amount."),
        "code_is_needed": gettext("So many points need a code that the member is sent."),
    }
    words = told.get(refused.code) or str(REASONS.get(refused.code, refused.message))
    return f"{words} {refused.message}" if refused.code == "member_is_frozen" else words
