"""Cases about the liability for points, through `rules.liability`."""

from collections.abc import Callable, Sequence

from regulars.loyalty.rules.liability import (
    Allocation,
    Recognised,
    Stand,
    allocated,
    option_price,
    recognised,
    side_by_side,
)
from regulars.loyalty.verify.reading import Given
from regulars.loyalty.verify.reading import exact as _exact

BESIDE = frozenset({"points_issued"})
"""Given fields that are no part of a rule: of the points issued, those expected to be used count."""


def _periods(points_minor: int, given: Given, unit_minor: int) -> list[Recognised]:
    stands = [
        Stand(_exact(one["redeemed_to_date"]), _exact(one["expected_total"]))
        for one in given["periods"]
    ]
    return recognised(points_minor, stands, unit_minor=unit_minor)


def _told(periods: Sequence[Recognised]) -> list[Given]:
    return [period._asdict() for period in periods]


def relative_ssp(given: Given) -> Given:
    """The price of a sale is allocated first, then recognised."""
    unit = given.get("reporting_unit_minor", 1)
    shares = _allocated(given, unit)
    return {**shares._asdict(), "periods": _told(_periods(shares.points_minor, given, unit))}


def _allocated(given: Given, unit_minor: int) -> Allocation:
    return allocated(
        given["sales_minor"],
        goods_alone_minor=_exact(given["ssp_goods_minor"]),
        points_alone_minor=_exact(given["expected_redeemed"]) * _exact(given["point_value_minor"]),
        unit_minor=unit_minor,
    )


def given_allocation(given: Given) -> Given:
    """An amount is allocated already."""
    unit = given.get("reporting_unit_minor", 1)
    return {"periods": _told(_periods(given["points_minor"], given, unit))}


def option_ssp(given: Given) -> Given:
    """The price of an option for a further purchase."""
    price = option_price(
        given["base_minor"],
        discount=_exact(given["discount"]),
        general_discount=_exact(given["general_discount"]),
        probability=_exact(given["probability"]),
    )
    return {"ssp_minor": price}


def portfolio(given: Given) -> Given:
    """Several grants side by side."""
    unit = given.get("reporting_unit_minor", 1)
    shares = [_share_of(grant, unit) for grant in given["grants"]]
    grants = [
        _periods(share, grant, unit) for share, grant in zip(shares, given["grants"], strict=True)
    ]
    return {"points_minor": sum(shares), "periods": _told(side_by_side(grants))}


def _share_of(grant: Given, unit: int) -> int:
    """What of a price falls on the points of a grant: as it says, or as prices say."""
    if "points_minor" in grant:
        return int(grant["points_minor"])
    return _allocated(grant, unit).points_minor


POLICIES: dict[str, Callable[[Given], Given]] = {
    "relative_ssp": relative_ssp,
    "given_allocation": given_allocation,
    "option_ssp": option_ssp,
    "portfolio": portfolio,
}
