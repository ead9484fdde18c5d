"""Quotas: how many answers of a kind a survey takes, never one more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from regulars.core.errors import NotFound, Refused
from regulars.core.sql import int_array, json_array
from regulars.feedback.models import Quota, Survey
from regulars.feedback.queries.quotas import QuotaFacts, quotas_met
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.survey.expression import BadExpression, read_expression
from regulars.feedback.survey.extension import Quota as NamedQuota

QUOTAS_MAX = 200
PLACES_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What quotas said about one answer: the places it took, or the full one that it met."""

    quota_ids: tuple[int, ...] = ()
    full: str = ""


@transaction.atomic
def set_quota(survey: Survey, *, name: str, places: int, condition: str = "") -> Quota:
    """The quota of that name in a survey, new or changed.

    Raises Refused where the expression cannot be read, or where more places are taken already.
    """
    name = name.strip()[:100]
    if not name:
        raise Refused("name_missing", "the quota needs a name", "name")
    if not 0 <= places <= PLACES_MAX:
        raise Refused(
            "places_out_of_range",
            _("between 0 and %(most)s answers") % {"most": PLACES_MAX},
            "places",
        )
    _check(condition)
    Survey.objects.select_for_update().get(pk=survey.pk)
    if definition_of(latest_version(survey)).anonymity:
        words = _("Quotas and a promise of anonymity exclude each other.")
        raise Refused("not_anonymous", words, "condition")
    found = Quota.objects.select_for_update().filter(survey=survey, name=name).first()
    if found is None and Quota.objects.filter(survey=survey).count() >= QUOTAS_MAX:
        raise Refused(
            "too_many_quotas", _("at most %(most)s quotas") % {"most": QUOTAS_MAX}, "name"
        )
    quota = found or Quota(survey=survey, name=name)
    if quota.taken > places:
        raise Refused(
            "places_taken",
            _("%(count)s answers are there already") % {"count": quota.taken},
            "places",
        )
    quota.places, quota.condition = places, condition.strip()
    quota.save()
    return quota


def keep_quotas(survey: Survey, wanted: Sequence[NamedQuota]) -> None:
    """The quotas that a definition names, new or changed; others of the survey stay.

    A limit below what is taken already becomes that, so that nobody else is let in. Two statements;
    the caller holds the row of the survey.
    """
    taken = dict(Quota.objects.filter(survey=survey).values_list("name", "taken"))
    rows = [
        Quota(
            survey=survey,
            name=one.name,
            condition=one.condition,
            places=max(one.limit, taken.get(one.name, 0)),
        )
        for one in wanted
    ]
    Quota.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=("survey", "name"),
        update_fields=("condition", "places"),
    )


def _check(condition: str) -> None:
    if not condition.strip():
        return
    try:
        read_expression(condition)
    except BadExpression as bad:
        raise Refused("bad_expression", str(bad), "condition") from bad


def remove_quota(survey: Survey, *, quota_id: int) -> None:
    """Take a quota away; answers that met it stay as they are. Raises NotFound."""
    gone, _models = Quota.objects.filter(survey=survey, pk=quota_id).delete()
    if not gone:
        raise NotFound("no_quota", f"the survey has no quota {quota_id}", "quota_id")


def take_places(facts: Sequence[QuotaFacts]) -> list[Taken]:
    """A place in each quota that an answer belongs to, for each answer in turn, or none at all.

    The rows of the quotas are held until the transaction ends, in the order of their ids, so two
    batches can neither deadlock nor pass a limit together. Four statements at most.
    """
    wanted = quotas_met(facts)
    held = _hold({one.pk for each in wanted for one in each})
    free = {pk: places - taken for pk, (places, taken) in held.items()}
    found = [_taken(each, free) for each in wanted]
    _write({pk: places - left for pk, left in free.items() for places in (held[pk][0],)})
    return found


def _taken(wanted: Sequence[Quota], free: dict[int, int]) -> Taken:
    present = [quota for quota in wanted if quota.pk in free]
    full = next((quota.name for quota in present if free[quota.pk] <= 0), "")
    if full:
        return Taken(full=full)
    for quota in present:
        free[quota.pk] -= 1
    return Taken(tuple(quota.pk for quota in present))


def _hold(ids: set[int]) -> dict[int, tuple[int, int]]:
    """Places and places taken of quotas by id, held."""
    if not ids:
        return {}
    rows = Quota.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    return {pk: (places, taken) for pk, places, taken in rows.values_list("pk", "places", "taken")}


def note_places(quota_ids: Mapping[int, Sequence[int]]) -> None:
    """Write on answers, by their ids, which places they took; one statement."""
    if not quota_ids:
        return
    given = [int_array(quota_ids.keys()), json_array(list(one) for one in quota_ids.values())]
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE feedback_answer answer
            SET quota_ids = ARRAY(SELECT jsonb_array_elements_text(given.quotas)::bigint)
            FROM unnest(%s::bigint[], %s::jsonb[]) AS given (id, quotas)
            WHERE answer.id = given.id""",
            given,
        )


def _write(taken: Mapping[int, int]) -> None:
    if not taken:
        return
    columns: list[Any] = [int_array(taken.keys()), int_array(taken.values())]
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE feedback_quota quota SET taken = given.taken
            FROM unnest(%s::bigint[], %s::int[]) AS given (id, taken)
            WHERE quota.id = given.id AND quota.taken <> given.taken""",
            columns,
        )
