"""The shapes of what loyalty is told and answers."""

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from regulars.company.rules import ServedBy
from regulars.core.api.cursors import PageAsk
from regulars.core.api.fields import Currency, Id, Minor, Moment, Text

Number = Annotated[str, Field(min_length=1, max_length=100, examples=["A-1042"])]
Source = Annotated[str, Field(min_length=1, max_length=50, examples=["till"])]
Code = Annotated[str, Field(max_length=50)]
Quantity = Annotated[int, Field(ge=0, le=10**14, description="Thousandths of a piece or kilogram.")]


class CustomerRefIn(Schema):
    """Who it is: an identity such as a card, phone or e-mail, or `id` with our own id."""

    kind: Annotated[str, Field(min_length=1, max_length=50, examples=["card"])]
    value: Annotated[str, Field(min_length=1, max_length=254, examples=["700000000013"])]


class LineIn(Schema):
    """One product of a receipt; the total is what was paid, after the discount."""

    sku: Code = ""
    quantity_milli: Quantity = 1000
    total_minor: Minor
    discount_minor: Minor = 0


class TenderIn(Schema):
    """A part that was paid by a gift card, by points used as money, or the like."""

    kind: Annotated[str, Field(min_length=1, max_length=50, examples=["gift_card"])]
    amount_minor: Annotated[int, Field(ge=1, le=10**14)]


class PurchaseIn(Schema):
    """A receipt. `source` and `number` together name it for ever."""

    source: Source
    number: Number
    customer: CustomerRefIn | None = None
    store: Code | None = None
    served_by: ServedBy = ""
    bought_at: Moment
    currency: Currency | None = None
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=1000)]
    discount_minor: Minor = 0
    redemptions: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]],
        Field(
            max_length=20,
            description="Keys of redemptions that paid for it: returned goods give them back.",
        ),
    ] = []
    tenders: Annotated[list[TenderIn], Field(max_length=20)] = []


class AwardOut(Schema):
    """What one rule gave, and the number it worked on."""

    rule: str = Field(description="The code of the rule.")
    version: int
    name: Text
    unit: str
    amount: int
    counts: str = Field(description="What the basis counts: money, points, items, visits.")
    basis: int
    before: int = Field(description="What it was before a limit cut it; 0 where none did.")
    capped_by: str = Field(description="The limit that cut it, empty where none did.")


class ReceiptOut(Schema):
    """What one program gave, the first time and whenever the purchase is sent again."""

    program: str
    member: str = Field(description="The number of the member's card.")
    earned: dict[str, int] = Field(description="By code of unit.")
    balances: dict[str, int] = Field(description="By code of unit, after this purchase.")
    tier: str = Field(description="Empty below the lowest tier.")
    next_tier: str = Field(description="Empty at the top.")
    missing: int = Field(description="Qualifying points missing to the next tier.")
    payouts: dict[str, int] = Field(
        description="Beside what was earned, by code of unit: money for a full window of visits."
    )
    awards: list[AwardOut] = Field(description="What each rule gave.")
    explanations: dict[str, str] = Field(
        description="How each amount came about, by code of unit, in the language asked for."
    )


class PostedPurchaseOut(Schema):
    """A purchase on record and on the books of every program of its customer."""

    purchase_id: int
    receipts: list[ReceiptOut]


class PurchaseNameIn(Schema):
    """A receipt by its name."""

    source: Source
    number: Number


class ActivationIn(Schema):
    """Purchases that were delivered, or that can no longer be returned."""

    purchases: Annotated[list[PurchaseNameIn], Field(min_length=1, max_length=1000)]


class ActivationOut(Schema):
    """How many purchases had pending points that can be spent now, and which are not on record."""

    activated: int
    unknown: list[PurchaseNameIn]


class ReturnLineIn(Schema):
    """How much of one line came back; without a total its price per piece decides."""

    position: Annotated[int, Field(ge=1, le=1000)]
    quantity_milli: Annotated[int, Field(ge=1, le=10**14)]
    total_minor: Minor | None = None


class ReturnIn(Schema):
    """Goods of a purchase that came back."""

    source: Source
    number: Number
    purchase_source: Source
    purchase_number: Number
    returned_at: Moment
    store: Code | None = None
    reason: Annotated[str, Field(max_length=200)] = ""
    lines: Annotated[list[ReturnLineIn], Field(min_length=1, max_length=1000)]


class ReturnOut(Schema):
    """A return on record, and what the member has since."""

    return_id: int
    purchase_id: int
    total_minor: int
    members: list["MemberOut"]


class EndOut(Schema):
    """So many points expire at a moment: the first one at which they are gone."""

    at: datetime
    amount: int


class BalanceOut(Schema):
    """What a member holds of one unit; `available` is what can be spent now."""

    unit: str
    kind: str
    balance: int
    available: int
    pending: int = Field(description="Earned, and not usable yet.")
    debt: int = Field(description="Owed since goods came back; paid by what is earned next.")
    held: int = Field(description="Set aside for unfinished purchases.")
    shared: int = Field(description="What others of the household have that may be spent, too.")
    worth_minor: int
    expires: list[EndOut] = Field(description="The next ends of usable points, soonest first.")


class LadderAheadOut(Schema):
    """Where a member stands on a ladder with a memory, and what is ahead if nothing more is done."""

    ladder: str
    tier: str
    since: datetime | None
    counted: int
    next_tier: str
    missing: int
    next_by: datetime | None = Field(description="The period ends as this moment begins.")
    to_keep: int = Field(description="What is missing to keep the tier by `keep_by`.")
    keep_by: datetime | None
    falls_at: datetime | None = Field(description="The first moment without the tier.")
    falls_to: str


class MemberOut(Schema):
    """A customer in a program."""

    id: int
    program: str
    customer_id: int
    number: str
    led_by_id: int | None = Field(
        description="The member that holds the points, where records are merged."
    )
    joined_at: datetime
    tier: str
    next_tier: str
    missing: int
    visits: int
    balances: list[BalanceOut]
    ladders: list[LadderAheadOut]


class HistoryEntryOut(Schema):
    """A movement on a member's account, and why it is what it is."""

    at: datetime
    unit: str
    amount: int = Field(description="Below zero where points left the card.")
    cause: str = Field(description="Such as accrual, redemption, reversal or expiry.")
    store: str = Field(description="The name of the store, empty where there was none.")
    explanation: str = Field(description="In the language asked for; empty where nobody knows.")


class MemberIn(Schema):
    """A customer who joins a program."""

    program: Code
    customer: CustomerRefIn
    referred_by: Annotated[str, Field(pattern=r"^[0-9]{0,19}$")] = Field(
        "", description="The number of the card of who brought them."
    )


class MembersAsk(PageAsk):
    """Which members are asked for."""

    program: str = Field("", max_length=50)
    customer_id: Id | None = None
    number: str = Field("", max_length=19)


class RedemptionIn(Schema):
    """Points that a member spends. `key` names this redemption for ever."""

    key: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
    member: Annotated[str, Field(pattern=r"^[0-9]{1,19}$", description="The number of the card.")]
    amount: Annotated[int, Field(ge=1, le=10**15)]
    unit: Code = ""
    purchase: PurchaseNameIn | None = Field(
        None, description="What the points pay for, if it is on record already."
    )


class RedemptionOut(Schema):
    """Points that were spent, and whether that was undone."""

    id: int
    key: str
    member: str
    unit: str
    amount: int
    worth_minor: int
    redeemed_at: datetime
    undone_at: datetime | None


class HoldIn(Schema):
    """Points to set aside for an unfinished purchase. `key` names this hold for ever."""

    key: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
    member: Annotated[str, Field(pattern=r"^[0-9]{1,19}$", description="The number of the card.")]
    amount: Annotated[int, Field(ge=1, le=10**15)]
    unit: Code = ""
    minutes: Annotated[int, Field(ge=1, le=60 * 24 * 30)] = Field(
        30, description="After so many minutes the points are free again by themselves."
    )


class HoldCaptureIn(Schema):
    """What is spent of a hold; without an amount all of it. The rest is freed."""

    amount: Annotated[int, Field(ge=1, le=10**15)] | None = None
    purchase: PurchaseNameIn | None = Field(
        None, description="What the points pay for, if it is on record already."
    )


class HoldOut(Schema):
    """Points that were set aside, and what became of them; `outcome` is empty while they are."""

    id: int
    key: str
    member: str
    unit: str
    amount: int
    held_at: datetime
    ends_at: datetime
    outcome: str
    captured: int
    ended_at: datetime | None
    redemption_id: int | None = Field(description="What the capture spent.")


class HoldsAsk(PageAsk):
    """Which holds are asked for."""

    member_id: Id | None = None
    open: bool = False


class UnitOut(Schema):
    """What members hold; so many `worth_points` are worth `worth_minor` of money."""

    code: str
    name: Text
    kind: str
    worth_minor: int
    worth_points: int


class TierOut(Schema):
    """A tier and the qualifying balance from which on it is reached."""

    code: str
    name: Text
    qualifying_min: int


class ProgramOut(Schema):
    """A loyalty program."""

    id: int
    code: str
    name: Text
    enrols: str
    currency: str
    is_open: bool
    terms: "TermsOut"
    units: list[UnitOut]
    tiers: list[TierOut]


class TermsIn(Schema):
    """What a program says of returns and of points that wait."""

    model_config = ConfigDict(extra="forbid")

    returns: Literal["keep", "only_pending", "within_balance", "limited", "unlimited"] = Field(
        "within_balance", description="What goods that come back take of the points they earned."
    )
    debt_max: Annotated[int, Field(ge=0, le=10**12)] | None = Field(
        None, description="How much a member may owe at most; for `limited` only."
    )
    dead_points: Literal["die", "reinstate"] = Field(
        "die", description="What becomes of spent points that come back after their end."
    )
    pending: Literal["none", "days", "event"] = Field(
        "none", description="What points of purchases wait for before they can be spent."
    )
    pending_days: Annotated[int, Field(ge=0, le=3650)] = 0


class TermsOut(TermsIn):
    """The terms in force."""
