"""The shapes of rewards, promo codes, vouchers and gift cards in the API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from regulars.core.api.cursors import PageAsk
from regulars.core.api.fields import Id, Key, Minor, Moment, Text
from regulars.loyalty.api.shapes import Code, CustomerRefIn, Quantity

Name = Annotated[str, Field(min_length=1, max_length=100)]
Short = Annotated[str, Field(max_length=100)]
Card = Annotated[str, Field(pattern=r"^[0-9]{1,19}$", description="The number of the card.")]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Times = Annotated[int, Field(ge=1, le=10**12)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,50}$", examples=["spring"])]
Typed = Annotated[str, Field(min_length=1, max_length=60, examples=["SPRING-10"])]
PaymentAmount = Annotated[int, Field(ge=1, le=10**11, examples=[150000])]


class PromotionIn(Schema):
    """What a promotion gives, to whom and how often. Its code names it in its program for ever."""

    program: Code
    code: Slug
    name: Name
    name_ru: Short = ""
    scope: Annotated[str, Field(max_length=150, examples=["order", "category:Food"])] = "order"
    percent_bp: Annotated[
        int, Field(ge=0, le=10_000, description="Hundredths of a percent; or an amount.")
    ] = 0
    amount_minor: Minor = 0
    max_minor: Minor | None = None
    basket_min_minor: Minor = 0
    condition: dict[str, Any] | None = Field(None, description="On the customer, as of segments.")
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    uses_max: Times | None = None
    per_customer_max: Annotated[int, Field(ge=1, le=10_000)] | None = None
    stacking: Literal["any", "group", "alone"] = "any"
    stack_group: Annotated[str, Field(max_length=30)] = ""
    lapse_minutes: Annotated[int, Field(ge=1, le=10_080)] = 30
    is_open: bool = True


class PromotionOut(Schema):
    """A promotion, and how often its codes are used or reserved."""

    id: int
    program: str
    code: str
    name: str
    scope: str
    percent_bp: int
    amount_minor: int
    max_minor: int | None
    valid_from: datetime | None
    valid_to: datetime | None
    uses_max: int | None
    per_customer_max: int | None
    used: int
    is_open: bool


class CodesIn(Schema):
    """How many unique codes are to be made, each good once."""

    count: Annotated[int, Field(ge=1, le=10_000)]
    length: Annotated[int, Field(ge=6, le=24)] = 10
    prefix: Annotated[str, Field(max_length=10)] = ""
    valid_to: Moment | None = None


class CodesOut(Schema):
    """The codes that were made."""

    codes: list[str]


class PromoCodeIn(Schema):
    """A code that others made; without `uses_max` it has no limit of its own."""

    code: Typed
    uses_max: Times | None = 1
    valid_to: Moment | None = None
    member: Card | None = None


class PromoCodeOut(Schema):
    """A code in its normal spelling, and how often it is used or reserved."""

    code: str
    uses_max: int | None
    used: int


class GoodsLineIn(Schema):
    """One product of a basket: what it costs, tax included, before any code."""

    sku: Code = ""
    quantity_milli: Quantity = 1000
    total_minor: Minor


class BasketIn(Schema):
    """A basket with the codes that were entered. `key` names it for ever."""

    key: Key
    customer: CustomerRefIn | None = None
    lines: Annotated[list[GoodsLineIn], Field(min_length=1, max_length=1000)]
    codes: Annotated[list[Typed], Field(max_length=10)]


class CodeVerdictOut(Schema):
    """What became of one code; an empty reason means that it holds."""

    code: str
    reason: str
    detail: str = Field(description="The reason for people, in the language of the request.")
    discount_minor: int


class BasketOut(Schema):
    """What a basket costs with the codes that hold."""

    key: str
    state: str = Field(description="reserved, redeemed, rolled_back or rejected; empty when asked.")
    before_minor: int
    total_minor: int
    codes: list[CodeVerdictOut]
    lapses_at: datetime | None


class KeyIn(Schema):
    """The key of a basket or payment that was told before."""

    key: Key


class ValueIn(Schema):
    """A voucher of a member, or a gift card, to issue. `key` names it for ever."""

    key: Key
    program: Code
    kind: Literal["voucher", "gift_card"]
    amount_minor: PaymentAmount
    member: Card | None = None
    pin: Annotated[str, Field(max_length=8, examples=["4271"])] = ""
    is_single_use: bool = False
    expires_at: Moment | None = None


class ValueOut(Schema):
    """A voucher or gift card; `available_minor` is neither spent nor held."""

    id: int
    key: str
    kind: str
    code: str
    currency: str
    face_minor: int
    balance_minor: int
    available_minor: int
    has_pin: bool
    is_single_use: bool
    is_blocked: bool
    member_id: int | None
    issued_at: datetime
    expires_at: datetime | None


class ValuesAsk(PageAsk):
    """Which vouchers and gift cards are asked for."""

    code: str = Field("", max_length=60)
    member_id: Id | None = None
    kind: str = Field("", max_length=10)


class LoadIn(Schema):
    """Money for a gift card. `key` names the load for ever."""

    key: Key
    code: Typed
    amount_minor: PaymentAmount


class PaymentIn(Schema):
    """What a basket asks of a voucher or gift card. `hold` only puts it aside, for half an hour."""

    key: Key
    code: Typed
    pin: Annotated[str, Field(max_length=8)] = ""
    amount_minor: PaymentAmount
    hold: bool = False


class PaymentCaptureIn(Schema):
    """A hold that becomes a payment, of all or of a part; the rest is released."""

    key: Key
    amount_minor: PaymentAmount | None = None


class RefundIn(Schema):
    """Money of a payment that goes back. `key` names the refund for ever."""

    key: Key
    payment_key: Key
    amount_minor: PaymentAmount


class PaymentOut(Schema):
    """A payment: held, captured, released, lapsed, or declined for a reason."""

    key: str
    state: str
    reason: str
    asked_minor: int
    captured_minor: int
    refunded_minor: int
    lapses_at: datetime | None


class RewardIn(Schema):
    """A reward of the catalogue. Its code names it in its program for ever."""

    program: Code
    code: Slug
    kind: Literal["discount", "promo_code", "gift", "voucher", "gift_card", "partner"]
    name: Name
    price: Annotated[int, Field(ge=0, le=10**12)]
    name_ru: Short = ""
    words: Annotated[str, Field(max_length=500)] = ""
    words_ru: Annotated[str, Field(max_length=500)] = ""
    category: Annotated[str, Field(max_length=50)] = ""
    category_ru: Annotated[str, Field(max_length=50)] = ""
    unit: Code = ""
    tier_prices: dict[str, Annotated[int, Field(ge=0, le=10**12)] | None] = Field(
        {}, description="By code of tier, empty for members without one; null: not for them."
    )
    stock: Annotated[int, Field(ge=0, le=10**12)] | None = None
    per_member_max: Annotated[int, Field(ge=1, le=10_000)] | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    is_open: bool = True
    position: Annotated[int, Field(ge=0, le=30_000)] = 100
    promotion: Code = ""
    sku: Code = ""
    amount_minor: PaymentAmount | None = None
    lives_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    is_single_use: bool = True
    partner: Short = ""


class RewardOut(Schema):
    """A reward, and for a member what it costs and why it may not be chosen."""

    id: int
    program: str
    code: str
    kind: str
    name: Text
    words: str
    category: str
    unit: str
    price: int | None = Field(description="Of the member's tier where a member is asked for.")
    left: int | None = Field(description="How many there are; null is without limit.")
    obstacle: str = Field(description="Why it may not be chosen now; empty where it may.")


class RewardsAsk(Schema):
    """Of which program, and for which member's card."""

    program: str = Field("", max_length=50)
    member: str = Field("", max_length=19)


class RewardOrderIn(Schema):
    """A reward that a member chooses. `key` names the order for ever."""

    key: Key
    member: Card
    reward_id: Id
    store: Code | None = None


class RewardOrderOut(Schema):
    """A reward that was chosen, what it cost, what was given, how far it is."""

    id: int
    key: str
    reward: str
    kind: str
    member: str
    price: int
    state: str
    given_code: str = Field(description="The promo code, voucher or gift card; empty for goods.")
    ordered_at: datetime


class OrdersAsk(PageAsk):
    """Which orders of rewards are asked for."""

    member: str = Field("", max_length=19)
    state: str = Field("", max_length=10)


class OrderStepIn(Schema):
    """An order is ready to be fetched, or delivered."""

    order_id: Id
    state: Literal["ready", "delivered"]
    note: Annotated[str, Field(max_length=200)] = ""
