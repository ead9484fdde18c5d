"""Follow-ups as people read them: whose turn it is, what came after, and whether it helps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet

from regulars.core.access import Viewer, seen
from regulars.core.sql import int_array
from regulars.feedback.models import FollowUp, FollowUpNote, FollowUpRule
from regulars.feedback.rules.comparing import Difference, Sample, difference
from regulars.feedback.rules.following import Hours, Opening
from regulars.feedback.rules.signals import UNHAPPY_MAX

AROUND = timedelta(days=90)
"""So long before and after the answer purchases are counted."""

SETTLED_AFTER = timedelta(days=14)
"""Who was reached within so many days counts as contacted; what is compared begins after them."""

BACK = timedelta(days=730)

GROUP_MIN = 10
"""With fewer people on a side nothing is compared."""

ALWAYS = Opening()
"""What holds while the company has made no rule: the manager of the store, within a working day."""


def openings() -> list[Opening]:
    """The rules that are on; without any rule at all, every unhappy answer opens a follow-up."""
    rows = list(FollowUpRule.objects.order_by("pk"))
    if not rows:
        return [ALWAYS]
    return [
        Opening(
            id=one.pk,
            survey_id=one.survey_id,
            touchpoint_id=one.touchpoint_id,
            measure=one.measure,
            score_max=one.score_max,
            owner_id=one.owner_id,
            owner_role=one.owner_role,
            within_hours=one.within_hours,
            week=Hours(one.opens, one.closes, frozenset(one.weekdays)),
        )
        for one in rows
        if one.is_on
    ]


RELATED = (
    "signal__customer",
    "signal__store",
    "signal__served_by",
    "signal__survey",
    "signal__touchpoint",
    "owner",
)


@dataclass(frozen=True, slots=True)
class FollowUpFilter:
    """Which follow-ups are asked for: `state` is a state, `overdue`, or empty for all not closed."""

    state: str = ""
    owner_id: int | None = None
    store_ids: frozenset[int] | None = None

    def rows(self, *, seen_by: Viewer, now: datetime) -> QuerySet[FollowUp]:
        """The follow-ups that fit, those that are due first; closed ones latest first."""
        rows = seen(FollowUp, seen_by).filter(signal__is_set_aside=False)
        if self.owner_id is not None:
            rows = rows.filter(owner=self.owner_id)
        if self.store_ids is not None:
            rows = rows.filter(signal__store__in=self.store_ids)
        if self.state == "overdue":
            rows = rows.exclude(state="closed").filter(due_at__lt=now)
        elif self.state:
            rows = rows.filter(state=self.state)
        else:
            rows = rows.exclude(state="closed")
        order = ("-closed_at", "-pk") if self.state == "closed" else ("due_at", "pk")
        return rows.select_related(*RELATED).order_by(*order)


def follow_up_counts(which: FollowUpFilter, *, seen_by: Viewer, now: datetime) -> dict[str, int]:
    """How many are `open` (not closed), of these `overdue` and `unowned`; one statement.

    What belongs to somebody who left has no owner any more.
    """
    rows = which.rows(seen_by=seen_by, now=now).order_by()
    counted: dict[str, int] = rows.aggregate(
        open=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=now)),
        unowned=Count("pk", filter=Q(owner__isnull=True) | Q(owner__is_active=False)),
    )
    return counted


def notes_of(follow_up: FollowUp) -> list[FollowUpNote]:
    """What was done and written on it, oldest first."""
    rows = FollowUpNote.objects.filter(follow_up=follow_up).select_related("by")
    return list(rows.order_by("at", "pk"))


@dataclass(frozen=True, slots=True)
class Later:
    """What a customer bought within 90 days before and after an answer, and answered next.

    Money is in minor units. `days` says how many of the days after have gone by.
    """

    before_count: int
    before_minor: int
    after_count: int
    after_minor: int
    days: int
    next_score: float | None
    next_at: datetime | None


def later_of(follow_ups: Sequence[FollowUp], *, seen_by: Viewer, now: datetime) -> dict[int, Later]:
    """What came before and after each answer whose customer is known, by follow-up. One statement.

    Purchases and answers of stores that the viewer may not see do not count.
    """
    limit = seen_by.store_ids
    with connection.cursor() as cursor:
        cursor.execute(
            _LATER,
            {
                "ids": int_array(one.pk for one in follow_ups),
                "stores": None if limit is None else int_array(sorted(limit)),
                "around": f"{AROUND.days} days",
            },
        )
        return {row[0]: _later(*row[1:], now=now) for row in cursor.fetchall()}


def _later(at: datetime, *figures: Any, now: datetime) -> Later:
    before_count, before_minor, after_count, after_minor, next_score, next_at = figures
    days = min(AROUND.days, (now - at).days)
    return Later(before_count, before_minor, after_count, after_minor, days, next_score, next_at)


_ABOUT = """
    SELECT follow.id, signal.at, signal.measure, signal.answer_id, follow.contacted_at,
        coalesce(person.merged_into_id, person.id) AS lead
    FROM feedback_followup follow
    JOIN feedback_signal signal ON signal.id = follow.signal_id
    JOIN customers_customer person ON person.id = signal.customer_id
"""
_RECORDS = """
    CROSS JOIN LATERAL (SELECT ARRAY(SELECT about.lead UNION ALL
        SELECT id FROM customers_customer WHERE merged_into_id = about.lead) AS ids) record
"""
_IS_SEEN = "(%(stores)s::bigint[] IS NULL OR store_id = ANY(%(stores)s::bigint[]))"
_LATER = f"""
    WITH about AS ({_ABOUT} WHERE follow.id = ANY(%(ids)s::bigint[]))
    SELECT about.id, about.at, bought.before_count, bought.before_minor, bought.after_count,
        bought.after_minor, next.native_score, next.at
    FROM about {_RECORDS}
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE bought_at < about.at) AS before_count,
            coalesce(sum(total_minor) FILTER (WHERE bought_at < about.at), 0)::bigint AS before_minor,
            count(*) FILTER (WHERE bought_at >= about.at) AS after_count,
            coalesce(sum(total_minor) FILTER (WHERE bought_at >= about.at), 0)::bigint AS after_minor
        FROM customers_purchase
        WHERE customer_id = ANY(record.ids) AND voided_at IS NULL
            AND bought_at >= about.at - %(around)s::interval AND bought_at < about.at + %(around)s::interval
            AND {_IS_SEEN}) bought
    LEFT JOIN LATERAL (
        SELECT native_score, at FROM feedback_signal
        WHERE customer_id = ANY(record.ids) AND measure = about.measure AND at > about.at
            AND native_score IS NOT NULL AND NOT is_set_aside
            AND answer_id IS DISTINCT FROM about.answer_id
            AND {_IS_SEEN}
        ORDER BY at, id LIMIT 1) next ON true
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """People on one side of the comparison and what they did later.

    `bought_before` of them bought in the 90 days before their answer: whether the sides were alike.
    """

    people: int
    bought_before: int
    bought_again: int
    answered_again: int
    content_again: int


@dataclass(frozen=True, slots=True)
class LoopEffect:
    """Whether people who were contacted came back more often; the differences are shares.

    None where a side has fewer than ten people. It is no experiment: who was reached may differ.
    """

    contacted: Reached
    others: Reached
    before: Difference | None
    bought: Difference | None
    content: Difference | None


def loop_effect(*, seen_by: Viewer, now: datetime) -> LoopEffect:
    """People contacted within fourteen days of an unhappy answer beside those who were not.

    Both are followed from the fifteenth to the ninetieth day, so that nobody counts as contacted
    because they stayed long enough to be (a landmark analysis, Anderson et al. 1983). A person
    counts with the first answer of two years. One statement. Purchases and answers of stores that
    the viewer may not see do not count.
    """
    limit = seen_by.store_ids
    with connection.cursor() as cursor:
        cursor.execute(
            _EFFECT,
            {
                "since": now - BACK,
                "until": now - AROUND,
                "settled": f"{SETTLED_AFTER.days} days",
                "around": f"{AROUND.days} days",
                "stores": None if limit is None else int_array(sorted(limit)),
            },
        )
        found = {row[0]: Reached(*row[1:]) for row in cursor.fetchall()}
    nobody = Reached(0, 0, 0, 0, 0)
    contacted, others = found.get(True, nobody), found.get(False, nobody)
    return LoopEffect(
        contacted,
        others,
        _apart((contacted.bought_before, contacted.people), (others.bought_before, others.people)),
        _apart((contacted.bought_again, contacted.people), (others.bought_again, others.people)),
        _apart(
            (contacted.content_again, contacted.answered_again),
            (others.content_again, others.answered_again),
        ),
    )


def _apart(one: tuple[int, int], other: tuple[int, int]) -> Difference | None:
    if min(one[1], other[1]) < GROUP_MIN:
        return None
    a, b = (Sample("csat", {5: hits, 1: people - hits}) for hits, people in (one, other))
    return difference(a, b)


_IS_UNHAPPY = f"""CASE measure {
    " ".join(
        f"WHEN '{measure}' THEN native_score <= {most}" for measure, most in UNHAPPY_MAX.items()
    )
} END"""
_EFFECT = f"""
    WITH about AS (
        SELECT DISTINCT ON (lead) * FROM ({_ABOUT}
            WHERE signal.at >= %(since)s AND signal.at < %(until)s AND NOT signal.is_set_aside
                AND {_IS_SEEN}
        ) every ORDER BY lead, at, id
    ), lived AS (
        SELECT coalesce(about.contacted_at <= about.at + %(settled)s::interval, false) AS was_contacted,
            EXISTS (SELECT FROM customers_purchase WHERE customer_id = ANY(record.ids)
                AND voided_at IS NULL AND bought_at < about.at
                AND bought_at >= about.at - %(around)s::interval AND {_IS_SEEN}) AS bought_before,
            EXISTS (SELECT FROM customers_purchase WHERE customer_id = ANY(record.ids)
                AND voided_at IS NULL AND bought_at >= about.at + %(settled)s::interval
                AND bought_at < about.at + %(around)s::interval AND {_IS_SEEN}) AS bought_again,
            next.is_unhappy
        FROM about {_RECORDS}
        LEFT JOIN LATERAL (
            SELECT {_IS_UNHAPPY} AS is_unhappy FROM feedback_signal
            WHERE customer_id = ANY(record.ids) AND measure = about.measure
                AND native_score IS NOT NULL AND NOT is_set_aside
                AND at >= about.at + %(settled)s::interval AND at < about.at + %(around)s::interval
                AND {_IS_SEEN}
            ORDER BY at, id LIMIT 1) next ON true
    )
    SELECT was_contacted, count(*), count(*) FILTER (WHERE bought_before),
        count(*) FILTER (WHERE bought_again), count(is_unhappy),
        count(*) FILTER (WHERE NOT is_unhappy)
    FROM lived GROUP BY was_contacted
"""


def out_of_step() -> list[str]:
    """What the audit finds: follow-ups and signals that do not agree on being taken care of."""
    closed = Q(state="closed", signal__resolved_at__isnull=True)
    still = ~Q(state="closed") & Q(signal__resolved_at__isnull=False)
    rows = FollowUp.objects.filter(closed | still).order_by("pk")
    return [
        f"follow-up {pk} is {state} and its signal is not"
        for pk, state in rows.values_list("pk", "state")[:1000]
    ]
