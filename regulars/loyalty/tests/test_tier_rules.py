"""Tiers as a pure function of history, rules and the clock."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from regulars.loyalty.rules.dates import midnight
from regulars.loyalty.rules.tiers.judging import Change, Judge, Move
from regulars.loyalty.rules.tiers.periods import Periods
from regulars.loyalty.rules.tiers.settings import LadderRules
from regulars.loyalty.rules.tiers.steps import Ladder, Step
from regulars.loyalty.rules.tiers.tracks import (
    Edition,
    Given,
    Track,
    begun,
    forecast,
    judge_on,
    needs_history,
    next_turn,
    rebuilt,
)

BERLIN = ZoneInfo("Europe/Berlin")
JOINED = datetime(2024, 2, 29, 10, tzinfo=UTC)
STEPS = (Step("base", 0), Step("silver", 100), Step("gold", 300))


def day(text: str) -> datetime:
    return midnight(date.fromisoformat(text), BERLIN)


def noon(text: str) -> datetime:
    return day(text) + timedelta(hours=12)


def edition(steps: tuple[Step, ...] = STEPS, since: datetime = JOINED, **told: Any) -> Edition:
    rules = LadderRules(**told)
    return Edition(since, Judge(rules, Ladder(steps), Periods(rules, BERLIN)))


def did(*done: tuple[str, int]) -> list[Move]:
    return [Move(noon(on), amount, noon(on)) for on, amount in done]


def on(track: Track) -> list[tuple[str, str, str]]:
    """Each change as the local day, the tier after and the reason."""
    return [
        (one.at.astimezone(BERLIN).date().isoformat(), one.after, one.reason)
        for one in track.changes
    ]


def judged(moves: list[Move], upto: str, **told: Any) -> Track:
    return rebuilt([edition(**told)], JOINED, moves, noon(upto))


def test_a_lifetime_ladder_climbs_and_falls_with_what_was_done() -> None:
    track = judged(did(("2024-05-01", 120), ("2024-06-01", -30)), "2026-01-01")
    assert on(track) == [
        ("2024-02-29", "base", "joined"),
        ("2024-05-01", "silver", "earned"),
        ("2024-06-01", "base", "earned"),
    ]
    assert next_turn(track) is None


def test_a_calendar_year_keeps_a_tier_for_the_next_one_and_judges_by_that_year() -> None:
    told = {"period": "calendar", "falls": "at_period_end"}
    moves = did(("2024-05-01", 120), ("2025-03-01", 20))
    track = judged(moves, "2025-12-31", **told)
    assert track.tier == "silver"
    ahead = forecast(track, noon("2025-12-31"))
    assert (ahead.to_keep, ahead.keep_by) == (80, day("2026-01-01"))
    assert (ahead.next_tier, ahead.missing, ahead.next_by) == ("gold", 280, day("2026-01-01"))
    assert (ahead.falls_at, ahead.falls_to) == (day("2026-01-01"), "base")
    assert on(judged(moves, "2026-01-01", **told))[-1] == ("2026-01-01", "base", "period")


def test_a_year_that_is_enough_already_keeps_the_tier_to_the_end_of_the_next() -> None:
    track = judged(did(("2024-05-01", 120)), "2024-06-01", period="calendar", falls="at_period_end")
    ahead = forecast(track, noon("2024-06-01"))
    assert (ahead.to_keep, ahead.falls_at) == (0, day("2026-01-01"))


def test_a_year_that_starts_from_nothing_ends_tiers_with_itself() -> None:
    track = judged(did(("2024-05-01", 120)), "2025-01-01", period="calendar")
    assert on(track)[-1] == ("2025-01-01", "base", "time")


def test_a_purchase_in_the_first_moment_of_a_period_belongs_to_it() -> None:
    told = {"period": "calendar", "calendar": "quarter", "falls": "at_period_end"}
    start = day("2024-07-01")
    before = start - timedelta(microseconds=1)
    moves = [Move(before, 60, before), Move(start, 60, start)]
    assert judged(moves, "2024-07-02", **told).tier == "base"
    moves = [Move(start, 60, start), Move(start, 60, start)]
    assert judged(moves, "2024-07-02", **told).tier == "silver"


def test_a_rolling_window_of_days_holds_that_many_midnights() -> None:
    told = {"period": "rolling_days", "length": 30}
    moves = did(("2024-03-15", 120))
    assert judged(moves, "2024-04-13", **told).tier == "silver"
    track = judged(moves, "2024-04-14", **told)
    assert on(track)[-1] == ("2024-04-14", "base", "time")
    ahead = forecast(judged(moves, "2024-04-01", **told), noon("2024-04-01"))
    assert (ahead.to_keep, ahead.falls_at) == (100, day("2024-04-14"))


def test_a_rolling_window_of_months_forgets_leap_day_at_the_end_of_february() -> None:
    told = {"period": "rolling_months", "length": 12}
    moves = did(("2024-02-29", 120))
    assert judged(moves, "2025-02-27", **told).tier == "silver"
    assert judged(moves, "2025-02-28", **told).tier == "base"


def test_the_membership_year_begins_on_the_day_of_joining() -> None:
    told = {"period": "membership_anniversary", "falls": "at_period_end"}
    moves = did(("2024-12-01", 120), ("2025-02-27", 0))
    ahead = forecast(judged(moves, "2025-02-27", **told), noon("2025-02-27"))
    assert ahead.falls_at == day("2026-02-28")
    assert on(judged(moves, "2026-02-28", **told))[-1] == ("2026-02-28", "base", "period")


def test_a_term_counts_only_what_was_done_inside_it() -> None:
    told = {"period": "fixed_term", "length": 365, "falls": "at_period_end"}
    reached = did(("2025-06-01", 140))
    kept = judged([*reached, *did(("2026-03-01", 100))], "2026-07-01", **told)
    assert (kept.tier, kept.standing.window_to) == ("silver", day("2027-06-01"))
    lost = judged([*reached, *did(("2026-03-01", 80))], "2026-07-01", **told)
    assert on(lost)[-1] == ("2026-06-01", "base", "period")


def test_what_led_to_a_tier_leads_on_to_the_next() -> None:
    told = {"period": "tier_anniversary", "falls": "at_period_end"}
    track = judged(did(("2025-06-01", 140), ("2025-08-01", 160)), "2025-09-01", **told)
    assert (track.tier, track.standing.window_to) == ("gold", day("2026-08-01"))
    kept = judged(
        did(("2025-06-01", 140), ("2025-08-01", 160)), "2025-09-01", restarts=False, **told
    )
    assert (kept.tier, kept.standing.window_to) == ("gold", day("2026-02-28"))


def test_grace_gives_time_to_make_up_what_is_missing() -> None:
    told = {"period": "calendar", "falls": "at_period_end", "grace_days": 31}
    moves = did(("2024-05-01", 120), ("2025-03-01", 70))
    waiting = judged(moves, "2026-01-15", **told)
    ahead = forecast(waiting, noon("2026-01-15"))
    assert (waiting.tier, ahead.to_keep, ahead.keep_by) == ("silver", 30, day("2026-02-01"))
    assert judged([*moves, *did(("2026-01-20", 30))], "2026-03-01", **told).tier == "silver"
    late = judged([*moves, *did(("2026-02-01", 30))], "2026-03-01", **told)
    assert on(late)[-1] == ("2026-02-01", "base", "time")


def test_a_tier_reached_has_its_minimum_of_months() -> None:
    told = {"period": "rolling_days", "length": 10, "minimum_months": 3}
    track = judged(did(("2024-03-31", 120)), "2024-06-29", **told)
    assert track.tier == "silver"
    assert on(judged(did(("2024-03-31", 120)), "2024-06-30", **told))[-1] == (
        "2024-06-30",
        "base",
        "time",
    )


def test_one_step_down_at_each_judging() -> None:
    told = {"period": "calendar", "falls": "at_period_end", "downgrade": "one_down"}
    track = judged(did(("2024-05-01", 400)), "2027-01-01", **told)
    assert on(track)[1:] == [
        ("2024-05-01", "gold", "earned"),
        ("2026-01-01", "silver", "period"),
        ("2027-01-01", "base", "period"),
    ]


def test_an_upgrade_can_wait_for_the_end_of_the_period() -> None:
    told = {
        "period": "calendar",
        "calendar": "month",
        "upgrade": "at_period_end",
        "falls": "at_period_end",
    }
    assert judged(did(("2024-05-03", 120)), "2024-05-31", **told).tier == "base"
    track = judged(did(("2024-05-03", 120)), "2024-06-01", **told)
    assert on(track)[-1] == ("2024-06-01", "silver", "period")


def test_a_tier_may_take_less_to_keep_than_to_reach() -> None:
    steps = (Step("base", 0), Step("silver", 100, 50))
    told: dict[str, Any] = {"steps": steps, "period": "calendar", "falls": "at_period_end"}
    moves = did(("2024-05-01", 100), ("2025-05-01", 50))
    assert judged(moves, "2026-06-01", **told).tier == "silver"
    assert judged(moves, "2027-01-01", **told).tier == "base"


def test_a_return_counts_in_the_period_of_its_purchase() -> None:
    told = {"period": "calendar", "falls": "at_period_end", "returns": "count"}
    moves = did(("2024-12-20", 120), ("2025-02-01", 110))
    moves.append(Move(noon("2025-01-10"), -120, noon("2024-12-20")))
    track = judged(moves, "2026-06-01", **told)
    assert track.tier == "silver"


def test_a_tier_given_by_hand_has_its_own_end_and_never_lowers() -> None:
    gift = Given("gold", noon("2024-06-01"), day("2024-09-01"), "matched")
    track = rebuilt([edition()], JOINED, did(("2024-07-01", 120)), noon("2025-01-01"), given=[gift])
    assert on(track)[1:] == [
        ("2024-06-01", "gold", "matched"),
        ("2024-09-01", "silver", "given_ended"),
    ]
    low = Given("silver", noon("2024-06-01"), day("2024-09-01"))
    track = rebuilt([edition()], JOINED, did(("2024-05-01", 300)), noon("2025-01-01"), given=[low])
    assert track.tier == "gold"
    ahead = forecast(
        rebuilt([edition()], JOINED, [], noon("2024-07-01"), given=[gift]), noon("2024-07-01")
    )
    assert (ahead.falls_at, ahead.falls_to, ahead.to_keep) == (day("2024-09-01"), "base", 0)


def test_a_new_version_of_a_ladder_holds_from_its_moment() -> None:
    harder = edition((Step("base", 0), Step("silver", 200)), noon("2024-06-01"))
    track = rebuilt([edition(), harder], JOINED, did(("2024-05-01", 120)), noon("2024-07-01"))
    assert on(track)[-1] == ("2024-06-01", "base", "rules")
    yearly = edition(since=noon("2025-06-01"), period="calendar", falls="at_period_end")
    moves = did(("2024-05-01", 120), ("2025-02-01", 200))
    track = rebuilt([edition(), yearly], JOINED, moves, noon("2025-07-01"))
    assert (track.tier, track.counted) == ("gold", 200)


def test_settings_that_do_not_fit_together_are_refused() -> None:
    for told in (
        {"period": "rolling_days"},
        {"basis": "acts"},
        {"basis": "balance", "period": "calendar"},
        {"colour": "red"},
    ):
        with pytest.raises(ValidationError):
            LadderRules(**told)  # type: ignore[arg-type]


rules = st.fixed_dictionaries(
    {
        "period": st.sampled_from(
            [
                "lifetime",
                "rolling_days",
                "rolling_months",
                "calendar",
                "membership_anniversary",
                "tier_anniversary",
                "fixed_term",
            ]
        ),
        "length": st.integers(1, 40),
        "calendar": st.sampled_from(["month", "quarter", "half_year", "year"]),
        "upgrade": st.sampled_from(["at_once", "at_period_end"]),
        "downgrade": st.sampled_from(["never", "one_down", "to_qualified"]),
        "falls": st.sampled_from(["at_once", "at_period_end"]),
        "grace_days": st.sampled_from([0, 5, 40]),
        "minimum_months": st.sampled_from([0, 2]),
        "restarts": st.booleans(),
    }
)
deeds = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 200)), max_size=12)


@settings(max_examples=150, deadline=None)
@given(rules, deeds, st.lists(st.integers(0, 950), max_size=4))
def test_stopping_and_going_on_gives_what_judging_from_the_first_day_gives(
    told: dict[str, Any], done: list[tuple[int, int]], stops: list[int]
) -> None:
    editions = [edition(**told)]
    moves = sorted(Move(at, amount, at) for days, amount in done for at in [_later(days)])
    gift = Given("gold", _later(200), _later(420))
    whole = rebuilt(editions, JOINED, moves, _later(1000), given=[gift])
    track, place = begun(editions, JOINED, JOINED, [gift]), 0
    for stop in [*sorted(stops), 1000]:
        now = [move for move in moves[place:] if move.at <= _later(stop)]
        place += len(now)
        assert not needs_history(track, _later(stop))
        judge_on(track, now, _later(stop))
    assert (track.tier, track.since, track.standing) == (whole.tier, whole.since, whole.standing)
    assert track.changes == whole.changes
    assert all(one.before != one.after for one in whole.changes)


@settings(max_examples=60, deadline=None)
@given(rules, deeds)
def test_the_forecast_of_a_fall_comes_true(
    told: dict[str, Any], done: list[tuple[int, int]]
) -> None:
    moves = sorted(Move(at, amount, at) for days, amount in done for at in [_later(days)])
    track = rebuilt([edition(**told)], JOINED, moves, _later(901))
    ahead = forecast(track, _later(901))
    if ahead.falls_at is None:
        later = rebuilt([edition(**told)], JOINED, moves, _later(4000))
        ladder = track.judge.ladder
        assert ladder.rank(later.tier) >= ladder.rank(track.tier)
        return
    known = len(track.changes)
    later = rebuilt([edition(**told)], JOINED, moves, ahead.falls_at)
    falls = [one for one in later.changes[known:] if _is_fall(one)]
    assert [(one.at, one.after) for one in falls] == [(ahead.falls_at, ahead.falls_to)]


def _is_fall(change: Change) -> bool:
    ladder = Ladder(STEPS)
    return ladder.rank(change.after) < ladder.rank(change.before)


def _later(days: int) -> datetime:
    return JOINED + timedelta(days=days)
