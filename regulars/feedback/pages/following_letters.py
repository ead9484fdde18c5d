"""Whether an employee wants letters about the follow-ups that are theirs."""

from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.channels.actions.employees import choose_letters
from regulars.channels.queries.employees import can_write_to_employees, wants_letters
from regulars.feedback.owner_letters import TOPIC
from regulars.feedback.pages.following import MAY
from regulars.feedback.pages.surveys import viewer
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, page, show


@page(
    "settings/follow-up-letters",
    needs=MAY,
    title=gettext_lazy("Letters about follow-ups"),
    setting=Setting(
        gettext_lazy("Letters about follow-ups"),
        gettext_lazy("Whether you are written to about what you take care of"),
        "mail",
        25,
    ),
)
def follow_up_letters(request: HttpRequest) -> Shown:
    """The choice of whoever looks; nobody chooses for others."""
    me = viewer(request)
    if request.method == "POST":
        wanted = request.POST.get("wanted") == "yes"
        choose_letters(me, TOPIC, wanted=wanted)
        say(request, _("You get letters.") if wanted else _("You get no letters any more."))
        return redirect("feedback.follow_up_letters")
    return show(
        request,
        "feedback/follow_up_letters.html",
        wanted=wants_letters(me, TOPIC),
        leaves=can_write_to_employees(),
    )
