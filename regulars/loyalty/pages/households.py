"""Households of a program: their rules, which there are, and the members of one."""

from collections import Counter
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.loyalty.actions.households import (
    close_household,
    decline_invitation,
    hand_on_household,
    invite_member,
    leave_household,
    set_household_rules,
)
from regulars.loyalty.models import Household, Member, Seat
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.queries.households import neighbours_of, rules_of, seats_of
from regulars.loyalty.queries.wallets import find_member, wallets_of
from regulars.loyalty.reasons import reason_in_words
from regulars.loyalty.rules.households import MEMBERS_MAX, HouseholdRules
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form

PER_PAGE = 30
EARNS = (("all", _("Everybody's")), ("head", _("Those of the head only")))
SPENDS = (("all", _("Everybody")), ("head", _("The head only")))
LEAVING = (
    ("take", _("They go along with who earned them")),
    ("stay", _("The shared part stays with the head")),
)


class RulesForm(forms.Form):
    """What a program says of households."""

    is_on = forms.BooleanField(label=_("Members may share their points"), required=False)
    earns = forms.ChoiceField(
        label=_("Whose points are shared"), choices=EARNS, widget=forms.RadioSelect
    )
    share_percent = forms.IntegerField(
        label=_("Percent of what was earned that others may spend"), min_value=1, max_value=100
    )
    spends = forms.ChoiceField(
        label=_("Who may spend what is shared"), choices=SPENDS, widget=forms.RadioSelect
    )
    leaving = forms.ChoiceField(
        label=_("Points of who leaves"), choices=LEAVING, widget=forms.RadioSelect
    )
    members_max = forms.IntegerField(label=_("Members at most"), min_value=2, max_value=MEMBERS_MAX)

    def rules(self) -> dict[str, Any] | None:
        """The rules as the action takes them; None where nobody shares."""
        told = dict(self.cleaned_data)
        return told if told.pop("is_on") else None


@page("loyalty/<slug:code>/households", needs="loyalty.view_account")
def households(request: HttpRequest, code: str) -> Shown:
    """How members share their points, and the households there are."""
    program = program_of(code)
    kept = rules_of(program.household_rules)
    initial = {**(kept or HouseholdRules()).model_dump(), "is_on": kept is not None}
    form = RulesForm(request.POST or None, initial=initial)
    may_change = request.method == "POST" and request.user.has_perm("loyalty.edit_program")
    if may_change and form.is_valid():
        try:
            set_household_rules(program, form.rules())
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("In force from now on, also for households that are there."))
            return redirect("loyalty.households", code=program.code)
    rows = Household.objects.filter(program=program, closed_at=None).select_related(
        "head__customer"
    )
    listed = Paginator(rows.order_by("-id"), PER_PAGE).get_page(request.GET.get("page"))
    counts: Counter[int] = Counter(
        Seat.objects.filter(household__in=list(listed), state="in").values_list(
            "household_id", flat=True
        )
    )
    return show_form(
        request,
        "loyalty/households.html",
        form=form,
        program=program,
        rules=kept,
        listed=listed,
        told=[(one, counts[one.pk]) for one in listed],
    )


@page("loyalty/households/<int:household_id>", needs="loyalty.view_account")
def household(request: HttpRequest, household_id: int) -> Shown:
    """Who shares points with whom; employees invite, take out, hand on and close."""
    rows = Household.objects.select_related("program", "head__customer")
    found = get_seen(Household, household_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    if request.method == "POST" and request.user.has_perm("loyalty.edit_account"):
        try:
            say(request, change_household(found, request.POST))
        except Refused as refused:
            say(request, reason_in_words(refused.code), tone="bad")
        return redirect("loyalty.household", household_id=found.pk)
    return show(
        request,
        "loyalty/household.html",
        household=found,
        seats=told_seats(found),
        neighbours=neighbours_of(found),
    )


def change_household(household: Household, told: Any) -> str:
    """Does what a form asks of a household; gives what came of it, in words. `Refused` says why not."""
    act, now = told.get("act", ""), moment_of_now()
    if act == "invite":
        invite_member(household, _member_named(told.get("card", "")), now=now)
        return gettext("Invited: the card says so, and the member accepts there.")
    if act == "close":
        close_household(household, now=now)
        return gettext("The household is closed; each keeps what was not spent.")
    seat = seat_named(household, told.get("seat", ""))
    if act == "head":
        hand_on_household(household, seat.member)
        return gettext("The household has another head.")
    if act == "withdraw":
        decline_invitation(seat, now=now)
        return gettext("The invitation is withdrawn.")
    if act == "leave":
        leave_household(seat, now=now)
        return gettext("Points are no longer shared with this member.")
    raise Refused("not_in_household", "nothing of this kind can be done", "act")


def seat_named(household: Household, text: str) -> Seat:
    """The seat of a household that a form names; `Refused` where it has none such."""
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    rows = Seat.objects.filter(household=household, pk=int(text) if is_number else 0)
    seat = rows.select_related("member", "household").first()
    if seat is None:
        raise Refused("not_in_household", "the household has no such seat", "seat")
    return seat


def told_seats(household: Household) -> list[dict[str, Any]]:
    """Who is in a household or invited, with what each has to share."""
    seats = seats_of(household, "in", "invited")
    ids = [one.member_id for one in seats]
    members = Member.objects.filter(pk__in=ids).select_related("program", "tier", "customer")
    wallets = {one.member.pk: one for one in wallets_of(list(members), now=moment_of_now())}
    return [
        {
            "seat": one,
            "member": one.member,
            "is_head": one.member_id == household.head_id,
            "holding": wallets[one.member_id].spendable,
        }
        for one in seats
    ]


def _member_named(text: str) -> Member:
    member = find_member(text[:30])
    if member is None:
        raise Refused("unknown_card", "nobody has this card", "card")
    return member
