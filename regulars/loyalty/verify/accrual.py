"""Cases about earning, through the mechanics and the ways of stacking that they name."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

from pydantic import ValidationError

from regulars.company.models import Brand
from regulars.customers.actions import CustomerRef, LineInput, PurchaseInput, record_purchases
from regulars.customers.actions.merging import say_same
from regulars.loyalty.actions import (
    ProgramInput,
    RuleInput,
    TermsInput,
    UnitInput,
    open_program,
    post_purchases,
    redeem_points,
    regroup_everywhere,
    reverse_purchases,
)
from regulars.loyalty.actions.posting import sale_from
from regulars.loyalty.models import Account, Member, Program
from regulars.loyalty.rules.discounts import half_up
from regulars.loyalty.rules.earning import Earned, EarnRule, RuleBook, Stacking
from regulars.loyalty.rules.mechanic import mechanics
from regulars.loyalty.rules.rounding import Rounding
from regulars.loyalty.rules.sales import Sale, SaleLine, Standing
from regulars.loyalty.rules.stamps import punch_card, turned_into_rewards
from regulars.loyalty.verify.reading import Given, NotOffered, exact, one_of

BESIDE = frozenset({"benefit"})
"""Given fields that are no part of a rule."""

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
MERGING = ProgramInput(
    code="verify-merging",
    name="Verify",
    currency="USD",
    units=(UnitInput("points", "Points", "spendable"),),
    rules=(RuleInput("base", "Base", "share_of_purchase"),),
    terms=TermsInput("unlimited"),
)


def sale(total_minor: int = 0, **more: Any) -> Sale:
    return Sale(purchase_id=1, customer_id=1, at=NOON, total_minor=total_minor, **more)


def basket(lines: list[Given]) -> Sale:
    sold = tuple(map(sale_line, lines))
    return sale(sum(line.total_minor for line in sold), lines=sold)


def sale_line(line: Given) -> SaleLine:
    """A line costs its quantity times its price, in whole minor units as a till rounds it."""
    quantity = exact(line.get("qty", 1))
    if quantity * 1000 % 1:
        raise NotOffered(f"no quantity {quantity} finer than a thousandth")
    named = line.get("id", "")
    return SaleLine(
        sku=str(line.get("sku", named)),
        category=line.get("category") or "",
        quantity_milli=int(quantity * 1000),
        total_minor=half_up(quantity * line["unit_minor"]),
    )


def rounding_of(given: Given) -> str:
    """The way of rounding that a case names."""
    return str(one_of("rounding", given.get("rounding", "floor"), get_args(Rounding)))


def visits(points: int, **more: Any) -> list[EarnRule]:
    """A rule that pays for a visit; none where it would pay nothing."""
    return [rule("points_per_visit", points=points, **more)] if points else []


def rule(
    kind: str, *, code: str = "", made_at: str = "", stop: bool = False, **settings: Any
) -> EarnRule:
    mechanic = mechanics.get(kind).model_validate(settings)
    return EarnRule(id=0, mechanic=mechanic, code=code, made_at=made_at, stop=stop)


def earn(rules: list[EarnRule], sold: Sale, *, stacking: Stacking = "all") -> list[Earned]:
    return RuleBook(rules, stacking=stacking).earn(sold, Standing())


def points(rules: list[EarnRule], sold: Sale, *, stacking: Stacking = "all") -> int:
    return sum(award.amount for award in earn(rules, sold, stacking=stacking))


def spend_step(given: Given) -> Given:
    paid = rule("share_of_purchase", points=given["points_per_step"], per_minor=given["step_minor"])
    return {"points": points([paid], sale(given["amount_minor"]))}


def proportional(given: Given) -> Given:
    decimals = given.get("point_decimals", 0)
    paid = proportions(
        given["points_per_unit"], decimals, rounding_of(given), per_minor=given["unit_minor"]
    )
    return {"points": as_quoted(points(paid, sale(given["amount_minor"])), decimals)}


def proportions(
    share: Any, decimals: int, rounding: str, *, per_minor: int = 100
) -> list[EarnRule]:
    """A rule that pays a share in so many decimals of a point; none where the share is nothing."""
    scaled = Decimal(str(share)).scaleb(decimals)
    if not scaled:
        return []
    settings: Given = {"points": scaled, "per_minor": per_minor, "rounding": rounding}
    return [rule("share_of_purchase", counting="proportional", **settings)]


def as_quoted(amount: int, decimals: int) -> int | str:
    """Fractional points as the cases quote them; whole points stay whole numbers."""
    return str(Decimal(amount).scaleb(-decimals)) if decimals else amount


def multiplier(given: Given) -> Given:
    base, rounding = visits(given["base_points"]), rounding_of(given)
    try:
        times = rule(
            "multiplier",
            factor=offered_factor(given["multiplier"]),
            factor_max=given["max_multiplier"],
            places_max=given["max_decimals"],
            rounding=rounding,
        )
    except ValidationError:
        return {"accepted": False, "points": None}
    return {"accepted": True, "points": points([*base, times], sale())}


def offered_factor(factor: Any) -> Decimal:
    """A factor that is at least one: multipliers of the product give, and never take."""
    if (told := Decimal(str(factor))) < 1:
        raise NotOffered(f"no factor {factor} below one")
    return told


def addition(given: Given) -> Given:
    """A fixed bonus where the base rule was met, were it worth nothing itself."""
    if not given["base_points"] and given.get("base_qualifies", True):
        return {"points": given["addition_points"]}
    least = 0 if given.get("base_qualifies", True) else 1
    base = visits(given["base_points"], spend_min_minor=least)
    more = given["addition_points"]
    return {"points": points(base + ([rule("bonus", points=more)] if more else []), sale())}


def base_rule(given: Given) -> EarnRule:
    if one_of("base rule", given["type"], ("visit", "spend")) == "visit":
        return rule(
            "points_per_visit",
            code=given["id"],
            points=given["points"],
            spend_min_minor=given.get("min_amount_minor", 0),
        )
    return rule(
        "share_of_purchase",
        code=given["id"],
        points=given["points"],
        per_minor=given["per_minor"],
        terms={"spend_min_minor": given.get("min_amount_minor", 0)},
    )


def promotion(given: Given) -> EarnRule:
    named: Given = {"code": given["id"], "made_at": given["created_on"]}
    named["terms"] = {"spend_min_minor": given.get("min_amount_minor", 0)}
    if "multiplier" in given:
        return times(given["multiplier"], **named)
    return rule("bonus", points=given["addition_points"], **named)


def times(factor: Any, **named: Any) -> EarnRule:
    """A multiplier of a case that names no ceiling for it."""
    told = offered_factor(factor)
    return rule("multiplier", factor=told, factor_max=max(told, Decimal(10)), **named)


def best_rule_latest_promotion(given: Given) -> Given:
    rules = [base_rule(one) for one in given["rules"]]
    rules += [promotion(one) for one in given.get("promotions", ())]
    awards = earn(rules, sale(given["purchase"]["amount_minor"]), stacking="best")
    base = [award for award in awards if award.rule.mechanic.stage == "base"]
    more = [award for award in awards if award.rule.mechanic.stage != "base"]
    return {
        "rule": base[0].rule.code if base else None,
        "base_points": sum(award.amount for award in base),
        "promotion": more[0].rule.code if more else None,
        "points": sum(award.amount for award in awards),
    }


def stacked_rules(given: Given) -> Given:
    by_line = one_of("rounding_scope", given["rounding_scope"], ("order", "line")) == "line"
    rules = [
        rule(
            "share_of_purchase",
            code=one["id"],
            points=one["points"],
            per_minor=one["per_minor"],
            counting="proportional",
            level="line" if by_line else "purchase",
            lines={"categories": [one["category"]] if one["category"] else []},
        )
        for one in given["rules"]
    ]
    awards = {award.rule.code: award.amount for award in earn(rules, basket(given["lines"]))}
    listed = [
        {"rule": one["id"], "benefit": one.get("benefit"), "points": awards[one["id"]]}
        for one in given["rules"]
        if one["id"] in awards
    ]
    return {"points": sum(awards.values()), "breakdown": listed}


def sum_of_campaigns(given: Given) -> Given:
    rules = [
        paid
        for one in given["contributions"]
        for paid in visits(one["points"], code=str(one["id"]))
    ]
    return {"points": points(rules, sale())}


PLACES = 4
"""Decimals of a point that the pipeline keeps, as a unit with such a scale does."""


def ordered_pipeline(given: Given) -> Given:
    """Parts of points are kept up to the end, and then whole points count: rounding comes last."""
    general = given["general"]
    rules = [
        rule(
            "share_of_purchase",
            points=Decimal(str(general["ratio"])).scaleb(PLACES),
            stop=general.get("stop", False),
            counting="proportional",
        )
    ]
    rules += [
        times(
            one["factor"],
            code=one["id"],
            made_at=one["edited_on"],
            stop=one.get("stop", False),
            lines={"products": [one["sku"]]},
        )
        for one in given.get("multipliers", ())
    ]
    rules += [
        rule(
            "points_per_item",
            code=one["id"],
            points=one["points"] * 10**PLACES,
            stop=one.get("stop", False),
            count="lines",
            lines={"products": [one["sku"]]},
        )
        for one in given.get("product_points", ())
    ]
    awards = earn(rules, basket(given["lines"]), stacking="ordered")
    used = [a.rule.code for a in awards if a.rule.mechanic.stage == "multiplier"]
    kept = sum(a.amount for a in awards)
    return {"points": kept // 10**PLACES, "multiplier": used[0] if used else None}


def discount_base(given: Given) -> Given:
    basis = one_of("basis", given["basis"], ("order_amount", "order_total_amount"))
    before = basis == "order_amount"
    paid = rule(
        "share_of_purchase",
        points=given["points"],
        per_minor=given["every_minor"],
        base="before_discounts" if before else "after_discounts",
    )
    total = given["order_minor"] - given["discount_minor"]
    return {"points": points([paid], sale(total, discount_minor=given["discount_minor"]))}


def net_of_redeemed(given: Given) -> Given:
    paid = rule("share_of_purchase", per_minor=given["collection_factor_minor"])
    sold = sale(
        given["total_minor"],
        redeemed_minor=given["redeemed_minor"],
        returned_minor=given["returned_minor"],
    )
    return {"points": points([paid], sold)}


def round_each_line(given: Given) -> Given:
    decimals, rounding = given["point_decimals"], rounding_of(given)
    lines = [proportions(one, decimals, rounding) for one in given["line_points"]]
    amounts = [points(paid, sale(100)) for paid in lines]
    quoted = [as_quoted(amount, decimals) for amount in amounts]
    return {"lines": quoted, "points": as_quoted(sum(amounts), decimals)}


def auto_reward(given: Given) -> Given:
    earned = points(
        [rule("share_of_purchase", per_minor=given["per_minor"])], sale(given["amount_minor"])
    )
    turned = turned_into_rewards(given["opening_points"] + earned, given["threshold_points"])
    return {
        "earned_points": earned,
        "rewards": turned.rewards,
        "reward_total_minor": turned.rewards * given["reward_minor"],
        "closing_points": turned.balance,
    }


def stamps(given: Given) -> Given:
    """Stamps of purchases that stand; a purchase told again counts once, and is cancelled once."""
    kept: dict[str, int] = {}
    for event in given["events"]:
        kind = one_of("event", event["type"], ("purchase", "cancel", "return"))
        was = kept.get(event["id"], 0)
        if kind == "purchase":
            kept[event["id"]] = event["items"]
        else:
            kept[event["id"]] = max(was - event.get("items", was), 0)
    card = punch_card(given.get("opening_count", 0) + sum(kept.values()), given["target"])
    return {"rewards": card.rewards, "counter": card.counter}


def into_debt(program: Program, bought: Sale, amount: int) -> None:
    """The member spends what a purchase gave, and the purchase is undone: so much is owed."""
    member = Member.objects.get(program=program, customer_id=bought.customer_id)
    redeem_points(member, amount, key=f"spent:{bought.purchase_id}", now=NOON)
    reverse_purchases([bought.purchase_id], f"undone:{bought.purchase_id}", now=NOON)


def merge_members(given: Given) -> Given:
    """People with points who turn out to be one; runs in the caller's transaction."""
    program = open_program(MERGING, now=NOON)
    Brand.objects.get_or_create(pk=1, defaults={"name": "Verify"})
    receipts = [
        PurchaseInput(
            "verify",
            str(number),
            CustomerRef("card", f"verify-{number}"),
            None,
            NOON,
            (LineInput("", 1000, abs(amount) * 100),),
        )
        for number, amount in enumerate(given["cards"])
    ]
    recorded = record_purchases(receipts, now=NOON)
    sales = [sale_from(told, row) for told, row in zip(receipts, recorded, strict=True)]
    post_purchases(program=program, purchases=sales, now=NOON)
    for sold, amount in zip(sales, given["cards"], strict=True):
        if amount < 0:
            into_debt(program, sold, -amount)
    people = [one.customer_id for one in sales]
    for other in people[1:]:
        say_same(people[0], other, by=None, now=NOON)
    regroup_everywhere(people, cause="merging:verify", now=NOON)
    leading = Member.objects.filter(program=program, led_by=None)
    held = Account.objects.filter(member__in=leading, unit__code="points")
    return {
        "cards": leading.count(),
        "points": sum(account.balance or 0 for account in held),
    }


POLICIES: dict[str, Callable[[Given], Given]] = {
    "spend_step": spend_step,
    "proportional": proportional,
    "multiplier": multiplier,
    "addition": addition,
    "best_rule_latest_promotion": best_rule_latest_promotion,
    "stacked_rules": stacked_rules,
    "sum_of_campaigns": sum_of_campaigns,
    "ordered_pipeline": ordered_pipeline,
    "discount_base": discount_base,
    "net_of_redeemed": net_of_redeemed,
    "round_each_line": round_each_line,
    "auto_reward": auto_reward,
    "punch_card": stamps,
    "merge_members": merge_members,
}
