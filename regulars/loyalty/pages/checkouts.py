"""The till: a purchase with promo codes, gift cards and vouchers. Keyboard only, no scripts needed.

One field takes whatever is scanned. Nothing is final before the purchase is finished: codes are
only judged, and what a card is to pay is put aside; then all of it happens, or nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from secrets import token_urlsafe
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from regulars.core.access import get_seen, seen
from regulars.core.errors import Refused
from regulars.customers.models import Purchase
from regulars.loyalty.actions.checkouts import (
    UNDO_LASTS,
    CardWish,
    CheckoutInput,
    finish_checkout,
    hold_for_checkout,
    release_from_checkout,
    undo_checkout,
)
from regulars.loyalty.actions.paying import purse_of
from regulars.loyalty.actions.promo_uses import CodeVerdict, validate_codes
from regulars.loyalty.models import PromoReservation, StoredValue, ValuePayment
from regulars.loyalty.pages.amounts import as_minor, as_units
from regulars.loyalty.pages.till_forms import (
    NOTHING,
    GoodsForm,
    LineForm,
    PayForm,
    ScanForm,
    goods_meant,
)
from regulars.loyalty.pages.till_states import TillState, find_scanned
from regulars.loyalty.pages.tills import earned_in_words, store_id_of, store_of, till_reason
from regulars.loyalty.queries.checkouts import (
    Sums,
    basket_key,
    basket_of,
    is_undone,
    live_payments_of,
    payments_of,
    purchase_of,
)
from regulars.loyalty.queries.till_goods import LINES_MAX, Goods
from regulars.loyalty.rules.codes import masked
from regulars.loyalty.rules.values import refusal
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show

KEY_MAX = 40
STATE_MAX = 4_000


@page("till/baskets/<slug:key>", needs="loyalty.use_till")
@never_cache
def till_basket(request: HttpRequest, key: str) -> Shown:
    """A purchase that is being made, or what became of it once it is finished."""
    state = TillState.told(key[:KEY_MAX], request.GET)
    if purchase_of(state.key) or is_undone(state.key):
        return _finished_page(request, state.key)
    if "goods" not in request.GET:
        return _basket_page(request, state)
    form = GoodsForm(request.GET)
    if form.is_valid():
        amount_minor = as_minor(form.cleaned_data["goods"], state.currency) or 0
        if amount_minor >= state.named_minor:
            return replace(state, amount_minor=amount_minor).go()
        form.add_error("goods", gettext("The goods that were named cost more."))
    return _basket_page(request, state, goods=form)


@page("till/baskets/<slug:key>/line", needs="loyalty.use_till")
def till_basket_line(request: HttpRequest, key: str) -> Shown:
    """Names goods of the purchase, found by number or name; several that fit are offered to choose."""
    state, form = _sent(request, key), LineForm(request.POST or None)
    found: list[Goods] = []
    if form.is_valid():
        found = form.found()
        if len(state.lines) >= LINES_MAX:
            form.add_error("what", gettext("No more goods can be named in one purchase."))
        elif len(found) == 1:
            return replace(state, lines=(*state.lines, form.line_of(found[0], state.currency))).go()
        elif not found:
            form.add_error("what", gettext("There is no such product or category."))
    return _basket_page(request, state, line=form, found=found) if form.is_bound else state.go()


@page("till/baskets/<slug:key>/scan", needs="loyalty.use_till")
def till_basket_scan(request: HttpRequest, key: str) -> Shown:
    """Takes what was scanned into the purchase, or says that nobody knows it."""
    state, form = _sent(request, key), ScanForm(request.POST or None)
    if form.is_valid():
        found = find_scanned(form.cleaned_data["scan"])
        if found is not None:
            return state.scanned(found).go()
        form.add_error("scan", gettext("There is no such code or card."))
    return _basket_page(request, state, scan=form) if form.is_bound else state.go()


@page("till/baskets/<slug:key>/pay", needs="loyalty.use_till")
def till_basket_pay(request: HttpRequest, key: str) -> Shown:
    """Puts money of the gift card aside for the purchase, a part or all of it."""
    state = _sent(request, key)
    form = PayForm(request.POST.dict() or None)
    if state.card is None or not form.is_bound:
        return state.go()
    if form.is_valid():
        try:
            paid = _hold(request, state, form)
        except Refused as refused:
            form.add_error("amount", _reason(refused))
        else:
            if not paid.reason:
                return replace(state, card=None).go()
            field = "pin" if paid.reason.endswith(("pin", "pins")) else "amount"
            form.add_error(field, _reason(Refused(paid.reason, paid.reason)))
    # Another try is another wish: the first one was answered for good.
    form.data = {**form.data, "nonce": token_urlsafe(9), "pin": ""}
    return _basket_page(request, state, pay=form)


@page("till/baskets/<slug:key>/release", needs="loyalty.use_till")
def till_basket_release(request: HttpRequest, key: str) -> Shown:
    """Takes back what a card was to pay, before the purchase is finished."""
    state = _sent(request, key)
    paid = request.POST.get("payment", "")
    if paid.isascii() and paid.isdigit() and len(paid) < 19:
        payment = get_seen(ValuePayment, int(paid), seen_by=request.user)  # type: ignore[arg-type]
        try:
            release_from_checkout(state.key, payment, now=moment_of_now())
        except Refused as refused:
            say(request, _reason(refused), tone="bad")
        else:
            say(request, gettext("The money is back on the card."))
    return state.go()


@page("till/baskets/<slug:key>/finish", needs="loyalty.use_till")
def till_basket_finish(request: HttpRequest, key: str) -> Shown:
    """Puts the purchase on the books as the cashier saw it; a second press changes nothing."""
    state, due = _sent(request, key), request.POST.get("due", "")
    if not state.goods_minor or not (due.isascii() and due.isdigit() and len(due) < 15):
        return state.go()
    store = store_of(request)
    entry = CheckoutInput(
        key=state.key,
        amount_minor=state.goods_minor,
        due_minor=int(due),
        codes=state.codes,
        customer_id=state.member.customer_id if state.member else None,
        store_code=store.code if store else None,
        named=tuple(one.line for one in state.lines),
    )
    try:
        taken = finish_checkout(entry, now=moment_of_now())
    except Refused as refused:
        say(request, _reason(refused), tone="bad")
        return state.go()
    if state.member:
        say(
            request,
            gettext("%(points)s accrued.") % {"points": earned_in_words(state.member, taken)},
        )
    return replace(state, amount_minor=None, codes=(), card=None, lines=()).go()


@page("till/baskets/<slug:key>/undo", needs="loyalty.use_till")
def till_basket_undo(request: HttpRequest, key: str) -> Shown:
    """Takes a finished purchase back, within some minutes: points, cards and codes are as before."""
    state = _sent(request, key)
    if request.method == "POST" and _may_see(request, state.key):
        try:
            undo_checkout(state.key, now=moment_of_now())
        except Refused as refused:
            say(request, _reason(refused), tone="bad")
        else:
            say(request, gettext("Undone: points, cards and codes are as they were before."))
    return state.go()


def _sent(request: HttpRequest, key: str) -> TillState:
    """The purchase as a form tells it."""
    return TillState.told(key[:KEY_MAX], QueryDict(request.POST.get("state", "")[:STATE_MAX]))


def _may_see(request: HttpRequest, key: str) -> bool:
    purchase = purchase_of(key)
    return purchase is None or seen(Purchase, request.user).filter(pk=purchase.pk).exists()  # type: ignore[arg-type]


def _hold(request: HttpRequest, state: TillState, form: PayForm) -> ValuePayment:
    assert state.card is not None, "asked only with a card"
    now = moment_of_now()
    sums, _verdicts = _sums(state, live_payments_of(state.key, now=now))
    wish = CardWish(
        key=state.key,
        nonce=form.cleaned_data["nonce"],
        value_id=state.card.pk,
        amount_minor=as_minor(form.cleaned_data["amount"], state.currency) or 0,
        left_minor=sums.due_minor,
        currency=state.currency,
        pin=form.cleaned_data["pin"],
        store_id=store_id_of(request),
        employee_id=request.user.pk,
    )
    return hold_for_checkout(wish, now=now)


def _sums(state: TillState, payments: list[ValuePayment]) -> tuple[Sums, tuple[CodeVerdict, ...]]:
    """What the purchase comes to now, and what became of each code."""
    paid = sum(one.captured_minor or one.asked_minor for one in payments)
    amount = state.goods_minor or 0
    if not amount or not state.codes:
        return Sums(amount, amount, paid), ()
    customer_id = state.member.customer_id if state.member else None
    named = [one.line for one in state.lines]
    basket = basket_of(state.key, amount, state.codes, customer_id, named=named)
    (verdict,) = validate_codes([basket], now=moment_of_now())
    return Sums(amount, verdict.total_minor, paid), verdict.codes


def _basket_page(
    request: HttpRequest,
    state: TillState,
    *,
    goods: GoodsForm | None = None,
    scan: ScanForm | None = None,
    pay: PayForm | None = None,
    line: LineForm | None = None,
    found: Sequence[Goods] = (),
) -> HttpResponse:
    payments = live_payments_of(state.key, now=moment_of_now())
    sums, verdicts = _sums(state, payments)
    wanting = [one.code for one in verdicts if one.reason == NOTHING]
    initial = {"goods": as_units(state.goods_minor, state.currency)}
    goods = goods or GoodsForm(initial=initial)
    scan = scan or ScanForm()
    pay = pay or _pay_form(state, sums)
    pay.fields["pin"].required = state.card is not None and bool(state.card.pin_hash)
    line = line or LineForm(initial={"what": goods_meant(wanting), "quantity": 1})
    is_covered = state.goods_minor is not None and sums.due_minor == 0
    if line.is_bound or (wanting and state.card is None):
        if not found:
            line.place_cursor()
    elif not (is_covered and state.card is None):
        _place_cursor(state, goods=goods, scan=scan, pay=pay)
    return show(
        request,
        "loyalty/till_basket.html",
        status=422 if any(one.errors for one in (goods, scan, pay, line)) else 200,
        state=state,
        goods=goods,
        scan=scan,
        pay=pay,
        line=line,
        found=found,
        wants_goods=bool(wanting),
        names_goods=bool(state.lines or wanting or line.is_bound),
        named=[(one, state.without_line(place).address) for place, one in enumerate(state.lines)],
        card=_card_told(state.card) if state.card else None,
        sums=sums,
        codes=_codes_told(state, verdicts),
        payments=[(one, masked(one.value.code)) for one in payments],
        is_covered=is_covered,
        store=store_of(request),
    )


def _pay_form(state: TillState, sums: Sums) -> PayForm:
    available = state.card.available_minor if state.card else 0
    most = as_units(max(min(available, sums.due_minor), 0), state.currency)
    return PayForm(initial={"amount": most, "nonce": token_urlsafe(9)})


def _place_cursor(state: TillState, *, goods: GoodsForm, scan: ScanForm, pay: PayForm) -> None:
    """Puts the cursor into the field that comes next."""
    if state.goods_minor is None or goods.errors:
        field = goods.fields["goods"]
    elif "pin" in pay.errors:
        field = pay.fields["pin"]
    elif state.card is not None and not scan.errors:
        field = pay.fields["amount"]
    else:
        field = scan.fields["scan"]
    field.widget.attrs["autofocus"] = True


def _card_told(card: StoredValue) -> dict[str, Any]:
    """What the cashier sees of a card: its end, what is on it, and why it would not pay."""
    why = refusal(purse_of(card), 1, pin_is_right=True, now=moment_of_now())
    return {
        "value": card,
        "number": masked(card.code),
        "why": _reason(Refused(why, why)) if why else "",
        "asks_pin": bool(card.pin_hash),
    }


def _codes_told(
    state: TillState, verdicts: tuple[CodeVerdict, ...]
) -> list[tuple[str, int, str, str]]:
    """Each code with what it takes off or why it does not, and the address without it."""
    known = {one.code: one for one in verdicts}
    return [
        (
            code,
            known[code].discount_minor if code in known else 0,
            _code_reason(known[code].reason, has_lines=bool(state.lines))
            if code in known and known[code].reason
            else "",
            state.without(code).address,
        )
        for code in state.codes
    ]


def _code_reason(reason: str, *, has_lines: bool) -> str:
    if reason == NOTHING:
        return (
            gettext("It is for other goods than those named.")
            if has_lines
            else gettext("It is for certain goods only: name them.")
        )
    return _reason(Refused(reason, reason))


def _finished_page(request: HttpRequest, key: str) -> HttpResponse:
    """What was bought and how it was paid; undoing is offered as long as it is possible."""
    undone = is_undone(key)
    purchase = purchase_of(key)
    if not _may_see(request, key):
        return redirect("loyalty.till")
    held = PromoReservation.objects.filter(key=basket_key(key)).first()
    payments = payments_of(key, states=("captured",))
    paid = sum(one.captured_minor for one in payments)
    currency = payments[0].value.currency if payments else TillState(key).currency
    is_fresh = purchase is not None and moment_of_now() - purchase.recorded_at <= UNDO_LASTS
    return show(
        request,
        "loyalty/till_basket_done.html",
        purchase=purchase,
        is_undone=undone,
        key=key,
        codes=[one for one in (held.answer or {}).get("codes", ()) if not one[1]] if held else [],
        payments=[(one, masked(one.value.code)) for one in payments],
        due=purchase.total_minor - paid if purchase else 0,
        currency=currency,
        may_undo=is_fresh and not undone,
        store=store_of(request),
    )


def _reason(refused: Refused) -> str:
    told = {
        "price_changed": gettext("Something changed meanwhile: look at the sum once more."),
        "has_lapsed": gettext("The card's money is no longer put aside: pay with it once more."),
        "is_undone": gettext("This purchase was undone: begin a new one."),
        "is_finished": gettext("This purchase is finished: begin a new one."),
        "is_closed": gettext("This payment is closed already."),
        "more_than_due": gettext("That is more than is left to pay."),
        "other_currency": gettext("This card is in another currency."),
    }
    return told.get(refused.code) or till_reason(refused)
