"""One-time codes at the till: sent to the member, read out, typed in; then the points are redeemed."""

from datetime import datetime

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from regulars.core.errors import Refused
from regulars.loyalty.actions.guarding import TRIES_MAX, confirm_code, send_code
from regulars.loyalty.models import Member, SpendingCode
from regulars.loyalty.pages.tills import RedeemForm, back_to, store_of, till_reason, till_redeem
from regulars.loyalty.queries.wallets import find_member
from regulars.loyalty.rules.cards import grouped
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show


class CodeForm(RedeemForm):
    """The digits that a member reads out, for so many points."""

    digits = forms.CharField(
        label=_("Code"),
        required=False,
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )
    code = forms.IntegerField(required=False)


@page("till/<str:number>/code", needs="loyalty.use_till")
@never_cache
def till_code(request: HttpRequest, number: str) -> Shown:
    """Sends the member a code, takes its digits, and with the right ones redeems at once."""
    member = find_member(number)
    if member is None:
        return redirect("loyalty.till")
    form = CodeForm(member, request.POST or None)
    if not form.is_valid():
        return redirect("loyalty.till")
    digits, now = form.cleaned_data["digits"], moment_of_now()
    try:
        code = _code(member, form, now=now)
    except Refused as refused:
        say(request, till_reason(refused), tone="bad")
        return back_to(member)
    if digits:
        code = confirm_code(code, digits, now=now)
        if code.confirmed_at:
            return till_redeem(request, number)
        form.add_error("digits", _no_match(code, now=now))
    form.fields["digits"].required = form.fields["digits"].widget.attrs["autofocus"] = True
    return show(
        request,
        "loyalty/till_code.html",
        status=422 if form.errors else 200,
        member=member,
        number=grouped(member.number),
        form=form,
        unit=form.unit,
        code=code,
        store=store_of(request),
    )


def _code(member: Member, form: CodeForm, *, now: datetime) -> SpendingCode:
    """The code that was sent before, or one that is sent now."""
    told = form.cleaned_data
    known = SpendingCode.objects.filter(member=member, pk=told["code"] or 0).first()
    return known or send_code(member, told["points"], now=now)


def _no_match(code: SpendingCode, *, now: datetime) -> str:
    if code.tries >= TRIES_MAX or now >= code.ends_at:
        return gettext("This code is not valid any more: start again.")
    words = gettext("This is not the code. Tries left: %(left)d.")
    return words % {"left": TRIES_MAX - code.tries}
