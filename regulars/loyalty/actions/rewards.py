"""Rewards: the catalogue, choosing from it, and handing over what was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.db import connection, transaction

from regulars.company.models import Product
from regulars.company.rules import logo_kind
from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.core.sql import int_array
from regulars.loyalty.actions.promotions import block_code, generate_codes
from regulars.loyalty.actions.redeeming import redeem_points, undo_redemption
from regulars.loyalty.actions.values import ValueInput, cancel_value, issue_values
from regulars.loyalty.events import RewardsCancelled, RewardsOrdered
from regulars.loyalty.models import Member, Program, Redemption, Tier, Unit
from regulars.loyalty.models.promotions import PromoCode, Promotion
from regulars.loyalty.models.rewards import REWARD_KINDS, Reward, RewardOrder, RewardStep
from regulars.loyalty.models.values import StoredValue
from regulars.loyalty.queries.rewards import offer_of
from regulars.loyalty.rules.rewards import NEXT_STATES, obstacle, price_for

GIVEN_AT_ONCE = frozenset({"discount", "promo_code", "voucher", "gift_card"})
"""Kinds that need nobody to hand them over: the member has the code with the order."""
PICTURE_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True)
class RewardInput:
    """A reward of the catalogue. `tier_prices` by code of tier; None keeps it from that tier.

    `discount` and `promo_code` give a code of a promotion; `voucher` and `gift_card` an amount
    that lives so many days; `gift` a product or anything else; `partner` something of a partner.
    """

    code: str
    kind: str
    name: str
    price: int
    name_ru: str = ""
    words: str = ""
    words_ru: str = ""
    category: str = ""
    category_ru: str = ""
    unit: str = ""
    tier_prices: Mapping[str, int | None] = field(default_factory=dict)
    stock: int | None = None
    per_member_max: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    is_open: bool = True
    position: int = 100
    promotion: str = ""
    sku: str = ""
    amount_minor: int | None = None
    lives_days: int | None = None
    is_single_use: bool = True
    partner: str = ""


@transaction.atomic
def set_reward(program: Program, entry: RewardInput, *, now: datetime) -> Reward:
    """A reward as it is from now on: a new one, or the one of that code changed.

    What was chosen before stays as it was. A stock below what is given already is refused.
    """
    _check(program, entry)
    row = Reward.objects.select_for_update(no_key=True).filter(program=program, code=entry.code)
    reward = row.first() or Reward(program=program, made_at=now)
    if entry.stock is not None and entry.stock < reward.taken:
        raise Refused("stock_below_taken", f"{reward.taken} are given already", "stock")
    told = asdict(entry)
    reward.unit = _unit(program, told.pop("unit"))
    reward.promotion = _promotion(program, told.pop("promotion"), kind=entry.kind)
    reward.product = _product(told.pop("sku"))
    for name, value in told.items():
        setattr(reward, name, value)
    reward.save()
    return reward


def _check(program: Program, entry: RewardInput) -> None:
    if entry.kind not in REWARD_KINDS:
        raise Refused("unknown_kind", f"no reward is a {entry.kind!r}", "kind")
    if entry.kind in ("voucher", "gift_card") and not entry.amount_minor:
        raise Refused("amount_is_missing", "say what it is worth", "amount_minor")
    if entry.kind == "partner" and not entry.partner:
        raise Refused("partner_is_missing", "say whose reward it is", "partner")
    if entry.valid_from and entry.valid_to and entry.valid_to <= entry.valid_from:
        raise Refused("ends_before_it_begins", "the end is not after the beginning", "valid_to")
    tiers = set(Tier.objects.filter(program=program).values_list("code", flat=True)) | {""}
    if unknown := sorted(set(entry.tier_prices) - tiers):
        raise Refused("unknown_tier", f"no tier is called {unknown[0]!r}", "tier_prices")


def _unit(program: Program, code: str) -> Unit:
    units = Unit.objects.filter(program=program).exclude(kind="qualifying").order_by("id")
    found = units.filter(code=code).first() if code else units.first()
    if found is None:
        raise Refused("unknown_unit", f"nothing spendable is called {code!r}", "unit")
    return found


def _promotion(program: Program, code: str, *, kind: str) -> Promotion | None:
    if kind not in ("discount", "promo_code"):
        return None
    found = Promotion.objects.filter(program=program, code=code).first()
    if found is None:
        raise Refused("unknown_promotion", f"no promotion is called {code!r}", "promotion")
    return found


def _product(sku: str) -> Product | None:
    found = Product.objects.filter(sku=sku).first() if sku else None
    if sku and found is None:
        raise Refused("unknown_product", f"no product is called {sku!r}", "sku")
    return found


def set_picture(reward: Reward, content: bytes) -> Reward:
    """The picture of a reward, in the place of the one before; empty content takes it away.

    A PNG, JPEG or WebP file of at most 1 MB, told by its content.
    """
    kind = logo_kind(content) if content else None
    if content and (kind is None or len(content) > PICTURE_BYTES_MAX):
        raise Refused("bad_picture", "a PNG, JPEG or WebP picture of at most 1 MB", "picture")
    if reward.picture:
        reward.picture.delete(save=False)
    if kind:
        reward.picture.save(f"reward.{kind}", ContentFile(content), save=False)
    reward.save(update_fields=["picture"])
    return reward


@transaction.atomic
def order_reward(
    member: Member,
    reward: Reward,
    *,
    key: str,
    now: datetime,
    store_id: int | None = None,
    employee_id: int | None = None,
) -> RewardOrder:
    """A reward for a member, paid with points, soonest expiring first; all of it or nothing.

    The same key again gives the order of the first time; with another member or reward it is a
    `Conflict`. Of two who race for the last piece the second is refused. The price is that of the
    person's tier at this moment. Codes, vouchers and gift cards are there at once.
    """
    row = Reward.objects.select_for_update(no_key=True, of=("self",)).get(pk=reward.pk)
    if known := RewardOrder.objects.filter(key=key).first():
        if (known.member_id, known.reward_id) != (member.pk, reward.pk):
            raise Conflict("other_content", "this key was used for another order", "key")
        return known
    tier = _tier_of(member)
    code = tier.code if tier else ""
    if reason := obstacle(offer_of(row), code, chosen=_chosen(row, member), now=now):
        raise Refused(reason, REASONS[reason], "reward")
    price = price_for(offer_of(row), code)
    assert price is not None, "a reward without a price has an obstacle"
    redemption = _pay(row, member, price, key=key, now=now, by=(store_id, employee_id))
    order = RewardOrder.objects.create(
        key=key,
        reward=row,
        member=member,
        tier=tier,
        price=price,
        partner=row.partner if row.kind == "partner" else "",
        redemption=redemption,
        promo_code=_new_code(row, member, now=now),
        value=_new_value(row, member, key=key, now=now),
        state="delivered" if row.kind in GIVEN_AT_ONCE else "ordered",
        store_id=store_id,
        ordered_at=now,
    )
    row.taken += 1
    row.save(update_fields=["taken"])
    _note_steps(order, employee_id=employee_id, now=now)
    publish(RewardsOrdered(order_ids=(order.pk,)))
    return order


def _pay(
    reward: Reward,
    member: Member,
    price: int,
    *,
    key: str,
    now: datetime,
    by: tuple[int | None, int | None],
) -> Redemption | None:
    """The points that a reward costs are spent; None for one that costs nothing."""
    if not price:
        return None
    store_id, employee_id = by
    return redeem_points(
        member,
        price,
        key=f"reward:{key}",
        now=now,
        unit=reward.unit.code,
        store_id=store_id,
        employee_id=employee_id,
    )


def _note_steps(order: RewardOrder, *, employee_id: int | None, now: datetime) -> None:
    states = ["ordered"] if order.state == "ordered" else ["ordered", order.state]
    RewardStep.objects.bulk_create(
        [RewardStep(order=order, state=one, employee_id=employee_id, at=now) for one in states]
    )


REASONS = {
    "reward_is_closed": "this reward is not offered now",
    "not_yet_valid": "this reward is not offered yet",
    "no_longer_valid": "this reward is not offered any more",
    "not_for_this_tier": "this reward is not for members of this tier",
    "member_limit_is_reached": "this member has chosen it as often as one may",
    "out_of_stock": "there is none left",
}


def _tier_of(member: Member) -> Tier | None:
    """The person's tier: that of the member who leads."""
    leader = Member.objects.select_related("tier").get(pk=member.led_by_id or member.pk)
    return leader.tier


def _chosen(reward: Reward, member: Member) -> int:
    """How often the person has chosen a reward, on any of their cards."""
    leader = member.led_by_id or member.pk
    cards = Member.objects.filter(led_by=leader).values_list("pk", flat=True)
    orders = RewardOrder.objects.filter(reward=reward, member__in=[leader, *cards])
    return orders.exclude(state="cancelled").count()


def _new_code(reward: Reward, member: Member, *, now: datetime) -> PromoCode | None:
    if reward.promotion_id is None:
        return None
    promotion = Promotion.objects.get(pk=reward.promotion_id)
    end = now + timedelta(days=reward.lives_days) if reward.lives_days else None
    (code,) = generate_codes(
        promotion, 1, now=now, origin="reward", members=[member.pk], valid_to=end
    )
    return code


def _new_value(reward: Reward, member: Member, *, key: str, now: datetime) -> StoredValue | None:
    if reward.kind not in ("voucher", "gift_card"):
        return None
    entry = ValueInput(
        key=f"reward:{key}",
        kind=reward.kind,
        amount_minor=reward.amount_minor or 0,
        member_id=member.pk,
        is_single_use=reward.kind == "voucher" and reward.is_single_use,
        expires_at=now + timedelta(days=reward.lives_days) if reward.lives_days else None,
    )
    (value,) = issue_values(reward.program, [entry], now=now)
    if isinstance(value, Refused):
        raise value
    return value


@transaction.atomic
def advance_orders(
    order_ids: Sequence[int],
    state: str,
    *,
    now: datetime,
    employee_id: int | None = None,
    note: str = "",
) -> list[int]:
    """Orders are ready to be fetched, or delivered; gives the ids of those that moved.

    Orders that are there already, or cancelled, stay as they are. Two statements for all.
    """
    if state not in ("ready", "delivered"):
        raise Refused("unknown_state", "orders become ready or delivered", "state")
    before = [one for one, after in NEXT_STATES.items() if state in after]
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH waiting AS (
                SELECT id FROM loyalty_rewardorder
                WHERE id = ANY(%s::bigint[]) AND state = ANY(%s) ORDER BY id FOR NO KEY UPDATE
            )
            UPDATE loyalty_rewardorder reward_order SET state = %s FROM waiting
            WHERE reward_order.id = waiting.id RETURNING reward_order.id""",
            [int_array(order_ids), before, state],
        )
        moved = sorted(row[0] for row in cursor.fetchall())
    RewardStep.objects.bulk_create(
        [
            RewardStep(order_id=one, state=state, note=note, employee_id=employee_id, at=now)
            for one in moved
        ]
    )
    return moved


@transaction.atomic
def cancel_order(
    order: RewardOrder, *, now: datetime, employee_id: int | None = None, note: str = ""
) -> RewardOrder:
    """Takes a reward back: points return to the lots they came from, the piece to the stock. Once.

    A code, voucher or gift card that was used in the meantime is refused.
    """
    reward = Reward.objects.select_for_update(no_key=True, of=("self",)).get(pk=order.reward_id)
    orders = RewardOrder.objects.select_for_update(no_key=True, of=("self",))
    row = orders.get(pk=order.pk)
    if row.state == "cancelled":
        return row
    if row.value is not None:
        cancel_value(row.value, now=now)
    if row.promo_code is not None:
        _take_back(row.promo_code, now=now)
    if row.redemption is not None:
        undo_redemption(row.redemption, now=now, within=None)
    row.state = "cancelled"
    row.save(update_fields=["state"])
    reward.taken -= 1
    reward.save(update_fields=["taken"])
    RewardStep.objects.create(
        order=row, state="cancelled", note=note, employee_id=employee_id, at=now
    )
    publish(RewardsCancelled(order_ids=(row.pk,)))
    return row


def _take_back(code: PromoCode, *, now: datetime) -> None:
    Promotion.objects.select_for_update(no_key=True).get(pk=code.promotion_id)
    code.refresh_from_db()
    if code.used:
        raise Refused("is_used", "the code is used or reserved already", "state")
    block_code(code, now=now)
