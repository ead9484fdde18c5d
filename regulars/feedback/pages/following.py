"""Follow-ups: unhappy answers with an owner and a clock, what was done, and what came after."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from regulars.channels.queries.employees import can_write_to_employees
from regulars.company.models import Employee
from regulars.company.queries import get_brand
from regulars.company.rules import STORE_ROLES
from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.feedback.actions.follow_up_rules import OWNER_ROLES
from regulars.feedback.actions.following import (
    TEXT_LENGTH_MAX,
    close_follow_up,
    give_follow_up,
    note_follow_up,
    reopen_follow_up,
    take_follow_up,
)
from regulars.feedback.models import FollowUp
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.following import (
    RELATED,
    FollowUpFilter,
    Later,
    follow_up_counts,
    later_of,
    notes_of,
)
from regulars.feedback.queries.uploads import uploads_with
from regulars.feedback.rules.following import OUTCOMES, STATES
from regulars.feedback.shown import signal_label, signal_tone, store_name, tabs
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show

ROWS = 25
MAY = "feedback.resolve_signal"
ACTS = {
    "noted": gettext_lazy("wrote a note"),
    "given": gettext_lazy("gave it to"),
    "taken": gettext_lazy("took it"),
    "contacted": gettext_lazy("spoke with the customer"),
    "closed": gettext_lazy("closed it"),
    "reopened": gettext_lazy("opened it again"),
}


@page("listen/follow-ups", needs="feedback.view_signal", title=gettext_lazy("Follow-ups"))
def follow_ups(request: HttpRequest) -> Shown:
    """The unhappy answers that somebody takes care of, those that are due first."""
    now = timezone.now()
    which = _asked(request)
    rows = which.rows(seen_by=viewer(request), now=now)
    listed = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    later = later_of(list(listed), seen_by=viewer(request), now=now)
    return show(
        request,
        "feedback/follow_ups.html",
        tabs=tabs("follow_ups", request),
        listed=listed,
        rows=[_row(one, later.get(one.pk), now=now) for one in listed],
        state=which.state,
        states=[("overdue", _("Overdue")), *((key, _(label)) for key, label in STATES.items())],
        whose=request.GET.get("whose", ""),
        counts=follow_up_counts(FollowUpFilter(), seen_by=viewer(request), now=now),
        currency=get_brand().currency,
        are_told=can_write_to_employees(),
    )


def _asked(request: HttpRequest) -> FollowUpFilter:
    """What the address asks for; nonsense in it counts as not given."""
    state = request.GET.get("state", "")
    return FollowUpFilter(
        state=state if state in STATES or state == "overdue" else "",
        owner_id=viewer(request).pk if request.GET.get("whose") == "mine" else None,
    )


def _row(one: FollowUp, later: Later | None, *, now: datetime) -> dict[str, Any]:
    return {
        "one": one,
        "signal": one.signal,
        "label": signal_label(one.signal),
        "tone": signal_tone(one.signal),
        "store": store_name(one.signal.store),
        "state": _(STATES[one.state]),
        "outcome": _(OUTCOMES[one.outcome]) if one.outcome else "",
        "is_late": one.state != "closed" and one.due_at < now,
        "later": later,
    }


@page("listen/follow-ups/<int:follow_up_id>", needs="feedback.view_signal")
def follow_up(request: HttpRequest, follow_up_id: int) -> Shown:
    """One of them: what was answered, whose it is, what was done, and what came after."""
    return _shown(request, _whole(request, follow_up_id))


def _whole(request: HttpRequest, follow_up_id: int) -> FollowUp:
    found = get_seen(FollowUp, follow_up_id, seen_by=viewer(request))
    return FollowUp.objects.select_related(*RELATED, "closed_by").get(pk=found.pk)


def _shown(request: HttpRequest, one: FollowUp, *, refused: Refused | None = None) -> Shown:
    now = timezone.now()
    later = later_of([one], seen_by=viewer(request), now=now).get(one.pk)
    answer_id = one.signal.answer_id or 0
    return show(
        request,
        "feedback/follow_up.html",
        **_row(one, later, now=now),
        notes=[
            {"note": note, "act": ACTS.get(note.act, note.act), "who": note.by or _("a program")}
            for note in notes_of(one)
        ],
        files=uploads_with([answer_id], seen_by=viewer(request)).get(answer_id, []),
        currency=get_brand().currency,
        owners=_owners(one) if viewer(request).has_perm(MAY) else [],
        outcomes=[(key, _(label)) for key, label in OUTCOMES.items()],
        may_act=viewer(request).has_perm(MAY),
        text_max=TEXT_LENGTH_MAX,
        text=request.POST.get("text", ""),
        refused=refused,
        status=422 if refused else 200,
    )


def _owners(one: FollowUp) -> list[Employee]:
    """Everybody who may take care of it."""
    people = Employee.objects.filter(is_active=True, role__in=OWNER_ROLES)
    sees = ~Q(role__in=STORE_ROLES)
    if one.signal.store_id is not None:
        sees |= Q(stores=one.signal.store_id)
    return list(people.filter(sees).distinct().order_by("name", "pk"))


@page("listen/follow-ups/<int:follow_up_id>/act", needs=MAY)
@require_POST
def act_on_follow_up(request: HttpRequest, follow_up_id: int) -> Shown:
    """Takes it, gives it, notes something, notes a contact, closes it or opens it again."""
    one = get_seen(FollowUp, follow_up_id, seen_by=viewer(request))
    told = {key: request.POST.get(key, "") for key in ("act", "owner", "outcome", "text")}
    try:
        said = _done(one, told, by=viewer(request), now=timezone.now())
    except Refused as refused:
        return _shown(request, _whole(request, follow_up_id), refused=refused)
    say(request, said)
    return redirect("feedback.follow_up", one.pk)


def _done(one: FollowUp, told: dict[str, str], *, by: Employee, now: datetime) -> str:
    """Does it, and says so in a sentence."""
    act, text = told["act"], told["text"]
    if act == "take":
        take_follow_up(one, by=by, now=now)
        return _("It is yours now.")
    if act == "give":
        owner = _person(told["owner"])
        give_follow_up(one, owner, by=by, now=now)
        return _("%(who)s has it now.") % {"who": owner} if owner else _("Nobody has it now.")
    if act == "close":
        close_follow_up(one, told["outcome"], by=by, now=now, text=text)
        return _("It is closed.")
    if act == "reopen":
        reopen_follow_up(one, by=by, now=now)
        return _("It is open again.")
    note_follow_up(one, text, by=by, now=now, has_contact=act == "contact")
    return _("It is noted.")


def _person(text: str) -> Employee | None:
    if not text:
        return None
    known = Employee.objects.filter(pk=int(text)) if text.isdigit() and len(text) < 19 else None
    found = known.filter(is_active=True).first() if known is not None else None
    if found is None:
        raise Refused("no_employee", _("There is no such employee"), "owner")
    return found
