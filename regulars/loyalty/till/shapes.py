"""The shapes of what tills say and hear. The same names as in the rest of the API."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

Code = Annotated[str, Meta(max_length=50)]
Source = Annotated[str, Meta(min_length=1, max_length=50, examples=["till"])]
Number = Annotated[str, Meta(min_length=1, max_length=100, examples=["7-2026-01-31-000123"])]
Minor = Annotated[int, Meta(ge=0, le=10**15, description="Money in minor units (cents).")]
Quantity = Annotated[int, Meta(ge=0, le=10**14, description="Thousandths of a piece or kilogram.")]
Position = Annotated[int, Meta(ge=1, le=1000)]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339, with an offset.")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]

ENTRIES_MAX = 1000
SERVED_BY = "The company's own code of the employee who served; empty where not known."

LIMIT = (
    "What keeps `amount_max` down, as a redemption of more would be refused: member_is_frozen, "
    "more_than_at_once, more_than_a_day or too_often_a_day. Left out where nothing does."
)
CODE_FROM = (
    "From so many points on a redemption needs a one-time code that the member confirms first "
    "(`/spending-codes`). Left out where `amount_max` needs none."
)


class Who(Struct):
    """Whose purchase it is: an identity such as a card, phone or e-mail, or `id` with our own id."""

    kind: Annotated[str, Meta(min_length=1, max_length=50, examples=["card"])]
    value: Annotated[str, Meta(min_length=1, max_length=254, examples=["700000000013"])]


class Line(Struct):
    """One product of a receipt; the total is what was paid, after the discount."""

    total_minor: Minor
    sku: Code = ""
    quantity_milli: Quantity = 1000
    discount_minor: Minor = 0


class Paid(Struct):
    """Points that pay a part of the purchase; they do not lower what the purchase earns."""

    amount: Annotated[int, Meta(ge=1, le=10**15)]
    program: Code = ""
    unit: Code = ""


Lines = Annotated[list[Line], Meta(min_length=1, max_length=1000)]


class Basket(Struct, kw_only=True):
    """A basket as it stands now, to ask what it would earn and what may be redeemed."""

    customer: Who
    lines: Lines
    store: Code = ""
    at: Moment | None = None
    currency: Currency | None = None
    discount_minor: Minor = 0


class Purchase(Struct, kw_only=True, tag_field="kind", tag="purchase"):
    """A receipt. `source` and `number` together name it for ever."""

    source: Source
    number: Number
    bought_at: Moment
    lines: Lines
    customer: Who | None = None
    store: Code = ""
    served_by: Annotated[str, Meta(max_length=50, description=SERVED_BY)] = ""
    currency: Currency | None = None
    discount_minor: Minor = 0
    redeem: Annotated[list[Paid], Meta(max_length=10)] = []


class Cancel(Struct, kw_only=True, tag_field="kind", tag="cancel"):
    """A receipt that is not to be: taken off the books, or refused should it come later."""

    source: Source
    number: Number


class LineBack(Struct):
    """How much of one line came back; without a total its price per piece decides."""

    position: Position
    quantity_milli: Annotated[int, Meta(ge=1, le=10**14)]
    total_minor: Minor | None = None


class Return(Struct, kw_only=True, tag_field="kind", tag="return"):
    """Goods of a purchase that came back."""

    source: Source
    number: Number
    purchase_source: Source
    purchase_number: Number
    returned_at: Moment
    lines: Annotated[list[LineBack], Meta(min_length=1, max_length=1000)]
    store: Code = ""
    reason: Annotated[str, Meta(max_length=200)] = ""


Entry = Purchase | Cancel | Return


class Batch(Struct):
    """What a till did while it was alone, in the order in which it happened there."""

    entries: Annotated[list[Entry], Meta(min_length=1, max_length=ENTRIES_MAX)]


class Capped(Struct):
    """An award that a limit cut: what it was before, what was given, and which limit it was."""

    unit: str
    before: int
    amount: int
    limit: Annotated[str, Meta(description="purchase, day, month, member or budget.")]


class Earned(Struct, omit_defaults=True):
    """What one program gave, or would give.

    `payouts` are beside it: money for a full window of visits, which no return takes back.
    """

    program: str
    member: str
    earned: dict[str, int]
    balances: dict[str, int]
    tier: str
    next_tier: str
    missing: int
    payouts: dict[str, int] = {}
    capped: list[Capped] = []


class Redeemed(Struct):
    """Points that paid."""

    unit: str
    amount: int
    worth_minor: int


class Committed(Struct):
    """A purchase on record and on the books of every program of its customer."""

    purchase_id: int
    receipts: list[Earned]
    redeemed: list[Redeemed] = []


class Redeemable(Struct, omit_defaults=True):
    """How much of a unit may pay for this basket: no more than there is, is allowed, or it costs.

    `worth_minor` is what `amount_max` is worth.
    """

    program: str
    member: str
    unit: str
    available: int
    amount_max: int
    worth_minor: int
    limit: Annotated[str, Meta(description=LIMIT)] = ""
    code_from: Annotated[int | None, Meta(description=CODE_FROM)] = None


class Quoted(Struct):
    """What a basket would earn and what may be redeemed, as of now; nothing was written."""

    total_minor: int
    receipts: list[Earned]
    redeemable: list[Redeemable]


class Balance(Struct):
    """What a member holds of a unit."""

    program: str
    member: str
    unit: str
    balance: int
    available: int


class Cancelled(Struct):
    """A receipt that is off the books; `purchase_id` is null where it had not come yet."""

    purchase_id: int | None
    balances: list[Balance] = []


class Returned(Struct):
    """A return on record, and what its customer has since."""

    return_id: int
    purchase_id: int
    total_minor: int
    balances: list[Balance] = []


class Told(Struct, omit_defaults=True):
    """What became of one entry of a batch."""

    status: int
    result: msgspec.Raw | None = None
    problem: msgspec.Raw | None = None


class BatchTold(Struct):
    """One answer for each entry of a batch, in its order."""

    results: list[Told]
