"""The ledger browser: transfers newest first with filters in the address, and the story of each."""

from datetime import date, timedelta

from django import forms
from django.http import Http404, HttpRequest
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from regulars.company.models import Store
from regulars.loyalty.models import Program, Rule
from regulars.loyalty.models import Unit as ProgramUnit
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.amounts import end_of, start_of
from regulars.loyalty.queries.entries import story_of
from regulars.loyalty.queries.ledger import POTS, Wanted, lines_of, sums_of
from regulars.loyalty.templatetags.loyalty import POT_NAMES, named
from regulars.web.pages import Shown, page, show

PER_PAGE = 50
DAYS = 31
"""So many days are shown unless others are asked for, because the sums read all of them."""


class LedgerForm(forms.Form):
    """What to look for in the ledger; all of it may stay empty."""

    unit = forms.ChoiceField(label=_("Unit"), required=False)
    pot = forms.ChoiceField(label=_("Movement"), required=False)
    member = forms.CharField(label=_("Card"), max_length=30, required=False)
    rule = forms.ChoiceField(label=_("Rule"), required=False)
    store = forms.ChoiceField(label=_("Store"), required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("Up to"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    key = forms.CharField(label=_("Key"), max_length=150, required=False)

    def __init__(self, program: Program, data: dict[str, str]) -> None:
        super().__init__(data)
        rules = Rule.objects.filter(program=program).order_by("code", "-version").distinct("code")
        stores = Store.objects.order_by("name")
        units = ProgramUnit.objects.filter(program=program).order_by("id")
        self._offer("unit", _("All units"), [(one.code, named(one)) for one in units])
        self._offer("pot", _("All movements"), [(pot, str(POT_NAMES[pot])) for pot in POTS])
        self._offer("rule", _("All rules"), [(one.code, named(one)) for one in rules])
        self._offer("store", _("All stores"), [(str(one.pk), str(one)) for one in stores])

    def _offer(self, name: str, all_of_them: object, choices: list[tuple[str, str]]) -> None:
        offered = [("", str(all_of_them)), *choices]
        self.fields[name].choices = offered  # type: ignore[attr-defined]

    def wanted(self) -> Wanted:
        """What the form asks for."""
        told = self.cleaned_data
        return Wanted(
            unit=told["unit"],
            pot=told["pot"],
            member="".join(letter for letter in told["member"] if letter not in " -"),
            rule=told["rule"],
            store_id=int(told["store"]) if told["store"] else None,
            since=start_of(told["since"]),
            until=end_of(told["until"]),
            key=told["key"],
        )


@page("loyalty/<slug:code>/ledger", needs="loyalty.view_ledger")
def ledger(request: HttpRequest, code: str) -> Shown:
    """What moved in a program, newest first, with sums; each filter stands in the address."""
    program = program_of(code)
    form = LedgerForm(program, _asked(request, localdate()))
    if not form.is_valid():
        return show(request, "loyalty/ledger.html", status=422, program=program, form=form)
    wanted = form.wanted()
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    lines = lines_of(program, wanted, limit=PER_PAGE + 1, before=before)
    shown = lines[:PER_PAGE]
    return show(
        request,
        "loyalty/ledger.html",
        program=program,
        form=form,
        lines=shown,
        sums=sums_of(program, wanted),
        next=shown[-1].id if len(lines) > PER_PAGE else None,
        before=before,
    )


@page("loyalty/ledger/<int:transfer_id>", needs="loyalty.view_ledger")
def ledger_entry(request: HttpRequest, transfer_id: int) -> Shown:
    """One transfer: where it came from and went to, its lots, its cause, and its seal."""
    story = story_of(transfer_id)
    if story is None:
        raise Http404
    program = story.transfer.source.unit.program
    return show(request, "loyalty/ledger_entry.html", story=story, program=program)


def _asked(request: HttpRequest, today: date) -> dict[str, str]:
    """What the address asks for; a first look without any filter is at the last days."""
    names = LedgerForm.base_fields.keys()
    told = {name: request.GET.get(name, "").replace("\x00", "") for name in names}
    if not names & request.GET.keys():
        told["since"] = (today - timedelta(days=DAYS)).isoformat()
    return told
