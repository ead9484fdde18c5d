"""Cases of tiers: each policy through the rules that judge members."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Literal

from regulars.loyalty.rules.dates import midnight
from regulars.loyalty.rules.mechanic import mechanics
from regulars.loyalty.rules.sales import Sale, Standing
from regulars.loyalty.rules.tiers.judging import Judge, Move
from regulars.loyalty.rules.tiers.milestones import milestones
from regulars.loyalty.rules.tiers.periods import Periods
from regulars.loyalty.rules.tiers.settings import Fall, LadderRules
from regulars.loyalty.rules.tiers.steps import Ladder, Step
from regulars.loyalty.rules.tiers.terms import (
    after_fall,
    check_after_upgrade,
    check_on_anniversary,
    last_valid_second,
    remaining,
    term_end,
)
from regulars.loyalty.rules.tiers.tracks import Edition, Track, rebuilt
from regulars.loyalty.verify.reading import Given, NotOffered, one_of

BESIDE = frozenset({"negative_points", "lifetime_points", "measure"})
"""Given fields that are no part of a rule: debts and old points, which must not count, and names."""

START = datetime(2020, 1, 1, tzinfo=UTC)
FAR = datetime(2999, 1, 1, tzinfo=UTC)
MODES: dict[str, Fall] = {
    "one_down": "one_down",
    "balance_based": "to_qualified",
    "to_qualified": "to_qualified",
    "never": "never",
}


def cumulative_spend(given: Given) -> Given:
    """All money ever spent, the purchase in hand included."""
    rules = LadderRules(basis="spend")
    moves = _moves([given["previous_minor"], given["purchase_minor"]])
    return {"tier": _shown(_track(rules, given["tiers"], moves))}


def points_bands(given: Given) -> Given:
    """Active points decide; pending ones become active later, debts are apart."""
    rules = LadderRules(basis="balance")
    moves = _moves([given["active_points"]])
    moves.append(Move(FAR, given["pending_points"], FAR))
    return {"tier": _shown(_track(rules, given["tiers"], moves))}


def balance_immediate(given: Given) -> Given:
    """The tier follows the balance up and down, with every movement."""
    rules = LadderRules(basis="balance")
    balance = given.get("opening_points", 0)
    moves = [Move(START, balance, START)]
    steps = []
    for event in given["events"]:
        at = _day(event["date"])
        balance += event["points"]
        moves.append(Move(at, event["points"], at))
        track = _track(rules, given["tiers"], moves)
        steps.append({"date": event["date"], "balance": balance, "tier": _shown(track)})
    return {"steps": steps}


def fixed_term(given: Given) -> Given:
    """What was done inside the term keeps the tier, or chooses another."""
    end = term_end(
        _ladder(given["tiers"]),
        given["current_tier"] or "",
        date.fromisoformat(given["entered_on"]),
        given["term_days"],
        done=given["points_in_term"],
    )
    return {
        "term_ends_on": end.ends_on.isoformat(),
        "requalified": end.is_kept,
        "tier_after": end.tier or None,
        "next_term_ends_on": end.next_ends_on.isoformat() if end.next_ends_on else None,
    }


def renewal_remaining(given: Given) -> Given:
    """What is missing to keep a tier, in money, visits or points."""
    return {"remaining": remaining(given["required"], given["done"])}


def validity_from_upgrade(given: Given) -> Given:
    """So many months after the latest upgrade."""
    days = given["upgraded_on"]
    upgraded_on = [date.fromisoformat(one) for one in ([days] if isinstance(days, str) else days)]
    return {"check_on": check_after_upgrade(upgraded_on, given["months"]).isoformat()}


def registration_anniversary(given: Given) -> Given:
    """The anniversary of registration decides, however soon after the upgrade."""
    registered_on = date.fromisoformat(given["registered_on"])
    upgraded_on = date.fromisoformat(given["upgraded_on"])
    return {"check_on": check_on_anniversary(registered_on, upgraded_on).isoformat()}


def validity_day_end(given: Given) -> Given:
    """A tier valid to a day ends as that day begins."""
    last = last_valid_second(date.fromisoformat(given["validity_date"]), UTC)
    return {"last_valid_at": last.replace(tzinfo=None).isoformat()}


def recompute_on_refund(given: Given) -> Given:
    """Points, tier and entry reward are what they would be without the goods that came back."""
    reward = dict(given["entry_reward"])
    before = _points(given, given["purchase_minor"])
    after = _points(given, given["purchase_minor"] - given["refund_minor"])
    tier_before = _entered(given, before)
    had_reward = tier_before == reward["tier"]
    counted = after + (reward["points"] if had_reward and reward["counts_for_tier"] else 0)
    tier_after = _entered(given, counted)
    is_reversed = had_reward and tier_after != tier_before
    keeps_reward = reward["points"] if had_reward and not is_reversed else 0
    return {
        "tier_before": tier_before,
        "tier_after": tier_after,
        "entry_reward_reversed": is_reversed,
        "points_after": after + keeps_reward,
    }


def downgrade(given: Given) -> Given:
    """One judging of a member who can only stay or fall."""
    mode = MODES[one_of("mode", given["mode"], MODES)]
    ladder = _ladder(given["tiers"])
    current = given["current_tier"] or ""
    return {"tier_after": after_fall(ladder, current, given["active_points"], mode) or None}


def milestone_messages(given: Given) -> Given:
    """One message for the highest threshold crossed upwards."""
    opening = given.get("opening_points", 0)
    said = milestones(given["thresholds"], opening, given["balances"])
    return {"messages": said}


def _ladder(tiers: Sequence[Given]) -> Ladder:
    return Ladder(Step(tier["name"], _bound_of(tier)) for tier in tiers)


def _bound_of(tier: Given) -> int:
    for bound in ("min_minor", "min_points", "min_visits", "min"):
        if bound in tier:
            return int(tier[bound])
    raise NotOffered(f"no tier without a lowest value, as {tier['name']}")


def _track(rules: LadderRules, tiers: Sequence[Given], moves: Sequence[Move]) -> Track:
    judge = Judge(rules, _ladder(tiers), Periods(rules, UTC))
    upto = max(move.at for move in moves if move.at < FAR)
    return rebuilt([Edition(START, judge)], START, moves, upto)


def _moves(amounts: Sequence[int]) -> list[Move]:
    return [Move(START, amount, START) for amount in amounts]


def _shown(track: Track) -> str | None:
    return track.tier or None


def _day(text: str) -> datetime:
    return midnight(date.fromisoformat(text), UTC)


def _points(given: Given, total_minor: int) -> int:
    kind: Literal["share_of_purchase"] = "share_of_purchase"
    share = mechanics.get(kind).model_validate({"per_minor": given["per_minor"]})
    sale = Sale(purchase_id=1, customer_id=1, at=START, total_minor=max(total_minor, 0))
    return sum(award.amount for award in share.awards(sale, Standing()))


def _entered(given: Given, points: int) -> str | None:
    return _ladder(given["tiers"]).tier_for(points) or None


POLICIES: dict[str, Callable[[Given], Given]] = {
    "cumulative_spend": cumulative_spend,
    "points_bands": points_bands,
    "balance_immediate": balance_immediate,
    "fixed_term": fixed_term,
    "renewal_remaining": renewal_remaining,
    "validity_from_upgrade": validity_from_upgrade,
    "registration_anniversary": registration_anniversary,
    "validity_day_end": validity_day_end,
    "recompute_on_refund": recompute_on_refund,
    "downgrade": downgrade,
    "milestone_messages": milestone_messages,
}
"""By name of policy: what a case gives, and what is obtained for it."""
