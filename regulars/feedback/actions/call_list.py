"""The calling list: who comes on it, and which operator has whom, so that nobody is rung twice."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from regulars.channels.kinds.operator import Operator
from regulars.channels.queries.channels import channel_of
from regulars.channels.queries.door import Ask, may_contact_many
from regulars.core.errors import Conflict
from regulars.core.sql import int_array
from regulars.feedback.actions.sittings import end_sittings, invited_input, open_sittings
from regulars.feedback.models import Call, Callee, Invitation, Sitting
from regulars.feedback.queries.quotas import QuotaFacts, full_quotas

OPERATOR = "operator"
LOOKED_AT = 25
"""So many due people are looked at together for one that may be rung now."""

ROUNDS_MAX = 40


def operator_settings() -> Operator:
    """The settings of the channel by which operators call."""
    found = channel_of(OPERATOR)
    assert isinstance(found, Operator)
    return found


def words_of_introduction(language: str) -> str:
    """The company's own first words in a language, or empty."""
    settings = operator_settings()
    return settings.introduction_ru if language == "ru" else settings.introduction


def list_for_calling(asked: Mapping[int, int], *, now: datetime) -> int:
    """Put invitations on the calling list, given with their messages; how many are new.

    Whoever is on it stays where they are. One statement.
    """
    rows = [
        Callee(invitation_id=invitation_id, message_id=message_id, listed_at=now, due_at=now)
        for invitation_id, message_id in sorted(asked.items())
    ]
    before = Callee.objects.filter(invitation__in=asked).count()
    Callee.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows) - before


def claim_next(*, operator_id: int, now: datetime) -> Callee | None:
    """The next person to ring, this operator's alone for a while; the one they have, if any.

    Call-backs that are due come first, then whoever has waited longest. The door is asked for each:
    who may not be called any more leaves the list, and in quiet hours people wait. None when nobody
    is left who may be called now. Two operators never get the same person.
    """
    _let_lapse(operator_id, now=now)
    if (held := held_by(operator_id, now=now)) is not None:
        return held
    for _round in range(ROUNDS_MAX):
        looked_at = _due(now)
        if not looked_at:
            return None
        fit = _fit_to_call(looked_at, now=now)
        taken = _take(fit, operator_id=operator_id, now=now) if fit else None
        if taken is not None:
            return taken
    return None


def held_by(operator_id: int, *, now: datetime) -> Callee | None:
    """The person whom an operator has now."""
    return _rows().filter(operator=operator_id, held_until__gt=now).first()


def _rows() -> QuerySet[Callee]:
    return Callee.objects.select_related(
        "invitation__customer", "invitation__survey", "invitation__version", "message"
    )


@transaction.atomic
def _let_lapse(operator_id: int, *, now: datetime) -> None:
    """Whoever an operator kept too long is free again, and the call that never ended is over."""
    late = Callee.objects.select_for_update().filter(operator=operator_id, held_until__lte=now)
    _set_free(list(late.values_list("pk", flat=True)), "lapsed", now=now)


def _set_free(callee_ids: Sequence[int], outcome: str, *, now: datetime) -> None:
    going = Call.objects.filter(callee__in=callee_ids, ended_at__isnull=True)
    going.update(ended_at=now, outcome=outcome)
    Callee.objects.filter(pk__in=callee_ids).update(operator=None, held_until=None)


def _due(now: datetime) -> list[Callee]:
    rows = _rows().filter(closed_at__isnull=True, due_at__lte=now)
    free = rows.exclude(held_until__gt=now)
    return list(free.order_by("-is_call_back", "due_at", "pk")[:LOOKED_AT])


def _fit_to_call(rows: Sequence[Callee], *, now: datetime) -> list[int]:
    """Those who may be rung now; the others leave the list, or wait.

    A constant number of statements, and two for each reason that keeps somebody from being rung.
    """
    going = _without_the_answered(rows, now=now)
    going = _without_the_full(going, now=now)
    verdicts = may_contact_many([_ask(one) for one in going], now=now) if going else []
    fit: list[int] = []
    withheld: dict[str, list[Callee]] = {}
    late: dict[datetime, list[int]] = {}
    for one, verdict in zip(going, verdicts, strict=True):
        if not verdict.allowed:
            withheld.setdefault(verdict.code, []).append(one)
        elif (at := verdict.send_at or now) > now:
            late.setdefault(at, []).append(one.pk)
        else:
            fit.append(one.pk)
    for code, those in withheld.items():
        _withhold(those, code, now=now)
    for at, ids in late.items():
        _free(ids, now=now).update(due_at=at)
    return fit


def _withhold(rows: Sequence[Callee], code: str, *, now: datetime) -> None:
    """Who may not be called leaves the list; somebody never asked is told apart from the sample."""
    _close([one.pk for one in rows], "withheld", now=now)
    invitations = [one.invitation_id for one in rows]
    never_asked = Invitation.objects.filter(pk__in=invitations, sent_at__isnull=True)
    never_asked.update(withheld=code)


def _ask(one: Callee) -> Ask:
    """The first call is the contact that the message counts; calls after that are reminders."""
    customer, message = one.invitation.customer, one.message
    is_reminder = one.calls > 0 or message is None or message.is_reminder
    return Ask(
        purpose="survey",
        customer_id=customer.pk,
        address=customer.phone,
        channel=OPERATOR,
        survey=str(one.invitation.survey_id),
        is_reminder=is_reminder,
        message_id=message.pk if message else 0,
    )


def _without_the_answered(rows: Sequence[Callee], *, now: datetime) -> list[Callee]:
    invitations = [one.invitation_id for one in rows]
    ended = Sitting.objects.filter(invitation__in=invitations, ended_at__isnull=False)
    over = set(ended.values_list("invitation_id", flat=True))
    answered = [one.pk for one in rows if one.invitation.answered_at or one.invitation_id in over]
    closed = [one.pk for one in rows if not one.invitation.survey.is_open]
    _close(answered, "answered", now=now)
    _close([pk for pk in closed if pk not in answered], "closed", now=now)
    return [one for one in rows if one.pk not in {*answered, *closed}]


def _without_the_full(rows: Sequence[Callee], *, now: datetime) -> list[Callee]:
    """Nobody is rung whom a full quota would turn away before the first question."""
    facts = [
        QuotaFacts(
            one.invitation.survey_id,
            channel=OPERATOR,
            language=one.invitation.language,
            store_id=one.invitation.store_id,
        )
        for one in rows
    ]
    full = full_quotas(facts) if rows else []
    turned_away = {one.pk: name for one, name in zip(rows, full, strict=True) if name}
    _close(list(turned_away), "full", now=now)
    those = [one for one in rows if one.pk in turned_away]
    sittings = open_sittings([invited_input(one.invitation) for one in those], now=now)
    by_name: dict[str, list[int]] = {}
    for one, sitting in zip(those, sittings, strict=True):
        by_name.setdefault(turned_away[one.pk], []).append(sitting.pk)
    for name, ids in by_name.items():
        end_sittings(ids, "rejected", now=now, reason=name)
    return [one for one in rows if one.pk not in turned_away]


def _close(callee_ids: Sequence[int], outcome: str, *, now: datetime) -> None:
    """Take people off the list whom nobody has now; a call to them that never ended is over."""
    if callee_ids:
        rows = _free(callee_ids, now=now)
        going = Call.objects.filter(callee__in=rows, ended_at__isnull=True)
        going.update(ended_at=now, outcome="lapsed")
        rows.update(closed_at=now, outcome=outcome, operator=None, held_until=None)


def _free(callee_ids: Sequence[int], *, now: datetime) -> QuerySet[Callee]:
    """Those of these people on the list whom nobody has now."""
    rows = Callee.objects.filter(pk__in=callee_ids, closed_at__isnull=True)
    return rows.exclude(held_until__gt=now)


@transaction.atomic
def _take(fit: Sequence[int], *, operator_id: int, now: datetime) -> Callee | None:
    """The first of these that is still free, taken in one statement; others skip whom it holds.

    An operator who asks twice at once waits for the first answer and gets the same.
    """
    until = now + timedelta(minutes=operator_settings().hold_minutes)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"operator:{operator_id}"])
        if (held := held_by(operator_id, now=now)) is not None:
            return held
        cursor.execute(TAKE, [operator_id, until, int_array(fit), now, now])
        taken = cursor.fetchone()
    if taken is None:
        return None
    going = Call.objects.filter(callee=taken[0], ended_at__isnull=True)
    going.update(ended_at=now, outcome="lapsed")
    Call.objects.create(callee_id=taken[0], operator_id=operator_id, began_at=now)
    return _rows().get(pk=taken[0])


TAKE = f"""
    UPDATE {Callee._meta.db_table} SET operator_id = %s, held_until = %s
    WHERE id = (
        SELECT id FROM {Callee._meta.db_table}
        WHERE id = ANY(%s::bigint[]) AND closed_at IS NULL AND due_at <= %s
            AND (held_until IS NULL OR held_until <= %s)
        ORDER BY is_call_back DESC, due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id
"""


def hold(callee_id: int, *, operator_id: int, now: datetime) -> Callee:
    """The person, kept from others until the transaction ends, and this operator's for longer.

    Time that ran out does no harm while nobody else took the person. Raises Conflict where somebody
    else has them, or nobody does any more.
    """
    found = Callee.objects.select_for_update().filter(pk=callee_id).first()
    if found is None or found.operator_id != operator_id or found.closed_at is not None:
        raise Conflict("not_yours", "another operator has this person, or the call has ended")
    found.held_until = now + timedelta(minutes=operator_settings().hold_minutes)
    Callee.objects.filter(pk=found.pk).update(held_until=found.held_until)
    return found


def call_of(callee: Callee) -> Call:
    """The call that goes on with a person. Raises Conflict where there is none."""
    found = Call.objects.filter(callee=callee, ended_at__isnull=True).first()
    if found is None:
        raise Conflict("not_yours", "this call has ended")
    return found


@transaction.atomic
def set_free(callee_id: int, *, now: datetime) -> None:
    """Take a person away from whoever has them, as a coordinator does; they may be rung at once."""
    rows = Callee.objects.select_for_update().filter(pk=callee_id, closed_at__isnull=True)
    _set_free(list(rows.values_list("pk", flat=True)), "given_back", now=now)
