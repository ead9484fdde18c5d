"""What customers say in their own words, and taking care of those who are unhappy."""

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from regulars.core.access import Viewer, get_seen
from regulars.customers.models import Customer
from regulars.feedback.actions.signals import reopen_signals, resolve_signals
from regulars.feedback.models import Signal
from regulars.feedback.pages.results import signal_filter, visible_surveys
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.signals import signals_of_customer, verbatims
from regulars.feedback.queries.uploads import uploads_with
from regulars.feedback.shown import signal_label, signal_tone, store_name, tabs
from regulars.web.filters import read_filters
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show

ROWS = 25


def with_looks(signals: list[Signal], *, seen_by: Viewer) -> list[dict[str, object]]:
    """Signals with what their rows show beside the text."""
    answers = {one.answer_id for one in signals if one.answer_id is not None}
    files = uploads_with(answers, seen_by=seen_by) if answers else {}
    return [
        {
            "signal": one,
            "label": signal_label(one),
            "tone": signal_tone(one),
            "store": store_name(one.store),
            "files": files.get(one.answer_id or 0, []),
            "needs_care": one.is_unhappy and one.resolved_at is None,
        }
        for one in signals
    ]


@page("listen/words", needs="feedback.view_signal", title=gettext_lazy("What customers say"))
def words(request: HttpRequest) -> Shown:
    """Answers with words, narrowed by store, period, survey, mood and state."""
    filters = read_filters(request)
    asked = {key: request.GET.get(key, "") for key in ("mood", "state", "q")}
    rows = verbatims(
        signal_filter(request, filters),
        seen_by=viewer(request),
        mood=asked["mood"],
        state=asked["state"],
        words=asked["q"].strip()[:100],
    )
    listed = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    return show(
        request,
        "feedback/words.html",
        filters=filters,
        tabs=tabs("words", request),
        listed=listed,
        rows=with_looks(list(listed), seen_by=viewer(request)),
        asked=asked,
        surveys=visible_surveys(request),
        survey_id=request.GET.get("survey", ""),
        may_resolve=viewer(request).has_perm("feedback.resolve_signal"),
        here=request.get_full_path(),
    )


@page("listen/signals/resolve", needs="feedback.resolve_signal")
@require_POST
def resolve(request: HttpRequest) -> Shown:
    """Notes that somebody took care of unhappy answers; can be undone."""
    ids = [int(one) for one in request.POST.getlist("signal") if one.isdigit() and len(one) < 19]
    count = resolve_signals(ids[:500], employee=viewer(request), now=timezone.now())
    if count:
        undo = reverse("feedback.reopen", args=("-".join(str(one) for one in ids[:500]),))
        said = ngettext("%(count)s answer is settled.", "%(count)s answers are settled.", count)
        say(request, said % {"count": count}, undo_url=undo)
    return redirect(_back(request))


@page("listen/signals/<str:ids>/reopen", needs="feedback.resolve_signal")
@require_POST
def reopen(request: HttpRequest, ids: str) -> Shown:
    """Undo: these answers need attention again."""
    numbers = [int(one) for one in ids.split("-") if one.isdigit() and len(one) < 19]
    reopen_signals(numbers, employee=viewer(request), now=timezone.now())
    say(request, _("Undone: it needs attention again."), tone="")
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    address = request.POST.get("next") or request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
    return address if safe and address else reverse("feedback.words")


@page(
    "customers/<int:customer_id>/answers",
    needs="feedback.view_signal",
    panel_of="customer",
    title=gettext_lazy("What this customer said"),
)
def customer_answers(request: HttpRequest, customer_id: int) -> Shown:
    """The latest answers of one customer."""
    customer = get_seen(Customer, customer_id, seen_by=viewer(request))
    found = signals_of_customer(customer.pk, seen_by=viewer(request), limit=6)
    return show(
        request,
        "feedback/_customer_answers.html",
        rows=with_looks(found, seen_by=viewer(request)),
        customer=customer,
    )
