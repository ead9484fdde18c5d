"""Purchases and returns: on record and on the books in one go."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.utils.timezone import now as moment_of_now
from ninja import Router
from ninja.responses import Status

from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.customers.actions import CustomerRef, LineInput, PurchaseInput
from regulars.customers.actions.returns import record_returns
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput, TenderInput
from regulars.loyalty.actions import (
    Receipt,
    Taken,
    activate_points,
    link_redemptions,
    post_returns,
    take_purchases,
)
from regulars.loyalty.api.shapes import (
    ActivationIn,
    ActivationOut,
    AwardOut,
    PostedPurchaseOut,
    PurchaseIn,
    PurchaseNameIn,
    ReceiptOut,
    ReturnIn,
    ReturnOut,
)
from regulars.loyalty.api.wallets import shaped
from regulars.loyalty.models import Accrual, Member, Rule
from regulars.loyalty.queries.currencies import currency_here
from regulars.loyalty.queries.explaining import Behind, explanation_of, rules_behind
from regulars.loyalty.queries.spendings import purchases_named
from regulars.loyalty.rules.mechanic import mechanics
from regulars.loyalty.rules.receipts import Awarded

router = Router(tags=["Purchases"])


@router.post("/purchases", response={201: PostedPurchaseOut}, **writes("purchases:write"))
def create_purchase(request: ApiRequest, purchase: PurchaseIn) -> Status[PostedPurchaseOut]:
    """Put a receipt on record and on the books; sent again, it gets the same answer."""
    (answer,) = _take([purchase])
    if isinstance(answer, Refused):
        raise answer
    return Status(201, answer)


@router.post("/purchases/bulk", **takes_lines("purchases:write", PurchaseIn))
def create_purchases(request: ApiRequest) -> HttpResponse:
    """Put receipts on record and on the books: one a line, one answer for each."""
    return answer_lines(request, PurchaseIn, _take)


@router.post("/purchases/activate", response=ActivationOut, **writes("purchases:write"))
def activate(request: ApiRequest, entry: ActivationIn) -> ActivationOut:
    """Make pending points of purchases usable: they were delivered, or can no longer come back.

    What is usable already stays so.
    """
    named = {(one.source, one.number): one for one in entry.purchases}
    known = purchases_named(named)
    activated = activate_points(known.values(), now=moment_of_now())
    unknown = [one for name, one in named.items() if name not in known]
    return ActivationOut(activated=len(activated), unknown=unknown)


@router.post("/returns", response={201: ReturnOut}, **writes("purchases:write"))
def create_return(request: ApiRequest, entry: ReturnIn) -> Status[ReturnOut]:
    """Put returned goods on record, and take back their share of the points."""
    now = moment_of_now()
    told = ReturnInput(
        source=entry.source,
        number=entry.number,
        purchase_source=entry.purchase_source,
        purchase_number=entry.purchase_number,
        returned_at=entry.returned_at,
        lines=tuple(ReturnLineInput(*line.model_dump().values()) for line in entry.lines),
        store_code=entry.store,
        reason=entry.reason,
    )
    (returned,) = record_returns([told], now=now)
    if returned.refused is not None:
        raise returned.refused
    assert returned.purchase_id is not None
    post_returns(return_ids=[returned.return_id], now=now)
    members = Member.objects.filter(
        pk__in=_member_ids_of_purchase(returned.purchase_id)
    ).select_related("program", "tier")
    answer = ReturnOut(
        return_id=returned.return_id,
        purchase_id=returned.purchase_id,
        total_minor=returned.total_minor,
        members=shaped(members, now=now),
    )
    return Status(201, answer)


def purchase_id_of(named: PurchaseNameIn | None) -> int | None:
    """The id of a purchase on record by its name; None where none is named."""
    if named is None:
        return None
    name = (named.source, named.number)
    found = purchases_named([name]).get(name)
    if found is None:
        raise Refused("unknown_purchase", "no purchase has this name", "purchase")
    return found


def _take(batch: Sequence[PurchaseIn]) -> Sequence[PostedPurchaseOut | Refused]:
    currency = currency_here()
    wrong = [entry.currency not in {None, currency} for entry in batch]
    inputs = [_told(entry) for entry, bad in zip(batch, wrong, strict=True) if not bad]
    done = take_purchases(inputs, now=moment_of_now())
    _link(batch, wrong, done)
    behind = rules_behind(a for one in done for given in one.receipts for a in given.awards)
    taken = iter(done)
    refused = Refused("other_currency", f"this company sells in {currency}", "currency")
    return [refused if bad else _purchase(next(taken), behind) for bad in wrong]


def _link(batch: Sequence[PurchaseIn], wrong: Sequence[bool], taken: Sequence[Taken]) -> None:
    """Say what redemptions paid for, where tills named them."""
    told = [entry for entry, bad in zip(batch, wrong, strict=True) if not bad]
    paid = {
        f"api:{key}": one.purchase_id
        for entry, one in zip(told, taken, strict=True)
        if one.refused is None
        for key in entry.redemptions
    }
    if paid:
        link_redemptions(paid)


def _told(entry: PurchaseIn) -> PurchaseInput:
    return PurchaseInput(
        source=entry.source,
        number=entry.number,
        customer=CustomerRef(entry.customer.kind, entry.customer.value) if entry.customer else None,
        store_code=entry.store or None,
        bought_at=entry.bought_at,
        lines=tuple(
            LineInput(line.sku, line.quantity_milli, line.total_minor, line.discount_minor)
            for line in entry.lines
        ),
        discount_minor=entry.discount_minor,
        tenders=tuple(TenderInput(one.kind, one.amount_minor) for one in entry.tenders),
        served_by=entry.served_by or None,
    )


def _purchase(taken: Taken, behind: Behind) -> PostedPurchaseOut | Refused:
    if taken.refused is not None:
        return taken.refused
    receipts = [_receipt(receipt, behind) for receipt in taken.receipts]
    return PostedPurchaseOut(purchase_id=taken.purchase_id, receipts=receipts)


def _receipt(receipt: Receipt, behind: Behind) -> ReceiptOut:
    return ReceiptOut(
        program=receipt.program,
        member=receipt.member,
        earned=receipt.earned,
        balances=receipt.balances,
        tier=receipt.tier,
        next_tier=receipt.next_tier,
        missing=receipt.missing,
        payouts=receipt.payouts,
        awards=[
            _award(one, behind.rules[one.rule_id])
            for one in receipt.awards
            if one.rule_id in behind.rules
        ],
        explanations={
            unit: explanation_of(receipt.awards, behind, unit=unit)
            for unit in {one.unit: None for one in receipt.awards}
        },
    )


def _award(award: Awarded, rule: Rule) -> AwardOut:
    return AwardOut(
        rule=rule.code,
        version=rule.version,
        name=rule.name,
        unit=award.unit,
        amount=award.amount,
        counts=mechanics.get(rule.kind).counts,
        basis=award.basis,
        before=award.before,
        capped_by=award.capped_by,
    )


def _member_ids_of_purchase(purchase_id: int) -> list[int]:
    return list(Accrual.objects.filter(purchase_id=purchase_id).values_list("member_id", flat=True))
