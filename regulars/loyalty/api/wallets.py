"""Members as the API shows them."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from regulars.loyalty.api.shapes import BalanceOut, EndOut, LadderAheadOut, MemberOut
from regulars.loyalty.models import Member
from regulars.loyalty.queries.forecasts import Ahead
from regulars.loyalty.queries.wallets import Wallet, wallets_of


def whole(members: Sequence[Member]) -> QuerySet[Member]:
    """These members with all that their shape needs."""
    ids = [member.pk for member in members]
    return Member.objects.filter(pk__in=ids).select_related("program", "tier")


def shaped(members: QuerySet[Member], *, now: datetime) -> list[MemberOut]:
    """Members as the API shows them."""
    return [_member(wallet) for wallet in wallets_of(list(members), now=now)]


def _member(wallet: Wallet) -> MemberOut:
    member = wallet.member
    return MemberOut(
        id=member.pk,
        program=member.program.code,
        customer_id=member.customer_id,
        number=member.number,
        led_by_id=member.led_by_id,
        joined_at=member.joined_at,
        tier=wallet.tier.code if wallet.tier else "",
        next_tier=wallet.next_tier.code if wallet.next_tier else "",
        missing=wallet.missing,
        visits=wallet.visits,
        balances=[
            BalanceOut(
                unit=holding.unit.code,
                kind=holding.unit.kind,
                balance=holding.balance,
                available=holding.available,
                pending=holding.pending,
                debt=holding.debt,
                held=holding.held,
                shared=holding.shared,
                worth_minor=holding.worth_minor,
                expires=[EndOut(at=one.at, amount=one.amount) for one in holding.expires],
            )
            for holding in wallet.holdings
        ],
        ladders=[_ahead(one) for one in wallet.ladders],
    )


def _ahead(one: Ahead) -> LadderAheadOut:
    return LadderAheadOut(
        ladder=one.ladder.code,
        tier=one.tier.code if one.tier else "",
        since=one.since,
        counted=one.counted,
        next_tier=one.forecast.next_tier,
        missing=one.forecast.missing,
        next_by=one.forecast.next_by,
        to_keep=one.forecast.to_keep,
        keep_by=one.forecast.keep_by,
        falls_at=one.forecast.falls_at,
        falls_to=one.forecast.falls_to,
    )
