"""Limits of a program and what it watches; alarms somebody decides; cards frozen and thawed."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from regulars.company.models import Employee
from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.loyalty.actions.guarding import (
    freeze_members,
    mark_as_employees,
    set_spending_limits,
    thaw_members,
)
from regulars.loyalty.actions.watching import WatchInput, decide_alarm, set_watch
from regulars.loyalty.models import Alarm, Member, Program, Watch
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.queries.wallets import find_member
from regulars.web.charts import plain_number
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form

COUNTS = (
    ("purchases", _("Purchases")),
    ("earned", _("Points earned")),
    ("redemptions", _("Redemptions")),
    ("redeemed", _("Points redeemed")),
)
SHOWN = 200


class LimitsForm(forms.Form):
    """How much a member may spend; an empty field sets no limit."""

    at_once = forms.IntegerField(
        label=_("Points at once"), required=False, min_value=1, max_value=10**12
    )
    a_day = forms.IntegerField(
        label=_("Points in 24 hours"), required=False, min_value=1, max_value=10**12
    )
    times_a_day = forms.IntegerField(
        label=_("Redemptions in 24 hours"), required=False, min_value=1, max_value=10_000
    )
    code_from = forms.IntegerField(
        label=_("A one-time code from so many points on"),
        help_text=_("It is sent to the member, who reads it out at the till."),
        required=False,
        min_value=1,
        max_value=10**12,
    )


class WatchForm(forms.Form):
    """What a watch counts, and what it does."""

    counts = forms.ChoiceField(label=pgettext_lazy("watch", "Counts"), choices=COUNTS)
    most = forms.IntegerField(label=_("Alarm above"), min_value=1, max_value=10**12)
    hours = forms.IntegerField(label=_("Within hours"), min_value=1, max_value=744)
    staff_only = forms.BooleanField(label=_("Cards of employees only"), required=False)
    freezes = forms.BooleanField(label=_("Freeze the card at once"), required=False)
    is_on = forms.BooleanField(label=_("In force"), required=False, initial=True)


class StaffCardForm(forms.Form):
    """Whose card a card is."""

    card = forms.CharField(label=_("Card number"), max_length=30)
    email = forms.EmailField(
        label=_("E-mail of the employee"), help_text=_("Nobody serves their own card at a till.")
    )


@page("loyalty/<slug:code>/guards", needs="loyalty.edit_program")
def guards(request: HttpRequest, code: str) -> Shown:
    """Limits on spending, watches, and the cards of employees."""
    program = program_of(code)
    form = LimitsForm(request.POST or None, initial=program.spending_limits)
    if request.method == "POST" and form.is_valid():
        try:
            set_spending_limits(program, **form.cleaned_data)
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("The limits are in force from now on."))
            return redirect("loyalty.guards", code=code)
    watches = Watch.objects.filter(program=program).order_by("id")
    staff = Member.objects.filter(program=program, employee__isnull=False)
    return show_form(
        request,
        "loyalty/guarding.html",
        form=form,
        program=program,
        watches=[(watch, watch_in_words(watch)) for watch in watches],
        staff=list(staff.select_related("employee", "customer").order_by("employee__name", "id")),
    )


@page("loyalty/<slug:code>/guards/watches/new", needs="loyalty.edit_program")
def new_watch(request: HttpRequest, code: str) -> Shown:
    """Another thing to watch."""
    program = program_of(code)
    taken = Watch.objects.filter(program=program).count()
    return _watch_page(request, program, code=f"watch-{taken + 1}", watch=None)


@page("loyalty/<slug:code>/guards/watches/<int:watch_id>", needs="loyalty.edit_program")
def edit_watch(request: HttpRequest, code: str, watch_id: int) -> Shown:
    """A watch with another number or time, or switched off."""
    program = program_of(code)
    rows = Watch.objects.filter(program=program)
    watch = get_seen(Watch, watch_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    return _watch_page(request, program, code=watch.code, watch=watch)


def _watch_page(request: HttpRequest, program: Program, *, code: str, watch: Watch | None) -> Shown:
    initial = {name: getattr(watch, name) for name in WatchForm.base_fields} if watch else None
    form = WatchForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            set_watch(program, code, WatchInput(**form.cleaned_data))
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("It is watched from now on."))
            return redirect("loyalty.guards", code=program.code)
    return show_form(request, "loyalty/watch.html", form=form, program=program, watch=watch)


@page("loyalty/<slug:code>/guards/staff", needs="loyalty.edit_program")
def staff_card(request: HttpRequest, code: str) -> Shown:
    """Says that a card is an employee's, or that it no longer is."""
    program = program_of(code)
    freed = request.POST.get("free", "")
    if request.method == "POST" and freed.isascii() and freed.isdigit():
        for member in Member.objects.filter(program=program, number=freed):
            mark_as_employees(member, None)
            say(request, gettext("The card is no employee's any more."))
        return redirect("loyalty.guards", code=code)
    form = StaffCardForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _mark(form, program):
        say(request, gettext("From now on their owner cannot serve this card."))
        return redirect("loyalty.guards", code=code)
    return show_form(request, "loyalty/staff_card.html", form=form, program=program)


def _mark(form: StaffCardForm, program: Program) -> bool:
    member = find_member(form.cleaned_data["card"])
    employee = Employee.objects.filter(email__iexact=form.cleaned_data["email"]).first()
    if member is None or member.program_id != program.pk:
        form.add_error("card", gettext("Nobody has this card."))
    elif employee is None:
        form.add_error("email", gettext("No employee has this e-mail."))
    else:
        try:
            mark_as_employees(member, employee.pk)
        except Refused:
            form.add_error("email", gettext("This employee has another card here."))
        else:
            return True
    return False


@page("loyalty/<slug:code>/alarms", needs="loyalty.view_account")
def alarms(request: HttpRequest, code: str) -> Shown:
    """Alarms that wait for a decision, and those decided lately."""
    program = program_of(code)
    rows = _alarms().filter(watch__program=program)
    waiting = list(rows.filter(state="open").order_by("-id")[:SHOWN])
    decided = list(rows.exclude(state="open").order_by("-decided_at")[:20])
    frozen = Member.objects.filter(program=program, frozen_at__isnull=False)
    return show(
        request,
        "loyalty/alarms.html",
        program=program,
        waiting=[(one, alarm_in_words(one)) for one in waiting],
        decided=[(one, alarm_in_words(one)) for one in decided],
        frozen=list(frozen.select_related("customer").order_by("-frozen_at")[:SHOWN]),
    )


@page("loyalty/alarms/<int:alarm_id>/decide", needs="loyalty.edit_account")
def decide(request: HttpRequest, alarm_id: int) -> Shown:
    """Says of an alarm that it was harmless, or fraud, which freezes the card."""
    alarm = get_seen(Alarm, alarm_id, seen_by=request.user, rows=_alarms())  # type: ignore[arg-type]
    if request.method == "POST":
        try:
            decide_alarm(
                alarm,
                request.POST.get("state", ""),
                note=request.POST.get("note", "").replace("\x00", "")[:500],
                employee_id=request.user.pk,
                now=moment_of_now(),
            )
        except Refused:
            say(request, gettext("Somebody decided it before."), tone="bad")
        else:
            say(request, gettext("Decided."))
    return redirect("loyalty.alarms", code=alarm.watch.program.code)


@page("loyalty/members/<int:member_id>/freeze", needs="loyalty.edit_account")
def freeze(request: HttpRequest, member_id: int) -> Shown:
    """Freezes a card, or lets it spend again."""
    member = get_seen(Member, member_id, seen_by=request.user)  # type: ignore[arg-type]
    if request.method == "POST":
        if request.POST.get("thaw"):
            thaw_members([member.pk])
            say(request, gettext("The card can spend again."))
        else:
            reason = request.POST.get("reason", "").replace("\x00", "").strip()
            freeze_members(
                [member.pk], reason=reason or gettext("frozen by hand"), now=moment_of_now()
            )
            say(request, gettext("The card is frozen: it earns, and spends nothing."))
    return redirect("customers.customer", customer_id=member.customer_id)


def watch_in_words(watch: Watch) -> str:
    """A watch as a sentence."""
    words = {
        "purchases": gettext("More than %(most)s purchases within %(hours)s"),
        "earned": gettext("More than %(most)s points earned within %(hours)s"),
        "redemptions": gettext("More than %(most)s redemptions within %(hours)s"),
        "redeemed": gettext("More than %(most)s points redeemed within %(hours)s"),
    }[watch.counts] % {"most": plain_number(watch.most), "hours": _hours(watch.hours)}
    more = [
        gettext("only on cards of employees") if watch.staff_only else "",
        gettext("freezes the card") if watch.freezes else "",
    ]
    return ", ".join([words, *filter(None, more)])


def alarm_in_words(alarm: Alarm) -> str:
    """What was found, as a sentence."""
    told: dict[str, Any] = {
        "found": plain_number(alarm.found),
        "most": plain_number(alarm.most),
        "hours": _hours(alarm.hours),
    }
    return {
        "purchases": gettext("%(found)s purchases within %(hours)s; %(most)s are usual"),
        "earned": gettext("%(found)s points earned within %(hours)s; %(most)s are usual"),
        "redemptions": gettext("%(found)s redemptions within %(hours)s; %(most)s are usual"),
        "redeemed": gettext("%(found)s points redeemed within %(hours)s; %(most)s are usual"),
    }[alarm.watch.counts] % told


def _hours(hours: int) -> str:
    return gettext("%(hours)d h") % {"hours": hours}


def _alarms() -> QuerySet[Alarm]:
    return Alarm.objects.select_related("watch__program", "member__customer", "decided_by")
