"""Jobs of insight: the flow into the lake, scores, and the nightly check."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from regulars.core.errors import Retry
from regulars.core.jobs import every, job
from regulars.customers.actions.following import forget_touches
from regulars.customers.jobs import upkeep_soon
from regulars.customers.models import TrackedEvent
from regulars.customers.queries.visits import SAMPLE_SOURCE
from regulars.feedback.models import Signal
from regulars.insight.actions.lake import (
    check_lake,
    grant_wishes,
    refresh_lake,
    rewrite_fact,
    wish_for,
)
from regulars.insight.actions.results import forget_old_results, make_results_ready
from regulars.insight.actions.scoring import is_scored_at_once, score_customers
from regulars.insight.segments.filling import fill_segments, fill_waiting_segments
from regulars.insight.segments.ready_made import install_ready_made

SCORED_FROM = {"purchases", "returns"}


def score_now() -> None:
    """Scores everybody, and has segments follow those whose scores are other ones."""
    score_customers(now=timezone.now())
    upkeep_soon()


@job(queue="fast", lock="lake.feedback")
def export_feedback() -> None:
    """Brings new signals into the lake; quick, because somebody looks at the home page."""
    grant_wishes("feedback")
    refresh_lake(groups=("feedback",), now=timezone.now())
    make_results_ready(now=timezone.now())


@job(queue="bulk", lock="lake.trade")
def export_trade() -> None:
    """Brings purchases, points and what belongs to them into the lake, and scores customers."""
    grant_wishes("trade")
    written = refresh_lake(groups=("trade",), now=timezone.now())
    if any(one.rows for one in written if one.fact in SCORED_FROM) and is_scored_at_once():
        score_now()
    make_results_ready(now=timezone.now())


@job(queue="bulk", lock="lake.feedback", attempts=12)
def forget_sample_signals() -> None:
    """Writes signals again once the generated ones are gone from the database."""
    if Signal.objects.filter(sample=True).exists():
        raise Retry("the generated signals are not removed yet")
    rewrite_fact("signals")
    refresh_lake(groups=("feedback",), now=timezone.now())


@job(queue="bulk", lock="lake.trade", attempts=12)
def forget_sample_events() -> None:
    """Writes tracked events again once the generated ones are gone from the database."""
    if TrackedEvent.objects.filter(source=SAMPLE_SOURCE).exists():
        raise Retry("the generated events are not removed yet")
    rewrite_fact("tracked_events")
    refresh_lake(groups=("trade",), now=timezone.now())


@transaction.atomic
def ask_for_export(group: str) -> None:
    """Has a group of facts exported soon; many wishes at once are one run."""
    if wish_for(group):
        {"feedback": export_feedback, "trade": export_trade}[group].enqueue()


@every("*/10 * * * *", queue="bulk")
def catch_up(timestamp: int) -> None:
    """Picks up what no event told of, and settles what was under way; a company's first segments."""
    install_ready_made(now=timezone.now())
    refresh_lake(now=timezone.now())
    if not is_scored_at_once():
        score_now()
    make_results_ready(now=timezone.now())


@job(queue="bulk", lock="segments.filling")
def fill_changed_segments(*, segment_ids: Sequence[int]) -> None:
    """Finds the people of all segments that are new or changed, where these still are."""
    if fill_waiting_segments(segment_ids, now=timezone.now()):
        upkeep_soon()


@every("50 3 * * *", queue="bulk")
def fill_all_segments(timestamp: int) -> None:
    """Each night finds the people of every segment from the lake, and mends what differs."""
    now = timezone.now()
    fill_segments(now=now)
    upkeep_soon()
    forget_touches(before=now - timedelta(days=1))


@every("20 3 * * *", queue="bulk")
def check_nightly(timestamp: int) -> None:
    """Compares the lake with the database, mends what differs, and scores customers for the day."""
    if check_lake():
        refresh_lake(now=timezone.now())
    score_now()
    forget_old_results(now=timezone.now())
