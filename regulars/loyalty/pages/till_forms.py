"""What a cashier types of a purchase with codes and cards, and the goods that are named in it."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from regulars.core.money import minor_per_unit
from regulars.loyalty.models import PromoCode
from regulars.loyalty.pages.amounts import AmountField
from regulars.loyalty.queries.till_goods import (
    MILLI_MAX,
    Goods,
    TillLine,
    find_goods,
    goods_told,
)
from regulars.loyalty.rules.discounts import half_up

NOTHING = "nothing_to_discount"
TYPED = {"autocomplete": "off"}
DECIMAL = {"inputmode": "decimal", **TYPED}


class PriceField(AmountField):
    """Money in whole units, from one hundredth on."""

    def __init__(self, *, label: Any) -> None:
        super().__init__(
            label=label,
            min_value=0.01,
            max_digits=12,
            decimal_places=2,
            widget=forms.TextInput(attrs=DECIMAL),
        )


class GoodsForm(forms.Form):
    """What the goods cost before any code."""

    goods = PriceField(label=_("Amount of the purchase"))


class ScanForm(forms.Form):
    """Whatever is scanned: a promo code, a gift card, a voucher, the card of a member."""

    scan = forms.CharField(
        label=_("Promo code or any card"),
        max_length=60,
        widget=forms.TextInput(attrs=TYPED),
    )


class PayForm(forms.Form):
    """What a gift card pays. The nonce makes a second press harmless."""

    amount = PriceField(label=_("Amount from the card"))
    pin = forms.CharField(
        label=_("PIN"),
        required=False,
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "numeric", **TYPED}),
    )
    nonce = forms.SlugField(max_length=30, widget=forms.HiddenInput)


class LineForm(forms.Form):
    """Some goods: what, how many, and for how much each."""

    what = forms.CharField(
        label=_("Product or category"),
        help_text=_("By number or name"),
        max_length=100,
        widget=forms.TextInput(attrs=TYPED),
    )
    quantity = AmountField(
        label=_("Quantity"),
        min_value=0.001,
        max_value=MILLI_MAX // 1000,
        decimal_places=3,
        widget=forms.TextInput(attrs=DECIMAL),
    )
    price = PriceField(label=_("Price of one"))

    def found(self) -> list[Goods]:
        """The goods that are meant: those that were picked, or all that the text may mean."""
        picked = list(goods_told([self.data.get("pick", "")]).values())
        return picked or find_goods(self.cleaned_data["what"])

    def line_of(self, goods: Goods, currency: str) -> TillLine:
        """The line of these goods; its total is rounded half up."""
        told = self.cleaned_data
        total = Fraction(told["quantity"]) * Fraction(told["price"]) * minor_per_unit(currency)
        return TillLine(goods, int(told["quantity"] * 1000), half_up(total))

    def place_cursor(self) -> None:
        """Puts the cursor into the first field that is wrong or empty."""
        names = list(self.fields)
        wrong = [name for name in names if name in self.errors]
        empty = [name for name in names if not self.is_bound and not self.initial.get(name)]
        self.fields[(wrong or empty or names)[0]].widget.attrs["autofocus"] = True


def goods_meant(codes: Sequence[str]) -> str:
    """What the first of these codes is for, as one would type it; "" where that is not one thing."""
    rows = PromoCode.objects.filter(code__in=codes[:1]).select_related("promotion")
    scopes = [row.promotion.scope.partition(":") for row in rows]
    return next((name for kind, _colon, name in scopes if kind in {"category", "line"}), "")
