"""What a cashier has entered of a purchase so far. It travels in addresses, so going back is safe."""

from dataclasses import dataclass, replace
from secrets import token_urlsafe
from typing import Self
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from regulars.loyalty.actions.promo_uses import CODES_MAX
from regulars.loyalty.models import Member, PromoCode, StoredValue
from regulars.loyalty.queries.currencies import currency_here
from regulars.loyalty.queries.till_goods import TillLine
from regulars.loyalty.queries.wallets import find_member
from regulars.loyalty.rules.codes import normal_code

AMOUNT_MAX = 10**12

Scanned = StoredValue | PromoCode | Member
"""What one field of the till understands."""


def find_scanned(text: str) -> Scanned | None:
    """The gift card, voucher, promo code or member that was scanned or typed; None if nothing is."""
    code = normal_code(text) or ""
    value = StoredValue.objects.filter(code=code).select_related("program").first()
    return value or PromoCode.objects.filter(code=code).first() or find_member(text)


@dataclass(frozen=True)
class TillState:
    """A purchase that is being made: whose it is, what it costs, its codes, the card looked at.

    The number of a gift card is as good as money, so addresses carry no number but a signed id.
    """

    key: str
    member: Member | None = None
    amount_minor: int | None = None
    codes: tuple[str, ...] = ()
    card: StoredValue | None = None
    lines: tuple[TillLine, ...] = ()

    @classmethod
    def new(cls, member: Member | None = None) -> Self:
        """A purchase that nothing is known of yet."""
        return cls(token_urlsafe(12), member)

    @classmethod
    def told(cls, key: str, told: QueryDict) -> Self:
        """The purchase as an address tells it; what cannot be is left out."""
        amount = told.get("amount", "")
        is_amount = amount.isascii() and amount.isdigit() and 0 < int(amount[:14]) <= AMOUNT_MAX
        codes = [code for text in told.getlist("code") if (code := normal_code(text))]
        return cls(
            key,
            find_member(told.get("member", "")[:19]),
            int(amount) if is_amount else None,
            tuple(dict.fromkeys(codes))[:CODES_MAX],
            _signed_card(key, told.get("card", "")),
            TillLine.all_told(told.getlist("line")),
        )

    @property
    def named_minor(self) -> int:
        """What the goods that were named cost."""
        return sum(one.total_minor for one in self.lines)

    @property
    def goods_minor(self) -> int | None:
        """What all goods cost: as much as was said, and no less than what was named."""
        return max(self.amount_minor or 0, self.named_minor) or None

    @property
    def rest_minor(self) -> int:
        """What goods cost that nobody named."""
        return (self.goods_minor or 0) - self.named_minor

    @property
    def currency(self) -> str:
        """The money it is paid in."""
        return self.member.program.currency if self.member else currency_here()

    @property
    def query(self) -> str:
        """What an address says of it after the question mark."""
        told: list[tuple[str, str]] = [("code", code) for code in self.codes]
        told += [("line", one.told) for one in self.lines]
        if self.member:
            told.append(("member", self.member.number))
        if self.amount_minor:
            told.append(("amount", str(self.amount_minor)))
        if self.card:
            told.append(("card", signing.dumps(self.card.pk, salt=_salt(self.key))))
        return urlencode(told)

    @property
    def address(self) -> str:
        """Where the purchase goes on."""
        place = reverse("loyalty.till_basket", args=[self.key])
        return f"{place}?{self.query}" if self.query else place

    def go(self) -> HttpResponse:
        """On to the purchase as it is now."""
        return redirect(self.address)

    def without(self, code: str) -> Self:
        """The purchase without one of its codes."""
        return replace(self, codes=tuple(one for one in self.codes if one != code))

    def without_line(self, place: int) -> Self:
        """The purchase without one of its named goods."""
        return replace(self, lines=self.lines[:place] + self.lines[place + 1 :])

    def scanned(self, found: Scanned) -> Self:
        """The purchase once something was scanned for it."""
        if isinstance(found, StoredValue):
            return replace(self, card=found)
        if isinstance(found, Member):
            return replace(self, member=found, card=None)
        codes = tuple(dict.fromkeys((*self.codes, found.code)))
        return replace(self, codes=codes[:CODES_MAX], card=None)


def _salt(key: str) -> str:
    return f"loyalty till {key}"


def _signed_card(key: str, text: str) -> StoredValue | None:
    try:
        id_ = signing.loads(text, salt=_salt(key))
    except signing.BadSignature:
        return None
    return StoredValue.objects.filter(pk=id_).select_related("program").first()
