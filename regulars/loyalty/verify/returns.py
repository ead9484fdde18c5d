"""Returns, debts, holds and reversals: each case by the policy it names."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import pairwise
from uuid import uuid4

from django.db import connection

from regulars.customers.actions import CustomerRef, LineInput, PurchaseInput
from regulars.loyalty.actions import (
    ProgramInput,
    RuleInput,
    UnitInput,
    open_program,
    reverse_purchases,
    take_purchases,
)
from regulars.loyalty.mechanics.share_of_purchase import ShareOfPurchase
from regulars.loyalty.models import Account
from regulars.loyalty.rules.blocks import Block, Draw, drawn, put_back
from regulars.loyalty.rules.holds import available
from regulars.loyalty.rules.lots import OpenLot, consumed
from regulars.loyalty.rules.returns import POLICIES as MODES
from regulars.loyalty.rules.returns import (
    Spent,
    Takeable,
    TakenBack,
    due_back,
    given_back,
    repaid,
    taken_back,
)
from regulars.loyalty.rules.sales import Sale, Standing
from regulars.loyalty.verify.reading import Given, NotOffered, one_of

BESIDE = frozenset({"channel"})
"""Given fields that are no part of a rule: every channel has the same balance."""
AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
PENDING, ACTIVE = 1, 2


def return_policy(given: Given) -> Given:
    """What a policy takes back of pending and active points; a negative active part is a debt."""
    active = given["active"]
    lots = [
        Takeable(PENDING, given["pending"], is_pending=True),
        Takeable(ACTIVE, max(active, 0)),
    ]
    back = taken_back(
        given["take_back"],
        lots,
        one_of("mode", given["mode"], MODES),
        debt=max(-active, 0),
        debt_max=next((given[name] for name in ("limit", "debt_max", "n") if name in given), None),
    )
    paid = {use.lot_id: use.amount for use in back.uses}
    return {
        "pending_after": given["pending"] - paid.get(PENDING, 0),
        "active_after": active - paid.get(ACTIVE, 0) - back.owed,
        "recovered": back.taken,
        "unrecovered": back.forgiven,
    }


def debt(given: Given) -> Given:
    """A balance below zero: nothing can be redeemed, and what comes in repays first."""
    lot, owed = max(given["opening"], 0), max(-given["opening"], 0)
    balances = []
    for event in given["events"]:
        kind, amount = _happening(event)
        if kind == "reverse":
            back = taken_back(amount, [Takeable(ACTIVE, lot)], "unlimited", debt=owed)
            lot, owed = lot - (back.taken - back.owed), owed + back.owed
        elif kind == "accrue":
            paid = repaid(amount, owed)
            lot, owed = lot + amount - paid, owed - paid
        elif consumed([OpenLot(ACTIVE, lot, AT)], amount, AT) is not None:
            lot -= amount
        balances.append(lot - owed)
    return {"balances": balances, "usable": lot}


def _happening(event: Given) -> tuple[str, int]:
    """What an event of a balance is, and of how many points."""
    for kind in ("reverse", "accrue", "redeem", "spend"):
        if kind in event:
            return kind, event[kind]
    raise NotOffered(f"no event {', '.join(event)}")


def bill(given: Given) -> Given:
    """Closing pays for every whole step, a refund keeps the points, reopening undoes them."""
    rule = ShareOfPurchase(per_minor=given["step_minor"])
    balance = earned = 0
    balances = []
    for event in given["events"]:
        if "close_minor" in event:
            earned = _points(rule, event["close_minor"])
            balance += earned
        elif "refund_minor" in event:
            balance -= taken_back(earned, [Takeable(ACTIVE, balance)], "keep").taken
        elif "reopen" not in event:
            raise NotOffered(f"no event {', '.join(event)}")
        elif event["reopen"]:
            balance -= taken_back(earned, [Takeable(ACTIVE, balance)], "unlimited").taken
            earned = 0
        balances.append(balance)
    return {"balances": balances}


def order_cancel(given: Given) -> Given:
    """Points spent on a cancelled order come back; what it earned goes, or stays."""
    after = given["opening"] - given["spent"] + given["earned"]
    back = sum(part.amount for part in given_back([Spent(ACTIVE, given["spent"])], given["spent"]))
    modes = {"strict_reversal": "unlimited", "keep_earned": "keep"}
    policy = modes[one_of("mode", given["mode"], modes)]
    lots = [Takeable(ACTIVE, max(after + back, 0), is_own=True)]
    taken = taken_back(given["earned"], lots, policy)  # type: ignore[arg-type]
    return {"after_order": after, "closing": after + back - taken.taken}


def floor_each_amount(given: Given) -> Given:
    """Purchase and refunds are each cut to whole steps before points are worked out."""
    rule = ShareOfPurchase(per_minor=given["per_minor"])
    earned = balance = _points(rule, given["purchase_minor"])
    for refund_minor in given["refunds_minor"]:
        due = min(_points(rule, refund_minor), balance)
        balance -= _all_of(due, balance).taken
    return {"earned": earned, "closing": balance}


def promised_first(given: Given) -> Given:
    """Promised points go first, the rest comes from active ones; spent points come back before."""
    spent = given.get("redeemed_in_order", 0)
    back = sum(part.amount for part in given_back([Spent(ACTIVE, spent)], spent))
    taken = return_policy(
        {
            "mode": given.get("mode", "unlimited"),
            "pending": given["promised"],
            "active": given["active"] + back,
            "take_back": given["take_back"],
        }
    )
    return {"promised_after": taken["pending_after"], "active_after": taken["active_after"]}


def one_balance_for_all_channels(given: Given) -> Given:
    """One set of lots pays for orders of every channel; points that pay do not earn."""
    order = given["order"]
    lots = [OpenLot(place, lot["points"], AT) for place, lot in enumerate(given["lots"])]
    uses = consumed(lots, order["redeem_points"], AT)
    redeemed = sum(use.amount for use in uses or ())
    rule = ShareOfPurchase(per_minor=order["collection_factor_minor"])
    earned = _points(
        rule, order["total_minor"], redeemed_minor=redeemed * order["point_value_minor"]
    )
    held = sum(lot.remaining for lot in lots)
    return {"redeemed": redeemed, "earned": earned, "closing": held - redeemed + earned}


def recompute_original(given: Given) -> Given:
    """After each return the original rule is asked again for what is left; the difference goes."""
    rule = ShareOfPurchase(per_minor=given["collection_factor_minor"])
    total = given["unit_minor"] * given["qty"]
    points = [_points(rule, total)]
    returned = 0
    for quantity in given["returns_qty"]:
        returned += quantity * given["unit_minor"]
        due = points[-1] - _points(rule, total, returned_minor=returned)
        points.append(points[-1] - _all_of(due, points[-1]).taken)
    reversed_ = [before - after for before, after in pairwise(points)]
    return {"points_after": points, "reversed": reversed_}


def buy_and_return(given: Given) -> Given:
    """Buying and returning, again and again: refunds take their share of what was once given."""
    rule = ShareOfPurchase(per_minor=given["per_minor"])
    balance, after = 0, []
    for _ in range(given["cycles"]):
        earned = _points(rule, given["purchase_minor"])
        balance += earned
        returned = due_before = 0
        for refund_minor in given["refunds_minor"]:
            returned += refund_minor
            due = due_back(
                earned,
                returned_minor=returned,
                total_minor=given["purchase_minor"],
                due_before=due_before,
            )
            due_before += due
            balance -= _all_of(due, balance).taken
        after.append(balance)
    return {"after_each_cycle": after}


def double_reversal(given: Given) -> Given:
    """Each accrual is reversed several times at once by concurrent workers, on the real books."""
    code = f"verify-{uuid4().hex}"
    _open(code)
    points = given["points_each"]
    entries = [_receipt(code, n, points) for n in range(given["accruals"])]
    bought = [taken.purchase_id for taken in take_purchases(entries, now=AT)]
    asked = [(one, f"{code}:{n}") for one in bought for n in range(given["reversals_per_accrual"])]

    def reverse(one: tuple[int, str]) -> bool:
        try:
            return bool(reverse_purchases([one[0]], one[1], now=AT))
        finally:
            connection.close()

    with ThreadPoolExecutor(given["workers"]) as workers:
        done = list(workers.map(reverse, asked))
    closing = Account.objects.values_list("balance", flat=True).get(
        unit__program__code=code, member__isnull=False
    )
    return {"succeeded": sum(done), "refused": len(done) - sum(done), "closing": closing}


def hold(given: Given) -> Given:
    """A hold is allowed while redeemed, held and requested together stay within what was granted."""
    free = available(given["granted"], redeemed=given["redeemed"], held=given["held"])
    return {"accepted": given["request"] <= free, "available": free}


def group_reversal(given: Given) -> Given:
    """Each contributor gets back what was drawn; what has expired meanwhile is told apart."""
    usable: dict[str, int] = {}
    expired: dict[str, int] = {}
    for drawn_from in given["drawn"]:
        dead = min(drawn_from.get("expired_since", 0), drawn_from["points"])
        spent = [Spent(1, drawn_from["points"] - dead), Spent(2, dead, is_dead=True)]
        backs = given_back(spent, drawn_from["points"])
        member, lost = drawn_from["member"], sum(one.amount for one in backs if one.is_dead)
        alive = sum(one.amount for one in backs) - lost
        usable[member] = usable.get(member, 0) + alive
        expired[member] = expired.get(member, 0) + lost
    return {"usable": usable, "expired": expired}


def partner_blocks(given: Given) -> Given:
    """Issues empty the block that starts first; a cancelled one goes back to its blocks, once."""
    blocks = [
        Block(block["id"], date.fromisoformat(block["starts_on"]), block["points"])
        for block in given["blocks"]
    ]
    issues: dict[str, list[Draw]] = {}
    for event in given["events"]:
        if "cancel" in event:
            blocks = put_back(blocks, issues.pop(event["cancel"], []))
            continue
        issue, draws = event["id"], drawn(blocks, event["issue"], on=_day_of(event))
        if draws:
            issues[issue] = draws
            blocks = put_back(blocks, [Draw(one.block_id, -one.amount) for one in draws])
    return {"blocks": {block.id: block.left for block in blocks}}


def _day_of(event: Given) -> date | None:
    """The day an event falls on, where it names one."""
    named = next((event[name] for name in ("on", "date") if name in event), None)
    return date.fromisoformat(named[:10]) if named else None


def _points(
    rule: ShareOfPurchase, total_minor: int, *, redeemed_minor: int = 0, returned_minor: int = 0
) -> int:
    sale = Sale(1, 1, AT, total_minor, redeemed_minor=redeemed_minor, returned_minor=returned_minor)
    return sum(award.amount for award in rule.awards(sale, Standing()))


def _all_of(due: int, balance: int) -> TakenBack:
    return taken_back(due, [Takeable(ACTIVE, max(balance, 0), is_own=True)], "unlimited")


def _open(code: str) -> None:
    rule = RuleInput("base", "Base", "share_of_purchase")
    unit = UnitInput("points", "Points", "spendable")
    open_program(
        ProgramInput(code=code, name=code, currency="USD", units=(unit,), rules=(rule,)), now=AT
    )


def _receipt(code: str, number: int, points: int) -> PurchaseInput:
    lines = (LineInput("", 1_000, points * 100),)
    return PurchaseInput("verify", f"{code}:{number}", CustomerRef("card", code), None, AT, lines)


POLICIES: Mapping[str, Callable[[Given], Given]] = {
    "return_policy": return_policy,
    "debt": debt,
    "bill": bill,
    "order_cancel": order_cancel,
    "floor_each_amount": floor_each_amount,
    "promised_first": promised_first,
    "one_balance_for_all_channels": one_balance_for_all_channels,
    "recompute_original": recompute_original,
    "buy_and_return": buy_and_return,
    "double_reversal": double_reversal,
    "hold": hold,
    "group_reversal": group_reversal,
    "partner_blocks": partner_blocks,
}
"""By the name of a policy, what the product gives for a case's inputs."""
