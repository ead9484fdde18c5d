"""Cases of expiry: each policy through the rules that date lots and choose among them."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import get_args

from regulars.loyalty.rules.dates import Period, midnight
from regulars.loyalty.rules.expiry import Expiry, expires_at, last_usable_day
from regulars.loyalty.rules.lots import OpenLot, Order, Use, consumed
from regulars.loyalty.verify.reading import Given, one_of

BESIDE: frozenset[str] = frozenset()
"""Given fields that are no part of a rule."""


def months_after_earning(given: Given) -> Given:
    """So many months after the day of earning, to the end of that day."""
    return _dates(Expiry(kind="months", months=given["months"]), given)


def months_round_up(given: Given) -> Given:
    """So many months, then forward to the end of a period of the calendar."""
    period: Period = one_of("round_up_to", given["round_up_to"], get_args(Period))
    told = Expiry(kind="months", months=given["months"], round_up=period)
    return _dates(told, given)


def month_end(given: Given) -> Given:
    """So many months, then through the last day of that month."""
    return _dates(Expiry(kind="months", months=given["months"], round_up="month"), given)


def end_of_year_plus(given: Given) -> Given:
    """With the year of earning, or so many years after it."""
    return _dates(Expiry(kind="year_end", years=given["years"]), given)


def fixed_dates(given: Given) -> Given:
    """By a table of parts of the year."""
    table = [dict(row) for row in given["table"]]
    told = Expiry.model_validate({"kind": "fixed_dates", "table": table})
    return _dates(told, given)


def feature_start(given: Given) -> Given:
    """Points earned before expiry was switched on count from that day.

    The date the source calls the expiry date has the number of the day that counts.
    """
    told = Expiry(
        kind="months", months=given["months"], counts_from=date.fromisoformat(given["feature_on"])
    )
    lots = [
        {**lot, "expires_on": _text(last_usable_day(told, date.fromisoformat(lot["earned_on"])))}
        for lot in given["lots"]
    ]
    uses = _spent(lots, given.get("redemption"))
    left = _left(lots, uses or ())
    return {
        "accepted": uses is not None,
        "remaining": [
            {"id": lot["id"], "points": left[lot["id"]], "expires_on": lot["expires_on"]}
            for lot in lots
            if left[lot["id"]]
        ],
    }


def consumption_order(given: Given) -> Given:
    """Which lots pay for a redemption; all of it or nothing."""
    lots, redemption = given["lots"], given["redemption"]
    uses = _spent(lots, redemption, order=given.get("order", "soonest_expiry"))
    left = _left(lots, uses or ())
    alive = [
        lot["id"]
        for lot in lots
        if left[lot["id"]]
        and (lot.get("expires_on") is None or lot["expires_on"] > redemption["date"])
    ]
    named = _by_number(lots)
    return {
        "accepted": uses is not None,
        "consumed": [{"id": named[use.lot_id]["id"], "points": use.amount} for use in uses or ()],
        "left": [{"id": id_, "points": left[id_]} for id_ in sorted(alive)],
    }


def many_lots(given: Given) -> Given:
    """One redemption over very many lots."""
    told = given["lots_generated"]
    first = date.fromisoformat(told["first_expires_on"])
    lots = [
        {
            "id": f"L{n:06}",
            "earned_on": "0001-01-01",
            "expires_on": (first + timedelta(days=n * told["step_days"])).isoformat(),
            "points": told["points_each"],
        }
        for n in range(told["count"])
    ]
    redemption = given["redemption"]
    uses = _spent(lots, redemption, order=given.get("order", "soonest_expiry"))
    left = _left(lots, uses or ())
    alive = [lot for lot in lots if left[lot["id"]] and lot["expires_on"] > redemption["date"]]
    return {
        "accepted": uses is not None,
        "lots_used": len(uses or ()),
        "lots_open": len(alive),
        "points_left": sum(left[lot["id"]] for lot in alive),
        "next_expires_on": min((lot["expires_on"] for lot in alive), default=None),
    }


def _dates(told: Expiry, given: Given) -> Given:
    earned_on = date.fromisoformat(given["earned_on"][:10])
    last = last_usable_day(told, earned_on)
    end = expires_at(told, _start(given["earned_on"]), UTC)
    return {
        "last_usable_on": _text(last),
        "expires_on": _text(end.date() if end else None),
        "expires_at": end.replace(tzinfo=None).isoformat() if end else None,
    }


def _spent(
    lots: Sequence[Given], redemption: Given | None, *, order: str = "soonest_expiry"
) -> list[Use] | None:
    """What each lot pays; None where they do not cover it."""
    if redemption is None:
        return []
    spend = partial(consumed, order=one_of("order", order, get_args(Order)))
    open_lots = [
        OpenLot(
            number,
            lot["points"],
            _start(lot.get("active_from") or lot["earned_on"]),
            _start(lot["expires_on"]) if lot.get("expires_on") else None,
        )
        for number, lot in _by_number(lots).items()
    ]
    return spend(open_lots, redemption["points"], _start(redemption["date"]))


def _by_number(lots: Sequence[Given]) -> dict[int, Given]:
    """Lots by numbers that rise with their age, as ids of the ledger do."""
    return dict(enumerate(sorted(lots, key=lambda lot: (lot["earned_on"], lot["id"]))))


def _left(lots: Sequence[Given], uses: Sequence[Use]) -> dict[str, int]:
    left = {lot["id"]: lot["points"] for lot in lots}
    numbered = _by_number(lots)
    for use in uses:
        left[numbered[use.lot_id]["id"]] -= use.amount
    return left


def _start(day: str) -> datetime:
    return midnight(date.fromisoformat(day[:10]), UTC)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


POLICIES: dict[str, Callable[[Given], Given]] = {
    "months_after_earning": months_after_earning,
    "months_round_up": months_round_up,
    "month_end": month_end,
    "end_of_year_plus": end_of_year_plus,
    "fixed_dates": fixed_dates,
    "feature_start": feature_start,
    "consumption_order": consumption_order,
    "many_lots": many_lots,
}
"""By name of policy: what a case gives, and what is obtained for it."""
