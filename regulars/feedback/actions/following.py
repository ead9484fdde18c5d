"""Closing the loop: an unhappy answer gets an owner and a clock, is worked on, and ends somehow."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from regulars.company.models import Employee
from regulars.company.queries import get_brand
from regulars.company.rules import STORE_ROLES
from regulars.core.errors import Refused
from regulars.core.events import publish
from regulars.core.jobs import every
from regulars.feedback.actions.follow_up_rules import OWNER_ROLES
from regulars.feedback.events import (
    FollowUpsClosed,
    FollowUpsOpened,
    FollowUpsOverdue,
    SignalsResolved,
)
from regulars.feedback.models import FollowUp, FollowUpNote, Signal
from regulars.feedback.models.surveys import BALLOT_KEY
from regulars.feedback.queries.following import openings
from regulars.feedback.rules.following import (
    FRESH_FOR,
    OUTCOMES,
    WITH_CONTACT,
    Colleague,
    Fact,
    Opening,
    due_at,
    owner_for,
    rule_for,
)

TEXT_LENGTH_MAX = 2000
AT_ONCE = 1000


@transaction.atomic
def open_follow_ups(answer_ids: Collection[int], *, now: datetime) -> list[int]:
    """Open a follow-up for each of these answers that a rule calls unhappy; ids of the new ones.

    An answer opens one at most, however often this runs. Answers that were set aside, that are
    older than thirty days or that were promised anonymity open none. A constant number of
    statements whatever the size of the batch. Whoever settles one of these signals meanwhile waits,
    or is waited for, so that none gets a follow-up that stays open for ever.
    """
    signals = _scored(answer_ids, since=now - FRESH_FOR)
    wanted = _worst_of(signals, openings()) if signals else []
    if not wanted:
        return []
    staff = _staff(rule for _signal, rule in wanted)
    causes = [f"answer:{signal.answer_id}" for signal, _ in wanted]
    known = set(FollowUp.objects.filter(cause__in=causes).values_list("cause", flat=True))
    zones = _zones(signal for signal, _ in wanted)
    rows = [
        FollowUp(
            cause=cause,
            signal=signal,
            rule_id=rule.id,
            owner_id=owner_for(rule, signal.store_id, staff),
            opened_at=now,
            due_at=due_at(now, hours=rule.within_hours, week=rule.week, zone=zones[signal.pk]),
        )
        for cause, (signal, rule) in zip(causes, wanted, strict=True)
        if cause not in known
    ]
    FollowUp.objects.bulk_create(rows, ignore_conflicts=True)
    made = FollowUp.objects.filter(cause__in=[one.cause for one in rows], opened_at=now)
    ids = list(made.order_by("pk").values_list("pk", flat=True))
    if ids:
        publish(FollowUpsOpened(follow_up_ids=tuple(ids)))
    return ids


def _scored(answer_ids: Collection[int], *, since: datetime) -> list[Signal]:
    """The scored signals of these answers that still count, locked; the worst of each answer first."""
    rows = Signal.objects.filter(
        answer__in=answer_ids,
        native_score__isnull=False,
        is_set_aside=False,
        resolved_at__isnull=True,
        at__gte=since,
    ).exclude(answer__key__startswith=BALLOT_KEY)
    held = rows.select_related("store").order_by("pk").select_for_update(of=("self",))
    return sorted(held, key=lambda one: (one.answer_id, not one.is_unhappy, one.share, one.pk))


def _worst_of(signals: Iterable[Signal], rules: Sequence[Opening]) -> list[tuple[Signal, Opening]]:
    """Of each answer the worst signal that a rule is about, with that rule."""
    found: dict[int | None, tuple[Signal, Opening]] = {}
    for signal in signals:
        rule = rule_for(_fact(signal), rules)
        if rule is not None:
            found.setdefault(signal.answer_id, (signal, rule))
    return list(found.values())


def _fact(signal: Signal) -> Fact:
    assert signal.native_score is not None
    return Fact(signal.survey_id, signal.touchpoint_id, signal.measure, signal.native_score)


def _staff(rules: Iterable[Opening]) -> list[Colleague]:
    """Everybody to whom these rules may give a follow-up, with how many they have; three statements."""
    wanted = list(rules)
    people = Employee.objects.filter(is_active=True, role__in=OWNER_ROLES)
    chosen = people.filter(
        pk__in={rule.owner_id for rule in wanted if rule.owner_id}
    ) | people.filter(role__in={rule.owner_role for rule in wanted if rule.owner_role})
    loads = dict(
        FollowUp.objects.exclude(state="closed")
        .filter(owner__isnull=False, signal__is_set_aside=False)
        .values_list("owner")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return [
        Colleague(
            one.pk,
            one.role,
            frozenset(store.pk for store in one.stores.all()) if one.role in STORE_ROLES else None,
            loads.get(one.pk, 0),
        )
        for one in chosen.distinct().prefetch_related("stores").order_by("pk")
    ]


def _zones(signals: Iterable[Signal]) -> dict[int, ZoneInfo]:
    """The zone by whose clock each signal's store works; the company's own where it has none."""
    usual = get_brand().timezone
    return {one.pk: ZoneInfo((one.store.timezone if one.store else "") or usual) for one in signals}


@transaction.atomic
def give_follow_up(
    follow_up: FollowUp, owner: Employee | None, *, by: Employee | None, now: datetime
) -> FollowUp:
    """Make somebody the owner, or nobody; work begins when they take it themselves.

    Raises Refused for a closed follow-up and for an owner who may not see its store.
    """
    held = _held(follow_up)
    _must_be_open(held)
    if owner is not None:
        _must_see(owner, held)
    if held.owner_id != (owner.pk if owner else None):
        held.owner, held.state = owner, "open"
        held.told_at = now if owner == by else None
        held.save(update_fields=["owner", "state", "told_at"])
        _note(held, "given", str(owner) if owner else "", by=by, now=now)
    return held


@transaction.atomic
def take_follow_up(follow_up: FollowUp, *, by: Employee, now: datetime) -> FollowUp:
    """Begin to work on it as its owner; taken once more it stays as it is."""
    held = _held(follow_up)
    _must_be_open(held)
    if (held.owner_id, held.state) != (by.pk, "working"):
        held.owner, held.state, held.told_at = by, "working", now
        held.save(update_fields=["owner", "state", "told_at"])
        _note(held, "taken", "", by=by, now=now)
    return held


@transaction.atomic
def note_follow_up(
    follow_up: FollowUp,
    text: str,
    *,
    by: Employee | None,
    now: datetime,
    has_contact: bool = False,
) -> FollowUp:
    """Write a note; with `has_contact` it says that somebody spoke with the customer.

    Raises Refused for a note without words that tells of no contact either.
    """
    held, words = _held(follow_up), _words(text)
    if not words and not has_contact:
        raise Refused("nothing_noted", _("Write a note first"), "text")
    if has_contact:
        _must_be_open(held)
        held.contacted_at = held.contacted_at or now
        held.state = "working" if held.owner_id else held.state
        held.save(update_fields=["contacted_at", "state"])
    _note(held, "contacted" if has_contact else "noted", words, by=by, now=now)
    return held


@transaction.atomic
def close_follow_up(
    follow_up: FollowUp, outcome: str, *, by: Employee | None, now: datetime, text: str = ""
) -> FollowUp:
    """End it with an outcome; its signals are taken care of with it. A repeat changes nothing.

    Raises Refused for an outcome there is not, and for another one than it was closed with.
    """
    if outcome not in OUTCOMES:
        raise Refused("no_outcome", f"an outcome is one of {', '.join(OUTCOMES)}", "outcome")
    words, signals = _words(text), _held_signals(Q(answer=follow_up.signal.answer_id))
    held = _held(follow_up)
    if held.state == "closed" and held.outcome == outcome:
        return held
    _must_be_open(held)
    if outcome in WITH_CONTACT:
        held.contacted_at = held.contacted_at or now
    _end(held, outcome, by=by, now=now)
    held.save(update_fields=["contacted_at", "state", "outcome", "closed_at", "closed_by"])
    _note(held, "closed", words, by=by, now=now)
    ids = tuple(one.pk for one in signals if one.resolved_at is None)
    Signal.objects.filter(pk__in=ids).update(resolved_at=now, resolved_by=by)
    if ids:
        publish(SignalsResolved(signal_ids=ids))
    publish(FollowUpsClosed(follow_up_ids=(held.pk,)))
    return held


@transaction.atomic
def reopen_follow_up(follow_up: FollowUp, *, by: Employee | None, now: datetime) -> FollowUp:
    """Work on it again; its clock goes on as it was set. One that is open stays as it is."""
    signals, held = _held_signals(Q(answer=follow_up.signal.answer_id)), _held(follow_up)
    if held.state == "closed":
        held.state, held.outcome = "open", ""
        held.closed_at = held.closed_by = None
        held.save(update_fields=["state", "outcome", "closed_at", "closed_by"])
        _note(held, "reopened", "", by=by, now=now)
        Signal.objects.filter(pk__in=[one.pk for one in signals]).update(
            resolved_at=None, resolved_by=None
        )
    return held


def held_with_followed(signal_ids: Sequence[int]) -> set[int]:
    """These signals and those that the follow-ups of their answers are about: they end together.

    All signals of the answers are locked, so that no follow-up is opened meanwhile.
    """
    answers = Signal.objects.filter(pk__in=signal_ids, answer__isnull=False).values("answer")
    _held_signals(Q(pk__in=signal_ids) | Q(answer__in=answers))
    return {*signal_ids, *_of_signals(signal_ids).values_list("signal_id", flat=True)}


def settle_follow_ups(signal_ids: Sequence[int], *, by: Employee, now: datetime) -> None:
    """Close the follow-ups of signals that somebody settled without more ado."""
    rows = _of_signals(signal_ids).exclude(state="closed")
    ids = tuple(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
    FollowUp.objects.filter(pk__in=ids).update(
        state="closed", outcome="settled", closed_at=now, closed_by=by
    )
    FollowUpNote.objects.bulk_create(
        FollowUpNote(follow_up_id=pk, at=now, by=by, act="closed") for pk in ids
    )
    if ids:
        publish(FollowUpsClosed(follow_up_ids=ids))


def unsettle_follow_ups(signal_ids: Sequence[int], *, by: Employee, now: datetime) -> None:
    """The follow-ups of signals that need attention again are open again."""
    rows = _of_signals(signal_ids).filter(state="closed")
    ids = list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
    FollowUp.objects.filter(pk__in=ids).update(
        state="open", outcome="", closed_at=None, closed_by=None
    )
    FollowUpNote.objects.bulk_create(
        FollowUpNote(follow_up_id=pk, at=now, by=by, act="reopened") for pk in ids
    )


@every("*/5 * * * *")
def tell_of_overdue_follow_ups(timestamp: int) -> None:
    """Every five minutes: what was not closed in time is told to others, once."""
    while mark_overdue(now=timezone.now()) == AT_ONCE:
        pass


@transaction.atomic
def mark_overdue(*, now: datetime) -> int:
    """Note which follow-ups have run out of time since the last look; how many.

    Nobody has to hurry for an answer that was set aside.
    """
    late = FollowUp.objects.filter(
        due_at__lt=now, overdue_at__isnull=True, signal__is_set_aside=False
    ).exclude(state="closed")
    held = late.order_by("due_at").select_for_update(of=("self",), skip_locked=True)[:AT_ONCE]
    ids = tuple(held.values_list("pk", flat=True))
    FollowUp.objects.filter(pk__in=ids).update(overdue_at=now)
    if ids:
        publish(FollowUpsOverdue(follow_up_ids=ids))
    return len(ids)


def _of_signals(signal_ids: Sequence[int]) -> QuerySet[FollowUp]:
    answers = Signal.objects.filter(pk__in=signal_ids).values("answer")
    return FollowUp.objects.filter(signal__answer__in=answers).order_by("pk")


def _held_signals(which: Q) -> list[Signal]:
    """These signals, locked: always before follow-ups and in one order, so that nobody waits in a ring."""
    return list(Signal.objects.filter(which).order_by("pk").select_for_update(of=("self",)))


def _held(follow_up: FollowUp) -> FollowUp:
    """The row as it is now, locked until the transaction ends."""
    return (
        FollowUp.objects.select_for_update(of=("self",))
        .select_related("signal", "owner")
        .get(pk=follow_up.pk)
    )


def _must_be_open(follow_up: FollowUp) -> None:
    if follow_up.state == "closed":
        text = _("This follow-up is closed; open it again first")
        raise Refused("closed_already", text, "state")


def _must_see(owner: Employee, follow_up: FollowUp) -> None:
    stores = owner.store_ids
    if not owner.has_perm("feedback.resolve_signal"):
        raise Refused("no_owner", _("This person may not take care of answers"), "owner_id")
    if stores is not None and follow_up.signal.store_id not in stores:
        raise Refused("owner_of_other_store", _("This person does not see the store"), "owner_id")


def _end(held: FollowUp, outcome: str, *, by: Employee | None, now: datetime) -> None:
    held.state, held.outcome, held.closed_at, held.closed_by = "closed", outcome, now, by


def _note(follow_up: FollowUp, act: str, text: str, *, by: Employee | None, now: datetime) -> None:
    FollowUpNote.objects.create(follow_up=follow_up, at=now, by=by, act=act, text=text)


def _words(text: str) -> str:
    words = text.strip().replace("\x00", "")
    if len(words) > TEXT_LENGTH_MAX:
        said = _("At most %(most)s characters") % {"most": TEXT_LENGTH_MAX}
        raise Refused("text_too_long", said, "text")
    return words
