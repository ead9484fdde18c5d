"""Themes of a survey's comments, read by its code frame: how often, at what cost, for whom."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Func, IntegerField, QuerySet

from regulars.core.access import Viewer
from regulars.core.sql import int_array
from regulars.customers.queries.persons import leaders_of
from regulars.feedback.models import HandCoding, Signal, Survey
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.rules.agreement import Agreement, agreement, masi
from regulars.feedback.rules.coding import Coder, Theme
from regulars.feedback.rules.proportions import wilson_interval
from regulars.feedback.rules.themes import Coded, ThemeImpact, theme_impacts
from regulars.feedback.survey.extension import Code

SIGNALS_MAX = 60_000
"""The newest signals that are looked at; more would not narrow the intervals to be seen."""

SPENT_WITHIN = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Touched:
    """Customers a theme is about: those who said so, and how many it would be among all buyers.

    `spend_minor` is what those who said so bought within a year. The estimate takes the share of
    those who answered for the share among everybody who bought within a year; None without anybody.
    """

    customers: int
    spend_minor: int
    estimate: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class SurveyThemes:
    """The themes of a survey, what costs most first; `buyers` bought within a year."""

    frame: tuple[Code, ...]
    answers: int
    comments: int
    uncoded: int
    buyers: int
    impacts: tuple[ThemeImpact, ...] = ()
    touched: dict[str, Touched] = field(default_factory=dict)


def frame_of(survey: Survey) -> tuple[Code, ...]:
    """The code frame of what is asked now."""
    return definition_of(latest_version(survey)).extension.code_frame


def coder_of(frame: Iterable[Code]) -> Coder:
    """What finds the themes of texts by a frame."""
    return Coder([Theme(one.value, one.words, one.under) for one in frame])


def themes_of(
    survey: Survey, measure: str, which: SignalFilter, *, seen_by: Viewer, now: datetime
) -> SurveyThemes:
    """The themes of a survey's comments and how its measure goes with each. Four statements.

    Answers that were set aside do not count. Comments of answers without the measure do not either.
    """
    frame = frame_of(survey)
    answers = _answers(which.rows(seen_by=seen_by).filter(survey=survey), measure)
    coder = coder_of(frame)
    coded = [
        Coded(one.score, coder.codes_of(one.text), one.customer_id) for one in answers if one.text
    ]
    codes = [one.value for one in frame]
    impacts = theme_impacts(coded, codes, measure)
    known = _persons(one.customer_id for one in answers)
    buyers, spend = _bought(known.values(), which, seen_by, since=now - SPENT_WITHIN, until=now)
    people = len(set(known.values()))
    return SurveyThemes(
        frame,
        answers=len(answers),
        comments=len(coded),
        uncoded=sum(not one.codes for one in coded),
        buyers=buyers,
        impacts=tuple(impacts),
        touched={
            one.code: _touched(
                {known[pk] for pk in one.customer_ids if pk in known}, people, buyers, spend
            )
            for one in impacts
        },
    )


@dataclass(slots=True)
class _Answer:
    score: float
    text: str = ""
    customer_id: int | None = None


def _answers(rows: QuerySet[Signal], measure: str) -> list[_Answer]:
    """The answers that gave the measure, each with its words; the newest."""
    found: dict[int, _Answer] = {}
    words: dict[int, str] = {}
    columns = ("answer_id", "measure", "native_score", "text", "customer_id")
    newest = rows.filter(answer__isnull=False).order_by("-at", "-pk").values_list(*columns)
    for answer_id, kind, score, text, customer_id in newest[:SIGNALS_MAX]:
        if text:
            words[answer_id] = text
        if kind == measure and score is not None:
            found[answer_id] = _Answer(score, "", customer_id)
    for answer_id, text in words.items():
        if answer_id in found:
            found[answer_id].text = text
    return list(found.values())


def _persons(customer_ids: Iterable[int | None]) -> dict[int, int]:
    return leaders_of({pk for pk in customer_ids if pk is not None})


def _touched(mine: set[int], people: int, buyers: int, spend: dict[int, int]) -> Touched:
    estimate = None
    if people and buyers:
        low, high = wilson_interval(len(mine), people)
        share = len(mine) / people
        estimate = (round(share * buyers), round(low * buyers), round(high * buyers))
    return Touched(len(mine), sum(spend.get(pk, 0) for pk in mine), estimate)


def _bought(
    leads: Collection[int],
    which: SignalFilter,
    viewer: Viewer,
    *,
    since: datetime,
    until: datetime,
) -> tuple[int, dict[int, int]]:
    """How many people bought in these days, and what each of some persons bought, in minor units.

    Only in the stores that are asked for and that the viewer may see. One statement.
    """
    limits = [one for one in (which.store_ids, viewer.store_ids) if one is not None]
    stores = int_array(sorted(frozenset.intersection(*limits))) if limits else None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH bought AS (
                SELECT coalesce(person.merged_into_id, person.id) AS lead, sum(total_minor)::bigint AS spent
                FROM customers_purchase purchase
                JOIN customers_customer person ON person.id = purchase.customer_id
                WHERE voided_at IS NULL AND bought_at >= %(since)s AND bought_at < %(until)s
                    AND (%(stores)s::bigint[] IS NULL OR store_id = ANY(%(stores)s::bigint[]))
                GROUP BY 1)
            SELECT (SELECT count(*) FROM bought), lead, spent
            FROM bought WHERE lead = ANY(%(leads)s::bigint[])
            UNION ALL SELECT count(*), NULL, NULL FROM bought
            """,
            {
                "since": since,
                "until": until,
                "stores": stores,
                "leads": int_array(sorted(set(leads))),
            },
        )
        rows: list[Any] = cursor.fetchall()
    return rows[-1][0], {lead: spent for _count, lead, spent in rows if lead is not None}


def to_code(survey: Survey, *, seen_by: Viewer, employee_id: int, limit: int) -> list[Signal]:
    """Comments that somebody has not coded by hand yet, in an order like a lot.

    The order is by a hash of the number, the same for everybody, so that two people judge the same
    comments and none of them chooses which.
    """
    done = HandCoding.objects.filter(employee=employee_id).values("signal")
    rows = (
        SignalFilter(survey_id=survey.pk)
        .rows(seen_by=seen_by)
        .exclude(text="")
        .exclude(pk__in=done)
        .order_by(Func("pk", function="hashint8", output_field=IntegerField()))
    )
    return list(rows[:limit])


@dataclass(frozen=True, slots=True)
class ThemeAgreement:
    """How the frame agrees with people, and people with each other; the whole by sets of codes."""

    whole: Agreement
    people: Agreement
    by_theme: dict[str, Agreement]


def agreement_of(survey: Survey, *, seen_by: Viewer) -> ThemeAgreement:
    """Krippendorff's alpha of the frame against hand coding: in all, by theme, and among people.

    Two statements. Codes that are no longer in the frame do not count.
    """
    frame = frame_of(survey)
    codes, coder = [one.value for one in frame], coder_of(frame)
    signals = SignalFilter(survey_id=survey.pk).rows(seen_by=seen_by)
    rows = HandCoding.objects.filter(signal__in=signals.values("pk")).select_related("signal")
    hands: dict[int, list[frozenset[str]]] = {}
    texts: dict[int, str] = {}
    for one in rows.order_by("signal", "pk"):
        hands.setdefault(one.signal_id, []).append(frozenset(one.codes) & frozenset(codes))
        texts[one.signal_id] = one.signal.text
    ruled = {pk: coder.codes_of(text) for pk, text in texts.items()}
    pairs = [(ruled[pk], said) for pk, given in hands.items() for said in given[:1]]
    return ThemeAgreement(
        agreement(pairs, distance=masi),
        agreement(list(hands.values()), distance=masi),
        {code: agreement([(code in a, code in b) for a, b in pairs]) for code in codes},
    )
