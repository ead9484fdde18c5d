"""Promotions and their codes; baskets that ask, reserve, redeem and roll back."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.utils.timezone import now as moment_of_now
from ninja import Router
from ninja.responses import Status

from regulars.core.access import get_seen, seen
from regulars.core.api.fields import Id
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.customers.actions import CustomerRef
from regulars.customers.actions.identities import known_owners
from regulars.customers.rules.identities import normal_value
from regulars.loyalty.actions.promo_uses import (
    BasketVerdict,
    redeem_reservations,
    reserve_codes,
    roll_back_reservations,
    validate_codes,
)
from regulars.loyalty.actions.promotions import (
    CodeInput,
    PromotionInput,
    add_codes,
    generate_codes,
    set_promotion,
)
from regulars.loyalty.api.reward_shapes import (
    BasketIn,
    BasketOut,
    CodesIn,
    CodesOut,
    CodeVerdictOut,
    KeyIn,
    PromoCodeIn,
    PromoCodeOut,
    PromotionIn,
    PromotionOut,
)
from regulars.loyalty.models import Member, Program
from regulars.loyalty.models.promotions import Promotion
from regulars.loyalty.queries.promo import Basket, GoodsLine
from regulars.loyalty.reasons import reason_in_words

router = Router(tags=["Promo codes"])


@router.get("/promotions", response=list[PromotionOut], **reads("loyalty:read"))
def list_promotions(request: ApiRequest) -> list[PromotionOut]:
    """All promotions, with how often their codes are used."""
    rows = seen(Promotion, request.auth).select_related("program").order_by("id")
    return [_promotion(row) for row in rows]


@router.post("/promotions", response={201: PromotionOut}, **writes("loyalty:write"))
def put_promotion(request: ApiRequest, entry: PromotionIn) -> Status[PromotionOut]:
    """Make a promotion, or change the one of that code; what was taken off before stays."""
    program = program_named(entry.program)
    told = PromotionInput(**entry.model_dump(exclude={"program"}))
    return Status(201, _promotion(set_promotion(program, told, now=moment_of_now())))


@router.post(
    "/promotions/{promotion_id}/codes", response={201: CodesOut}, **writes("loyalty:write")
)
def make_codes(request: ApiRequest, promotion_id: Id, entry: CodesIn) -> Status[CodesOut]:
    """Generate unique codes, each good once, without letters that are mistaken for others."""
    promotion = get_seen(Promotion, promotion_id, seen_by=request.auth)
    made = generate_codes(
        promotion,
        entry.count,
        now=moment_of_now(),
        length=entry.length,
        prefix=entry.prefix,
        valid_to=entry.valid_to,
    )
    return Status(201, CodesOut(codes=[one.code for one in made]))


@router.post("/promotions/{promotion_id}/codes/bulk", **takes_lines("loyalty:write", PromoCodeIn))
def import_codes(request: ApiRequest, promotion_id: Id) -> HttpResponse:
    """Import codes that others made: one a line, one answer for each; repeats are harmless."""
    promotion = get_seen(Promotion, promotion_id, seen_by=request.auth)

    def take(batch: Sequence[PromoCodeIn]) -> Sequence[PromoCodeOut | Refused]:
        owners = member_ids_by_number([one.member for one in batch if one.member])
        wrong = [one.member is not None and one.member not in owners for one in batch]
        told = [
            CodeInput(one.code, one.uses_max, one.valid_to, owners.get(one.member or ""))
            for one, bad in zip(batch, wrong, strict=True)
            if not bad
        ]
        made = iter(add_codes(promotion, told, origin="imported", now=moment_of_now()))
        nobody = Refused("unknown_member", "no card has this number", "member")
        found = [nobody if bad else next(made) for bad in wrong]
        return [
            one
            if isinstance(one, Refused)
            else PromoCodeOut(code=one.code, uses_max=one.uses_max, used=one.used)
            for one in found
        ]

    return answer_lines(request, PromoCodeIn, take)


@router.post("/baskets/price", **takes_lines("loyalty:read", BasketIn))
def price_baskets(request: ApiRequest) -> HttpResponse:
    """What baskets would cost with their codes, and why some do not hold; nothing is reserved."""
    return answer_lines(
        request,
        BasketIn,
        lambda batch: [_basket(one) for one in validate_codes(_told(batch), now=moment_of_now())],
    )


@router.post("/baskets/reserve", **takes_lines("loyalty:write", BasketIn))
def reserve_baskets(request: ApiRequest) -> HttpResponse:
    """Reserve the codes of baskets: one a line, exactly once by key, until redeemed or lapsed."""
    return answer_lines(
        request,
        BasketIn,
        lambda batch: _shaped(reserve_codes(_told(batch), now=moment_of_now())),
    )


@router.post("/baskets/redeem", **takes_lines("loyalty:write", KeyIn))
def redeem_baskets(request: ApiRequest) -> HttpResponse:
    """The baskets of these keys were paid: their codes are used for good."""
    return answer_lines(
        request,
        KeyIn,
        lambda batch: _shaped(redeem_reservations([one.key for one in batch], now=moment_of_now())),
    )


@router.post("/baskets/roll-back", **takes_lines("loyalty:write", KeyIn))
def roll_back_baskets(request: ApiRequest) -> HttpResponse:
    """The baskets of these keys were left or came back: their codes may be used again."""
    return answer_lines(
        request,
        KeyIn,
        lambda batch: _shaped(
            roll_back_reservations([one.key for one in batch], now=moment_of_now())
        ),
    )


def program_named(code: str) -> Program:
    """The program of that code, or a refusal that names the field."""
    program = Program.objects.filter(code=code).first()
    if program is None:
        raise Refused("unknown_program", f"no program is called {code!r}", "program")
    return program


def member_ids_by_number(numbers: Sequence[str]) -> dict[str, int]:
    """The ids of members by the numbers of their cards; 1 statement."""
    return dict(Member.objects.filter(number__in=numbers).values_list("number", "pk"))


def _told(batch: Sequence[BasketIn]) -> list[Basket]:
    """The baskets with their customers found; whom nobody knows is unknown."""
    wanted = {
        place: CustomerRef(one.customer.kind, value)
        for place, one in enumerate(batch)
        if one.customer is not None
        and (value := normal_value(one.customer.kind, one.customer.value))
    }
    owners = known_owners(list(wanted.values()))
    return [
        Basket(
            one.key,
            [GoodsLine(line.sku, line.total_minor, line.quantity_milli) for line in one.lines],
            one.codes,
            owners.get(wanted[place]) if place in wanted else None,
        )
        for place, one in enumerate(batch)
    ]


def _shaped(found: Sequence[BasketVerdict | Refused]) -> list[BasketOut | Refused]:
    return [one if isinstance(one, Refused) else _basket(one) for one in found]


def _basket(found: BasketVerdict) -> BasketOut:
    return BasketOut(
        key=found.key,
        state=found.state,
        before_minor=found.before_minor,
        total_minor=found.total_minor,
        codes=[
            CodeVerdictOut(
                code=one.code,
                reason=one.reason,
                detail=reason_in_words(one.reason) if one.reason else "",
                discount_minor=one.discount_minor,
            )
            for one in found.codes
        ],
        lapses_at=found.lapses_at,
    )


def _promotion(row: Promotion) -> PromotionOut:
    names = PromotionOut.model_fields.keys() - {"program"}
    return PromotionOut(program=row.program.code, **{name: getattr(row, name) for name in names})
