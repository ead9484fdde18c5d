"""What-if: drafts of rules, tried on the whole history before they are published."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.core.errors import Conflict, Refused
from regulars.loyalty.actions.drafting import (
    DraftInput,
    drop_draft,
    publish_draft,
    run_replay,
    save_draft,
    start_replay,
    stop_replay,
)
from regulars.loyalty.jobs import replay_draft
from regulars.loyalty.models import Draft, Member, Program, Rule, Tier, Unit
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.drawing import PART, entry_of, form_of
from regulars.loyalty.pages.expiry_sentences import expiry_told
from regulars.loyalty.pages.thresholds import ThresholdsForm
from regulars.loyalty.queries.drafts import found_in
from regulars.loyalty.queries.sentences import sentences_of
from regulars.loyalty.reasons import refusal_in_words
from regulars.loyalty.rules.mechanic import mechanics
from regulars.loyalty.rules.replay.drafts import Changes, RuleChange
from regulars.loyalty.templatetags.loyalty import named
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form

AT_ONCE = 300
"""Members up to whom a replay takes no longer than a page may; for more, a worker does it."""

FIGURES = {
    "issued": _("Points issued"),
    "spent": _("Points spent"),
    "unmet": _("Spending not covered"),
    "taken_back": _("Taken back for returns"),
    "forgiven": _("Forgiven at returns"),
    "expired": _("Points expired"),
    "balance": _("Points open"),
    "cost": _("Cost: issued less taken back"),
    "liability": _("Liability: what open points are worth"),
}


@page("loyalty/<slug:code>/what-if", needs="loyalty.view_rule")
def what_if(request: HttpRequest, code: str) -> Shown:
    """Drafts there are, and today's rules to start one from."""
    program, now = program_of(code), moment_of_now()
    rows = Draft.objects.filter(program=program).select_related("made_by", "published_by")
    known = Rule.objects.filter(program=program).order_by("position", "code", "-version")
    current = [row for row in known if row.in_force_to is None or row.in_force_to > now]
    told = sentences_of(program, current)
    return show(
        request,
        "loyalty/what_if.html",
        program=program,
        drafts=rows.order_by("-id")[:50],
        current=[(row, told[row.pk]) for row in current if _can_be_tried(row)],
        draft=_asked(request, program),
    )


@page("loyalty/<slug:code>/what-if/rules/<int:rule_id>", needs="loyalty.edit_rule")
def try_rule(request: HttpRequest, code: str, rule_id: int) -> Shown:
    """Another setting of a rule, for a new draft or for one there is."""
    program = program_of(code)
    rows = Rule.objects.filter(program=program)
    row = get_seen(Rule, rule_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    draft = _asked(request, program)
    form = form_of(row.kind, program, row)(request.POST or None)
    if request.method == "POST" and "end" in request.POST:
        return _saved(request, program, draft, RuleChange(code=row.code, ends=True))
    if request.method == "POST" and form.is_valid():
        entry = entry_of(form, row.kind, program=program, row=row)
        change = RuleChange(
            code=row.code,
            kind=row.kind,
            settings=entry.settings,
            name=entry.name,
            name_ru=entry.name_ru,
        )
        try:
            return _saved(request, program, draft, change)
        except Refused as refused:
            name = (refused.field or "").replace(".", PART)
            form.add_error(name if name in form.fields else None, refusal_in_words(refused))
    return show_form(
        request,
        "loyalty/try_rule.html",
        form=form,
        program=program,
        row=row,
        draft=draft,
        kind=gettext(mechanics.get(row.kind).title),
    )


@page("loyalty/<slug:code>/what-if/thresholds", needs="loyalty.edit_rule")
def try_thresholds(request: HttpRequest, code: str) -> Shown:
    """Other thresholds of tiers and another life of points, for a new draft or for one there is."""
    program = program_of(code)
    draft = _asked(request, program)
    changes = Changes.model_validate(draft.changes if draft else {})
    form = ThresholdsForm(request.POST or None, program=program, changes=changes)
    if request.method == "POST" and form.is_valid():
        try:
            return _kept(request, program, draft, form.merged(changes))
        except Refused as refused:
            form.add_error(None, refusal_in_words(refused))
    return show_form(
        request, "loyalty/try_thresholds.html", form=form, program=program, draft=draft
    )


@page("loyalty/<slug:code>/what-if/<int:draft_id>", needs="loyalty.view_rule")
def draft(request: HttpRequest, code: str, draft_id: int) -> Shown:
    """A draft beside today's rules: figures, who gains and who loses, tiers; and its publishing."""
    program = program_of(code)
    row = _draft(request, program, draft_id)
    if request.method == "POST" and request.user.has_perm("loyalty.edit_rule"):
        try:
            _ACTS.get(request.POST.get("act", ""), _nothing)(request, row)
        except (Refused, Conflict) as refused:
            say(request, refusal_in_words(refused), tone="bad")
        return redirect("loyalty.draft", code=code, draft_id=draft_id)
    return show(request, "loyalty/draft.html", **_shown(program, row))


@page("loyalty/<slug:code>/what-if/<int:draft_id>/progress", needs="loyalty.view_rule")
def draft_progress(request: HttpRequest, code: str, draft_id: int) -> Shown:
    """How far the replay of a draft is."""
    program = program_of(code)
    row = _draft(request, program, draft_id)
    return show(request, "loyalty/_draft_progress.html", **_shown(program, row))


def _shown(program: Program, row: Draft) -> dict[str, Any]:
    work = row.work
    found = found_in(row)
    return {
        "program": program,
        "draft": row,
        "work": work,
        "moving": work is not None and work.state in {"waiting", "running"},
        "found": found,
        "figures": FIGURES,
        "changes": _told(program, Changes.model_validate(row.changes)),
    }


def _told(program: Program, changes: Changes) -> list[str]:
    """What a draft changes, as sentences."""
    today = {
        rule.code: rule for rule in Rule.objects.filter(program=program).order_by("code", "version")
    }
    rows = [
        Rule(pk=-place, program=program, kind=one.kind, settings=one.settings, name=one.name)
        for place, one in enumerate(changes.rules)
        if not one.ends
    ]
    words, said = sentences_of(program, rows), []
    for place, change in enumerate(changes.rules):
        rule = named(today[change.code]) if change.code in today else change.name
        told = words.get(-place, gettext("ends"))
        said.append(f"{rule}: {told}")
    for tier in Tier.objects.filter(program=program, code__in=changes.tiers):
        least = {"tier": named(tier), "least": changes.tiers[tier.code]}
        said.append(gettext("%(tier)s: reached with %(least)s") % least)
    units = {unit.code: unit for unit in Unit.objects.filter(program=program)}
    said += [
        f"{named(units[one.unit]) if one.unit in units else one.unit}: {expiry_told(one.expiry)}"
        for one in changes.expiries
    ]
    return said


def _saved(request: HttpRequest, program: Program, row: Draft | None, change: RuleChange) -> Shown:
    changes = Changes.model_validate(row.changes if row else {})
    others = tuple(one for one in changes.rules if one.code != change.code)
    return _kept(request, program, row, changes.model_copy(update={"rules": (*others, change)}))


def _kept(request: HttpRequest, program: Program, row: Draft | None, changes: Changes) -> Shown:
    number = Draft.objects.filter(program=program).count() + 1
    name = row.name if row else gettext("Draft %(number)s") % {"number": number}
    entry = DraftInput(name, changes.model_dump(mode="json", exclude_defaults=True))
    kept = save_draft(program, entry, by=request.user.pk, now=moment_of_now(), draft=row)
    _replay(request, kept)
    return redirect("loyalty.draft", code=program.code, draft_id=kept.pk)


def _replay(request: HttpRequest, row: Draft) -> None:
    started = start_replay(row)
    if Member.objects.filter(program=row.program).count() <= AT_ONCE:
        run_replay(started.pk, now=moment_of_now(), processes=1)
    else:
        replay_draft.enqueue(draft_id=started.pk)


def _stop(request: HttpRequest, row: Draft) -> None:
    stop_replay(row)


def _publish(request: HttpRequest, row: Draft) -> None:
    confirms = request.POST.get("confirms") == "yes"
    publish_draft(row, by=request.user.pk, now=moment_of_now(), confirms=confirms)
    say(request, gettext("The draft is in force from now on."))


def _drop(request: HttpRequest, row: Draft) -> None:
    drop_draft(row)
    say(request, gettext("The draft is put away."))


def _nothing(request: HttpRequest, row: Draft) -> None:
    raise Refused("unknown_act", gettext("Nothing is called that."), "act")


_ACTS: Mapping[str, Any] = {
    "replay": _replay,
    "stop": _stop,
    "publish": _publish,
    "drop": _drop,
}


def _can_be_tried(row: Rule) -> bool:
    return mechanics.get(row.kind).stage not in {"act", "referral"}


def _asked(request: HttpRequest, program: Program) -> Draft | None:
    """The open draft that the address names."""
    given = request.GET.get("draft", "")
    rows = Draft.objects.filter(program=program, state="open")
    return rows.filter(pk=int(given)).first() if given.isdigit() else None


def _draft(request: HttpRequest, program: Program, draft_id: int) -> Draft:
    rows = Draft.objects.filter(program=program)
    rows = rows.select_related("program", "work", "made_by", "published_by")
    return get_seen(Draft, draft_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
