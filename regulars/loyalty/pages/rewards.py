"""The catalogue of rewards and its form; what members chose, and handing it over."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.company.models import in_language
from regulars.core.access import get_seen, seen
from regulars.core.errors import NotFound, Refused
from regulars.loyalty.actions.rewards import (
    RewardInput,
    advance_orders,
    cancel_order,
    set_picture,
    set_reward,
)
from regulars.loyalty.models import Program, Tier, Unit
from regulars.loyalty.models.promotions import Promotion
from regulars.loyalty.models.rewards import ORDER_STATES, Reward, RewardOrder
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.amounts import (
    QuantityField,
    as_counted,
    as_minor,
    as_units,
    day_field,
    day_of,
    end_of,
    in_books,
    last_day_of,
    money_field,
    start_of,
)
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.queries.figures import spendable_units_of
from regulars.loyalty.queries.rewards import catalogue_for, steps_of
from regulars.loyalty.reasons import reason_in_words
from regulars.loyalty.templatetags.loyalty import ORDER_STATES as STATES
from regulars.loyalty.templatetags.loyalty import REWARD_KINDS as KINDS
from regulars.web.frame import say
from regulars.web.pages import PUBLIC, Shown, page, show, show_form

PER_PAGE = 30
TIER = "tier__"


@page("loyalty/<slug:code>/rewards", needs="loyalty.view_reward")
def rewards(request: HttpRequest, code: str) -> Shown:
    """The catalogue with prices and stock, and how many orders wait to be handed over."""
    program = program_of(code)
    rows = Reward.objects.filter(program=program).select_related("unit", "program")
    waiting = seen(RewardOrder, request.user).filter(reward__program=program)  # type: ignore[arg-type]
    return show(
        request,
        "loyalty/rewards.html",
        program=program,
        rewards=catalogue_for(list(rows.order_by("position", "id")), None, now=moment_of_now()),
        waiting=waiting.filter(state__in=("ordered", "ready")).count(),
        kinds=KINDS,
    )


@page("loyalty/<slug:code>/rewards/new", needs="loyalty.edit_reward")
def new_reward(request: HttpRequest, code: str) -> Shown:
    """A new reward, in the catalogue at once."""
    return _reward_page(request, program_of(code), None)


@page("loyalty/<slug:code>/rewards/<int:reward_id>", needs="loyalty.edit_reward")
def edit_reward(request: HttpRequest, code: str, reward_id: int) -> Shown:
    """A reward and its settings; what was chosen before stays as it was."""
    program = program_of(code)
    rows = Reward.objects.filter(program=program).select_related(
        "unit__program", "promotion", "product"
    )
    reward = get_seen(Reward, reward_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    return _reward_page(request, program, reward)


@page("rewards/<int:reward_id>/picture", needs=PUBLIC)
def reward_picture(request: HttpRequest, reward_id: int) -> Shown:
    """The picture of a reward, which members see without signing in."""
    reward = Reward.objects.filter(pk=reward_id).first()
    if reward is None or not reward.picture.name:
        raise NotFound("not_found", gettext("There is no picture."))
    response = FileResponse(reward.picture.open("rb"))
    response.headers["Cache-Control"] = "public, max-age=604800"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@page("loyalty/<slug:code>/rewards/orders", needs="loyalty.view_reward")
def reward_orders(request: HttpRequest, code: str) -> Shown:
    """What members chose, those that wait first; filtered by state."""
    program = program_of(code)
    state = request.GET.get("state", "")
    rows = seen(RewardOrder, request.user).filter(reward__program=program)  # type: ignore[arg-type]
    if state in ORDER_STATES:
        rows = rows.filter(state=state)
    rows = rows.select_related("reward", "member__customer", "store").order_by("-id")
    return show(
        request,
        "loyalty/reward_orders.html",
        program=program,
        listed=Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        states=STATES,
        state=state,
    )


@page("loyalty/rewards/orders/<int:order_id>", needs="loyalty.view_reward")
def reward_order(request: HttpRequest, order_id: int) -> Shown:
    """One order with its history, and where it may go from here."""
    rows = RewardOrder.objects.select_related(
        "reward__program", "reward__unit", "member__customer", "promo_code", "value", "store"
    )
    order = get_seen(RewardOrder, order_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    return show(
        request,
        "loyalty/reward_order.html",
        order=order,
        program=order.reward.program,
        steps=steps_of([order]).get(order.pk, []),
        states=STATES,
        given=order.promo_code or order.value,
    )


@page("loyalty/rewards/orders/<int:order_id>/move", needs="loyalty.edit_reward")
def move_reward_order(request: HttpRequest, order_id: int) -> Shown:
    """An order becomes ready, delivered or cancelled."""
    order = get_seen(RewardOrder, order_id, seen_by=request.user)  # type: ignore[arg-type]
    if request.method == "POST":
        told: dict[str, Any] = {
            "now": moment_of_now(),
            "employee_id": request.user.pk,
            "note": request.POST.get("note", "")[:200].replace("\x00", ""),
        }
        try:
            if request.POST.get("state") == "cancelled":
                cancel_order(order, **told)
                say(request, gettext("Cancelled: the points are back on the card."))
            else:
                advance_orders([order.pk], request.POST.get("state", ""), **told)
                say(request, gettext("The order goes on."))
        except Refused as refused:
            say(request, reason_in_words(refused.code), tone="bad")
    return redirect("loyalty.reward_order", order_id=order_id)


def _reward_page(request: HttpRequest, program: Program, reward: Reward | None) -> Shown:
    form = _form(program, reward)(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = set_reward(program, _entry(form, program, reward), now=moment_of_now())
            _keep_picture(form, saved)
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("The reward is saved."))
            return redirect("loyalty.rewards", code=program.code)
    return show_form(
        request,
        "loyalty/reward.html",
        form=form,
        program=program,
        reward=reward,
        words=[form[name] for name in WORDS],
        given=[form[name] for name in GIVEN],
        prices=[field for field in form if field.name.startswith(TIER)],
        limits=[form[name] for name in LIMITS],
    )


WORDS = ("kind", "picture", "name", "name_ru", "words", "words_ru", "category", "category_ru")
GIVEN = ("promotion", "sku", "amount", "lives_days", "is_single_use", "partner")
LIMITS = ("stock", "per_member_max", "valid_from", "last_day", "position", "is_open")


def _keep_picture(form: forms.Form, reward: Reward) -> None:
    if picture := form.cleaned_data.get("picture"):
        set_picture(reward, picture.read())


class PricedForm(forms.Form):
    """What costs some of a unit: prices are written as that unit is counted."""

    units: tuple[Unit, ...] = ()

    def clean(self) -> dict[str, Any]:
        """The prices as the books count the unit that was chosen."""
        told = super().clean() or {}
        unit = next((one for one in self.units if one.code == told.get("unit")), None)
        prices = [name for name in told if name == "price" or name.startswith(TIER)]
        for name in prices:
            if unit and told[name] is not None:
                try:
                    told[name] = in_books(told[name], unit, least=0)
                except forms.ValidationError as wrong:
                    self.add_error(name, wrong)
        return told


def _form(program: Program, reward: Reward | None) -> type[forms.Form]:
    units = tuple(spendable_units_of(program).select_related("program"))
    fields: dict[str, forms.Field] = {
        "kind": forms.ChoiceField(label=_("What it is"), choices=list(KINDS.items())),
        "name": forms.CharField(label=_("Name"), max_length=100),
        "name_ru": forms.CharField(label=_("Name in Russian"), max_length=100, required=False),
        "words": _text(_("In a few words")),
        "words_ru": _text(_("In a few words, in Russian")),
        "category": forms.CharField(label=_("Category"), max_length=50, required=False),
        "category_ru": forms.CharField(
            label=_("Category in Russian"), max_length=50, required=False
        ),
        "picture": forms.FileField(
            label=_("Picture"), required=False, help_text=_("PNG, JPEG or WebP, at most 1 MB")
        ),
        "unit": forms.ChoiceField(
            label=_("Paid with"),
            choices=[(one.code, in_language(one.name, one.name_ru)) for one in units],
        ),
        "price": QuantityField(_("Price"), min_value=0, max_value=10**12),
        **_fields_given(program),
        **_fields_of_limits(),
    }
    tiers = Tier.objects.filter(program=program, ladder__position=0, is_retired=False)
    by_code = {
        tier.code: in_language(tier.name, tier.name_ru) for tier in tiers.order_by("qualifying_min")
    }
    for code, name in by_code.items():
        fields[f"{TIER}{code}"] = QuantityField(name, min_value=0, required=False, max_value=10**12)
    fields["not_for"] = forms.MultipleChoiceField(
        label=_("Not for members of"),
        choices=[("", _("No tier")), *by_code.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    for name, value in _initial(program, reward).items():
        if name in fields:
            fields[name].initial = value
    return type("RewardForm", (PricedForm,), {**fields, "units": units})


def _fields_given(program: Program) -> dict[str, forms.Field]:
    """What a reward gives, by its kind."""
    promotions = Promotion.objects.filter(program=program).order_by("name")
    return {
        "promotion": forms.ChoiceField(
            label=_("Promotion"),
            required=False,
            choices=[
                ("", "–"),
                *((one.code, in_language(one.name, one.name_ru)) for one in promotions),
            ],
            help_text=_("For discounts and promo codes: each member gets a code of their own."),
        ),
        "sku": forms.CharField(
            label=_("Product"), max_length=50, required=False, help_text=_("Its code, for gifts")
        ),
        "amount": money_field(_("Amount"), program.currency),
        "lives_days": forms.IntegerField(
            label=_("Valid for days"), min_value=1, max_value=36_500, required=False
        ),
        "is_single_use": forms.BooleanField(
            label=_("A voucher pays once, and its rest is lost"), required=False
        ),
        "partner": forms.CharField(label=_("Partner"), max_length=100, required=False),
    }


def _fields_of_limits() -> dict[str, forms.Field]:
    """How many there are, for whom, and until when."""
    return {
        "stock": forms.IntegerField(
            label=_("Stock in all"),
            min_value=0,
            help_text=_("Empty: without limit"),
            required=False,
            max_value=10**12,
        ),
        "per_member_max": forms.IntegerField(
            label=_("At most for one member"), min_value=1, required=False, max_value=10_000
        ),
        "valid_from": day_field(_("From day")),
        "last_day": day_field(_("Last day")),
        "position": forms.IntegerField(label=_("Position"), min_value=0, max_value=30_000),
        "is_open": forms.BooleanField(label=_("Offered to members"), required=False),
    }


def _text(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=500, required=False, widget=forms.Textarea({"rows": 2})
    )


def _initial(program: Program, reward: Reward | None) -> dict[str, Any]:
    if reward is None:
        return {"position": 100, "is_open": True, "is_single_use": True}
    names = ("kind", "name", "name_ru", "words", "words_ru", "category", "category_ru")
    more = ("lives_days", "is_single_use", "partner", "stock", "per_member_max", "position")
    return {
        **{name: getattr(reward, name) for name in (*names, *more, "is_open")},
        "unit": reward.unit.code,
        "promotion": reward.promotion.code if reward.promotion else "",
        "sku": reward.product.sku if reward.product else "",
        "amount": as_units(reward.amount_minor, program.currency),
        "valid_from": day_of(reward.valid_from),
        "last_day": last_day_of(reward.valid_to),
        "not_for": [code for code, price in reward.tier_prices.items() if price is None],
        "price": as_counted(reward.price, reward.unit),
        **{
            f"{TIER}{code}": as_counted(price, reward.unit)
            for code, price in reward.tier_prices.items()
            if price is not None
        },
    }


def _entry(form: forms.Form, program: Program, reward: Reward | None) -> RewardInput:
    told = dict(form.cleaned_data)
    prices = {
        name.removeprefix(TIER): value
        for name, value in told.items()
        if name.startswith(TIER) and value is not None
    }
    offered = {"", *(name.removeprefix(TIER) for name in told if name.startswith(TIER))}
    before = reward.tier_prices if reward else {}
    retired = {code: price for code, price in before.items() if code not in offered}
    named = ("kind", "name", "price", "name_ru", "words", "words_ru", "category", "category_ru")
    more = ("unit", "stock", "per_member_max", "is_open", "position", "promotion", "sku")
    last = ("lives_days", "is_single_use", "partner")
    return RewardInput(
        code=reward.code if reward else _new_code(program, told["name"]),
        **{name: told[name] for name in (*named, *more, *last)},
        tier_prices=retired | prices | dict.fromkeys(told["not_for"]),
        valid_from=start_of(told["valid_from"]),
        valid_to=end_of(told["last_day"]),
        amount_minor=as_minor(told["amount"], program.currency),
    )


def _new_code(program: Program, name: str) -> str:
    taken = Reward.objects.filter(program=program).count()
    return f"{slugify(name)[:40] or 'reward'}-{taken + 1}"
