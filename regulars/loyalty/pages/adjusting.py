"""Points adjusted by hand: the form of one member, and what waits for a second person."""

from secrets import token_urlsafe
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.loyalty.actions.adjusting import (
    AdjustmentInput,
    Asker,
    adjust_points,
    approve_adjustment,
    decline_adjustment,
)
from regulars.loyalty.measures import amount_of_unit
from regulars.loyalty.models import Adjustment, Member, Unit
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.amounts import QuantityField, day_field, end_of, in_books
from regulars.loyalty.queries.explaining import adjusted_for
from regulars.loyalty.queries.wallets import wallets_of
from regulars.loyalty.reasons import reason_in_words
from regulars.loyalty.rules.adjusting import AMOUNT_MAX, NOTE_MAX, REASONS
from regulars.loyalty.templatetags.loyalty import named
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form

PER_PAGE = 30
WAYS = (("give", _("Give points")), ("take", _("Take points")))
FIELDS = {"ends_at": "last_day", "unit": "unit", "reason": "reason", "note": "note"}


class AdjustmentForm(forms.Form):
    """Points to give to a member or to take, with the reason."""

    unit = forms.ChoiceField(label=_("Unit"))
    way = forms.ChoiceField(
        label=_("What to do"), choices=WAYS, widget=forms.RadioSelect, initial="give"
    )
    amount = QuantityField(_("How many"), max_value=AMOUNT_MAX)
    reason = forms.ChoiceField(
        label=_("Reason"), help_text=_("The member reads it beside the points.")
    )
    note = forms.CharField(
        label=_("Note"),
        help_text=_("For colleagues only. Another reason needs one."),
        max_length=NOTE_MAX,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )
    last_day = day_field(_("Last day of what is given"))
    key = forms.CharField(max_length=50, widget=forms.HiddenInput)

    def __init__(self, member: Member, data: Any = None) -> None:
        super().__init__(data)
        self.units = _units(member)
        choices = [(unit.code, named(unit)) for unit in self.units]
        self.fields["unit"].choices = choices  # type: ignore[attr-defined]
        self.fields["reason"].choices = [  # type: ignore[attr-defined]
            (reason, adjusted_for(reason)) for reason in REASONS if reason != "opening"
        ]
        self.fields["last_day"].help_text = gettext("Empty: as the rule of the unit says.")
        if len(choices) == 1:
            self.fields["unit"].widget = forms.HiddenInput()
            self.initial["unit"] = choices[0][0]

    def clean(self) -> dict[str, Any]:
        """The amount as the books count the unit that was chosen."""
        told = super().clean() or {}
        unit = next((one for one in self.units if one.code == told.get("unit")), None)
        if unit and "amount" in told:
            try:
                told["amount"] = in_books(told["amount"], unit)
            except forms.ValidationError as wrong:
                self.add_error("amount", wrong)
        return told

    def told(self, member: Member) -> AdjustmentInput:
        """What the form asks for."""
        given = self.cleaned_data
        return AdjustmentInput(
            key=f"page:{given['key']}",
            member_id=member.pk,
            unit=given["unit"],
            amount=given["amount"] if given["way"] == "give" else -given["amount"],
            reason=given["reason"],
            note=given["note"],
            ends_at=end_of(given["last_day"]),
        )


@page("loyalty/members/<int:member_id>/adjust", needs="loyalty.adjust_account")
def adjust(request: HttpRequest, member_id: int) -> Shown:
    """Gives or takes points of a member by hand; the form's key makes a second press harmless."""
    rows = Member.objects.select_related("program", "tier", "customer")
    member = get_seen(Member, member_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    form = AdjustmentForm(member, request.POST or None)
    if not form.is_bound:
        form.initial["key"] = token_urlsafe(12)
    now = moment_of_now()
    if request.method == "POST" and form.is_valid():
        asker = Asker(employee_id=request.user.pk)
        (made,) = adjust_points(member.program, [form.told(member)], asker=asker, now=now)
        if isinstance(made, Adjustment):
            say(request, _said(made))
            return redirect("customers.customer", customer_id=member.customer_id)
        form.add_error(FIELDS.get(made.field or "", "amount"), reason_in_words(made.code))
    (wallet,) = wallets_of([member], now=now)
    limit = member.program.adjust_max
    return show_form(
        request, "loyalty/adjust.html", form=form, member=member, wallet=wallet, limit=limit
    )


@page("loyalty/<slug:code>/adjustments", needs="loyalty.view_account")
def adjustments(request: HttpRequest, code: str) -> Shown:
    """What waits for a second person, oldest first; and all adjustments, newest first."""
    program = program_of(code)
    rows = Adjustment.objects.filter(unit__program=program).select_related(
        "member__customer", "unit__program", "asked_by", "decided_by", "api_key"
    )
    waiting = rows.filter(state="waiting")
    shows_all = request.GET.get("show") == "all"
    ordered = rows.order_by("-id") if shows_all else waiting.order_by("id")
    return show(
        request,
        "loyalty/adjustments.html",
        program=program,
        shows_all=shows_all,
        shows_waiting=not shows_all,
        listed=Paginator(ordered, PER_PAGE).get_page(request.GET.get("page")),
        waiting=waiting.count(),
    )


@page("loyalty/adjustments/<int:adjustment_id>/decide", needs="loyalty.approve_adjustment")
@require_POST
def decide_adjustment(request: HttpRequest, adjustment_id: int) -> Shown:
    """Approves or declines an adjustment that waits; the one who asked can only take it back."""
    rows = Adjustment.objects.select_related("member", "unit__program")
    row = get_seen(Adjustment, adjustment_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    decide = approve_adjustment if request.POST.get("act") == "approve" else decline_adjustment
    try:
        row = decide(row, by=request.user.pk or 0, now=moment_of_now())
    except Refused as refused:
        say(request, reason_in_words(refused.code), tone="bad")
    else:
        say(request, _said(row))
    return redirect("loyalty.adjustments", code=row.unit.program.code)


def _said(row: Adjustment) -> str:
    if row.state == "waiting":
        return gettext("This is above the limit: it waits until a colleague approves it.")
    if row.state == "declined":
        return gettext("Declined. No points moved.")
    words = gettext("Given: %(amount)s.") if row.amount > 0 else gettext("Taken: %(amount)s.")
    return words % {"amount": amount_of_unit(abs(row.amount), row.unit)}


def _units(member: Member) -> list[Unit]:
    units = Unit.objects.filter(program=member.program_id).select_related("program").order_by("id")
    return sorted(units, key=lambda one: one.kind == "qualifying")
