"""Cases about discounts, tenders and points that become money, through `rules.discounts`."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import get_args

from regulars.loyalty.rules.discounts import (
    BasketLine,
    Discount,
    EarningBase,
    TaxRounding,
    Tender,
    affordable,
    earned_on,
    half_up,
    paid,
    points_for_discount,
    priced,
)
from regulars.loyalty.verify.reading import Given, NotOffered, one_of
from regulars.loyalty.verify.reading import exact as _exact

BESIDE = frozenset({"kind"})
"""Given fields that are no part of a rule: every kind of tender pays alike."""


def _line(told: Given) -> BasketLine:
    tags = told.get("tags") or told.get("tag") or ()
    return BasketLine(
        id=told["id"],
        unit_minor=told["unit_minor"],
        quantity=_exact(told.get("qty", 1)),
        tax_rate=_exact(told.get("tax_rate", 0)),
        percent_off=_exact(told.get("line_discount_percent", 0)),
        category=told.get("category", ""),
        tags=frozenset([tags] if isinstance(tags, str) else tags),
    )


def _scope(told: Given) -> str:
    scope = str(told.get("scope", "order"))
    if scope.partition(":")[0] not in {"order", "line", "category", "cheapest"}:
        raise NotOffered(f"no scope {scope}")
    return scope


def _discount(told: Given) -> Discount:
    return Discount(
        id=told["id"],
        scope=_scope(told),
        percent=_exact(told.get("percent", 0)),
        amount_minor=told.get("amount_minor", 0),
        max_minor=told.get("max_minor"),
    )


def basket(given: Given) -> Given:
    """A basket with whatever it has: discounts, tenders, tax, earning."""
    rounding: TaxRounding = one_of(
        "tax_rounding", given.get("tax_rounding", "line"), get_args(TaxRounding)
    )
    lines = [_line(line) for line in given["lines"]]
    bought = priced(
        lines, [_discount(one) for one in given.get("discounts", ())], rounding=rounding
    )
    tenders = [Tender(one["id"], one["balance_minor"]) for one in given.get("tenders", ())]
    payment = paid(bought.total_minor, tenders)
    answer = {
        "discount_minor": sum(one.minor for one in bought.taken),
        "discounts_minor": {one.id: one.minor for one in bought.taken},
        "total_before_minor": bought.before_minor,
        "total_minor": bought.total_minor,
        "totals_minor": list(bought.totals_minor),
        "net_minor": bought.net_minor,
        "tax_minor": bought.tax_minor,
        "to_pay_minor": payment.to_pay_minor,
        "tender_used_minor": dict(payment.used_minor),
        "tender_left_minor": dict(payment.left_minor),
    }
    if told := given.get("earning"):
        base = EarningBase(told["points"], told["unit_minor"], _scope(told))
        answer["points"] = earned_on(lines, bought, base, rounding=rounding)
    return answer


def points_to_discount(given: Given) -> Given:
    """Points become a discount in whole multiples."""
    worth, balance = _exact(given["value_per_point_minor"]), given["balance_points"]
    used = points_for_discount(
        balance,
        worth_minor=worth,
        multiple_of=given.get("multiple_of", 1),
        order_minor=given["order_minor"],
    )
    discount = half_up(used * worth)
    return {"points_used": used, "discount_minor": discount, "balance_left": balance - used}


def wallet_topup(given: Given) -> Given:
    """A wallet pays for goods; what is loaded on it in the same basket comes after that."""
    bought = basket(given)
    payment = paid(bought["total_minor"], [Tender("wallet", given["wallet_minor"])])
    topup = given.get("topup_minor", 0)
    return {
        **bought,
        "wallet_used_minor": payment.used_minor["wallet"],
        "wallet_after_minor": payment.left_minor["wallet"] + topup,
        "to_pay_minor": payment.to_pay_minor + topup,
    }


def split_point_cost(given: Given) -> Given:
    """One coupon pays for several rewards with parts of its points."""
    points = _exact(given["coupon_points"])
    rewards = [(one["id"], _exact(one["cost_points"])) for one in given["rewards"]]
    applied, spent = affordable(points, rewards)
    return {
        "applied": applied,
        "cost_points": _written(spent),
        "points_left": _written(points - spent),
    }


def order_totals(given: Given) -> Given:
    """A member's percentage on the goods, then an amount off the order with its delivery."""
    goods = BasketLine("goods", given["subtotal_minor"])
    delivery = BasketLine("delivery", given.get("fulfillment_minor", 0))
    member = Discount("member", "line:goods", _exact(given.get("member_percent", 0)))
    order = Discount("order", amount_minor=given.get("order_discount_minor", 0))
    bought = priced([goods, delivery], [member, order])
    return {
        "items_discount_minor": bought.taken[0].minor,
        "line_total_minor": goods.net_minor - bought.taken[0].minor,
        "total_minor": bought.total_minor,
    }


def _written(number: Fraction) -> str:
    """An exact decimal without needless zeros."""
    decimal = Decimal(number.numerator) / Decimal(number.denominator)
    return f"{decimal.normalize():f}"


POLICIES: dict[str, Callable[[Given], Given]] = {
    "capped_percent": basket,
    "cheapest_tagged": basket,
    "discount_on_discounted_line": basket,
    "earning_after_discount": basket,
    "full_discount": basket,
    "order_totals": order_totals,
    "points_to_discount": points_to_discount,
    "repeated_percent": basket,
    "split_point_cost": split_point_cost,
    "tender": basket,
    "tender_and_tax": basket,
    "wallet_topup": wallet_topup,
}
