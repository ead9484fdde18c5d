"""Advocates: customers who recommend the company, and whom of them marketing may write to."""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.core.conditions.reading import parse
from regulars.customers.knowledge import CUSTOMER
from regulars.customers.models import Segment
from regulars.customers.queries.consents import purpose_names
from regulars.customers.rules.consents import CHANNELS
from regulars.feedback.shown import add_view, tabs
from regulars.insight.segments.reach import reach_of
from regulars.insight.segments.ready_made import ADVOCATES, REACHABLE_ADVOCATES
from regulars.insight.segments.sizes import counts_of
from regulars.insight.shown.words import percent, whole
from regulars.web.pages import Shown, page, show

PURPOSE = "marketing"
NEEDS = "customers.view_segment"

add_view("advocates", gettext_lazy("Advocates"), "insight.advocates", needs=NEEDS)


@page("listen/advocates", needs=NEEDS, title=gettext_lazy("Advocates"))
def advocates(request: HttpRequest) -> Shown:
    """How many recommend the company, how many of them may be asked for more, and by which way."""
    now = timezone.now()
    condition, reachable = (
        parse(one.condition, CUSTOMER) for one in (ADVOCATES, REACHABLE_ADVOCATES)
    )
    everybody, contacted = counts_of(condition, [reachable], now=now)
    found = reach_of(condition, PURPOSE, now=now)
    kept = Segment.objects.filter(code__in=(ADVOCATES.code, REACHABLE_ADVOCATES.code))
    return show(
        request,
        "insight/advocates.html",
        tabs=tabs("advocates", request),
        everybody=everybody,
        contacted=contacted,
        share=_share(contacted, everybody),
        codes={one.code for one in kept},
        all_code=ADVOCATES.code,
        reachable_code=REACHABLE_ADVOCATES.code,
        purpose=purpose_names().get(PURPOSE, PURPOSE),
        rows=[(_(CHANNELS[one.channel]), one) for one in found],
    )


def _share(part: int, everybody: int) -> str:
    """The share that may be contacted, of how many; a count of all of them, so without bounds."""
    if not everybody:
        return ""
    return _("%(share)s of %(all)s") % {"share": percent(part / everybody), "all": whole(everybody)}
