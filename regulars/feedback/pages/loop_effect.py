"""Does closing the loop help: who was contacted beside who was not, with the words that belong to it."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.following import GROUP_MIN, LoopEffect, Reached, loop_effect
from regulars.feedback.rules.comparing import EVIDENCE, Difference
from regulars.feedback.shown import tabs
from regulars.web.charts import plain_number, signed
from regulars.web.pages import Shown, page, show


@page("listen/follow-ups/effect", needs="feedback.view_signal", title=gettext_lazy("Does it help"))
def follow_up_effect(request: HttpRequest) -> Shown:
    """Whether customers who were contacted came back more often than those who were not."""
    found = loop_effect(seen_by=viewer(request), now=timezone.now())
    return show(
        request,
        "feedback/follow_up_effect.html",
        tabs=tabs("follow_ups", request),
        people=found.contacted.people + found.others.people,
        rows=effect_rows(found),
        finding=finding(found),
        least=GROUP_MIN,
    )


def effect_rows(found: LoopEffect) -> list[dict[str, Any]]:
    """What is compared: both sides as shares with their counts, and the difference in points."""
    a, b = found.contacted, found.others
    asked = (
        (_("Bought in the 90 days before"), found.before, "bought_before", "people"),
        (_("Bought again from day 15 to 90"), found.bought, "bought_again", "people"),
        (_("No longer unhappy when asked again"), found.content, "content_again", "answered_again"),
    )
    return [
        {
            "label": label,
            "contacted": _side(a, hits, whole),
            "others": _side(b, hits, whole),
            "apart": _apart(apart),
            "verdict": _verdict(apart),
        }
        for label, apart, hits, whole in asked
    ]


def _side(side: Reached, hits: str, whole: str) -> str:
    count, people = getattr(side, hits), getattr(side, whole)
    if not people:
        return "–"
    share = plain_number(round(100 * count / people))
    return _("%(share)s%% of %(people)s") % {"share": share, "people": plain_number(people)}


def _apart(apart: Difference | None) -> str:
    if apart is None:
        return "–"
    value, low, high = (signed(100 * one) for one in (apart.value, apart.low, apart.high))
    return _("%(value)s (%(low)s to %(high)s)") % {"value": value, "low": low, "high": high}


def _verdict(apart: Difference | None) -> str:
    if apart is None:
        return _("not enough data")
    if apart.p_value >= EVIDENCE:
        return _("no evidence of a difference")
    return _("more often when contacted") if apart.value > 0 else _("less often when contacted")


def finding(found: LoopEffect) -> str:
    """What may be said of it in a sentence."""
    if found.bought is None:
        return _(
            "Not enough data: it takes %(least)s people who were contacted and as many who were not, 90 days ago or longer."
        ) % {"least": GROUP_MIN}
    if found.bought.p_value >= EVIDENCE:
        said = _("No evidence that those who were contacted came back more often.")
    elif found.bought.value > 0:
        said = _("Those who were contacted came back more often than those who were not.")
    else:
        said = _("Those who were contacted came back less often than those who were not.")
    if found.before is not None and found.before.p_value < EVIDENCE:
        said += " " + _("They were not alike before: read it with that in mind.")
    return said
