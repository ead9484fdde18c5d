"""Tiers given to a member by hand, with a reason and an end."""

from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.loyalty.actions import end_given_tier, give_tier
from regulars.loyalty.models import GivenTier, Member, Tier
from regulars.loyalty.pages.amounts import day_field, end_of
from regulars.loyalty.templatetags.loyalty import named
from regulars.web.frame import say
from regulars.web.pages import Shown, blame, page, show_form


class GivenTierForm(forms.Form):
    """A tier of any ladder, why, and up to which day."""

    tier = forms.ChoiceField(label=_("Tier"))
    reason = forms.CharField(label=_("Reason"), help_text=_("For colleagues only."), max_length=200)
    last_day = day_field(_("Last day of the tier"))
    key = forms.CharField(max_length=50, widget=forms.HiddenInput)

    def __init__(self, member: Member, data: Any = None) -> None:
        super().__init__(data)
        rows = Tier.objects.filter(program=member.program_id, is_retired=False)
        rows = rows.order_by("ladder__position", "qualifying_min")
        self.fields["tier"].choices = [(one.code, named(one)) for one in rows]  # type: ignore[attr-defined]
        self.fields["last_day"].help_text = gettext("Empty: until it is taken away.")


@page("loyalty/members/<int:member_id>/tier", needs="loyalty.edit_account")
def give_member_tier(request: HttpRequest, member_id: int) -> Shown:
    """Gives a member a tier by hand, or takes one away; a second press changes nothing."""
    rows = Member.objects.select_related("program", "tier", "customer")
    member = get_seen(Member, member_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    now = moment_of_now()
    if request.method == "POST" and request.POST.get("end", "").isdigit():
        for row in _given(member, now).filter(pk=int(request.POST["end"])):
            end_given_tier(row, now=now)
            say(request, gettext("The tier was taken away; the member stands where it belongs."))
        return redirect("customers.customer", customer_id=member.customer_id)
    form = GivenTierForm(member, request.POST or None)
    if not form.is_bound:
        form.initial["key"] = token_urlsafe(12)
    if request.method == "POST" and form.is_valid() and _gave(form, member, now=now):
        say(request, gettext("The tier was given."))
        return redirect("customers.customer", customer_id=member.customer_id)
    return show_form(
        request, "loyalty/give_tier.html", form=form, member=member, given=_given(member, now)
    )


def _gave(form: GivenTierForm, member: Member, *, now: datetime) -> bool:
    told = form.cleaned_data
    tier = Tier.objects.get(program=member.program_id, code=told["tier"])
    try:
        give_tier(
            member,
            tier,
            key=f"page:{told['key']}",
            reason=told["reason"],
            now=now,
            to=end_of(told["last_day"]),
        )
    except Refused as refused:
        blame(form, Refused(refused.code, gettext("The last day must lie ahead."), "last_day"))
        return False
    return True


def _given(member: Member, now: datetime) -> QuerySet[GivenTier]:
    """The given tiers that are in force."""
    rows = GivenTier.objects.filter(member=member).filter(Q(to__isnull=True) | Q(to__gt=now))
    return rows.select_related("tier", "member__program").order_by("id")
