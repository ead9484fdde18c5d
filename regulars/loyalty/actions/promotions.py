"""Promotions and their codes: set up, generated, imported, blocked."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from regulars.core.conditions.reading import parse
from regulars.core.errors import Conflict, Refused
from regulars.core.sql import int_array, text_array, time_array
from regulars.customers.knowledge import CUSTOMER
from regulars.loyalty.models import Program
from regulars.loyalty.models.promotions import PromoCode, Promotion
from regulars.loyalty.rules.codes import LENGTH_MAX, LENGTH_MIN, new_codes, normal_code
from regulars.loyalty.rules.mechanic import normal_path

GENERATED_MAX = 100_000
BATCH = 10_000
LAPSE_MINUTES_MAX = 7 * 24 * 60
SCOPES = ("order", "line", "category", "cheapest")


@dataclass(frozen=True)
class PromotionInput:
    """What a promotion gives, to whom, and how often.

    The scope is `order`, `line:<sku>`, `category:<path>` or `cheapest:<sku, path or all>`. Either
    `percent_bp` (hundredths of a percent) or `amount_minor` says how much; `max_minor` caps it.
    """

    code: str
    name: str
    name_ru: str = ""
    scope: str = "order"
    percent_bp: int = 0
    amount_minor: int = 0
    max_minor: int | None = None
    basket_min_minor: int = 0
    condition: dict[str, Any] | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    uses_max: int | None = None
    per_customer_max: int | None = None
    stacking: str = "any"
    stack_group: str = ""
    lapse_minutes: int = 30
    is_open: bool = True


@dataclass(frozen=True)
class CodeInput:
    """A code of a promotion; `uses_max` None is without a limit of its own."""

    code: str
    uses_max: int | None = 1
    valid_to: datetime | None = None
    member_id: int | None = None


@transaction.atomic
def set_promotion(program: Program, entry: PromotionInput, *, now: datetime) -> Promotion:
    """A promotion as it is from now on: a new one, or the one of that code changed.

    What was taken off before stays. A global limit below what is used already is refused.
    """
    _check(entry)
    told = asdict(entry)
    kind, _, name = entry.scope.partition(":")
    if kind == "category":
        told["scope"] = f"category:{normal_path(name)}"
    known = Promotion.objects.select_for_update(no_key=True).filter(
        program=program, code=entry.code
    )
    row = known.first() or Promotion(program=program, made_at=now)
    if entry.uses_max is not None and entry.uses_max < row.used:
        raise Refused("limit_below_use", f"{row.used} uses are taken already", "uses_max")
    for name, value in told.items():
        setattr(row, name, value)
    row.save()
    return row


def _check(entry: PromotionInput) -> None:
    kind, _, name = entry.scope.partition(":")
    begins, ends = entry.valid_from, entry.valid_to
    problems = (
        (
            kind not in SCOPES or (kind == "order") == bool(name.strip(" /")),
            Refused("unknown_scope", f"no scope is called {entry.scope!r}", "scope"),
        ),
        (
            bool(entry.percent_bp) == bool(entry.amount_minor),
            Refused("share_or_amount", "say either a percentage or an amount", "percent_bp"),
        ),
        (
            not 0 <= entry.percent_bp <= 10_000,
            Refused("bad_percentage", "a percentage is between 0 and 100", "percent_bp"),
        ),
        (
            entry.stacking not in ("any", "group", "alone"),
            Refused("unknown_stacking", "codes stack any, group or alone", "stacking"),
        ),
        (
            entry.stacking == "group" and not entry.stack_group,
            Refused("group_is_missing", "say which group it belongs to", "stack_group"),
        ),
        (
            begins is not None and ends is not None and ends <= begins,
            Refused("ends_before_it_begins", "the end is not after the beginning", "valid_to"),
        ),
        (
            not 1 <= entry.lapse_minutes <= LAPSE_MINUTES_MAX,
            Refused("bad_lapse", "a reservation lapses within a week", "lapse_minutes"),
        ),
    )
    for is_wrong, refused in problems:
        if is_wrong:
            raise refused
    if entry.condition is not None:
        parse(entry.condition, CUSTOMER, path="condition")


@transaction.atomic
def add_codes(
    promotion: Promotion, entries: Sequence[CodeInput], *, origin: str, now: datetime
) -> list[PromoCode | Refused]:
    """Codes that others made: one answer each, in their order; 2 statements for all.

    A code that the promotion has already is given as it is; one of another promotion is a
    `Conflict`, and what cannot be a code is refused.
    """
    spelled = [normal_code(entry.code) for entry in entries]
    fresh = {code: entry for code, entry in zip(spelled, entries, strict=True) if code}
    _insert(promotion, list(fresh.items()), origin=origin, now=now)
    rows = PromoCode.objects.filter(code__in=list(fresh)).select_related("promotion")
    known = {row.code: row for row in rows}
    return [_answer(promotion, known.get(code) if code else None) for code in spelled]


def _answer(promotion: Promotion, row: PromoCode | None) -> PromoCode | Refused:
    if row is None:
        return Refused("not_a_code", "a code is 3 to 40 letters and digits", "code")
    if row.promotion_id != promotion.pk:
        return Conflict("code_is_taken", "another promotion has this code", "code")
    return row


def _insert(
    promotion: Promotion,
    entries: Sequence[tuple[str, CodeInput]],
    *,
    origin: str,
    now: datetime,
) -> list[tuple[int, str]]:
    """The ids and codes that are new; 1 statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO loyalty_promocode
                (promotion_id, code, member_id, origin, uses_max, used, valid_to, made_at)
            SELECT %s, code, member_id, %s, uses_max, 0, valid_to, %s
            FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[])
                AS told (code, member_id, uses_max, valid_to)
            ON CONFLICT (code) DO NOTHING RETURNING id, code""",
            [
                promotion.pk,
                origin,
                now,
                text_array(code for code, _ in entries),
                int_array(entry.member_id for _, entry in entries),
                int_array(entry.uses_max for _, entry in entries),
                time_array(entry.valid_to for _, entry in entries),
            ],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


def generate_codes(
    promotion: Promotion,
    count: int,
    *,
    now: datetime,
    length: int = 10,
    prefix: str = "",
    origin: str = "generated",
    members: Sequence[int | None] = (),
    valid_to: datetime | None = None,
) -> list[PromoCode]:
    """So many new unique codes, each good once; a statement for every ten thousand.

    Random by the system's generator, without letters that are mistaken for others, the last one a
    check character. Should a code exist already, another is drawn. `members` says whose each is.
    """
    if not 1 <= count <= GENERATED_MAX:
        raise Refused("bad_count", f"between 1 and {GENERATED_MAX} codes at once", "count")
    if not LENGTH_MIN <= length <= LENGTH_MAX:
        raise Refused("bad_length", f"a code has {LENGTH_MIN} to {LENGTH_MAX} letters", "length")
    spelled = normal_code(f"{prefix}ABC") if prefix else "ABC"
    if spelled is None or len(prefix) > 10:
        raise Refused("bad_prefix", "a prefix is at most ten letters and digits", "prefix")
    made: list[tuple[int, str]] = []
    owners = list(members) or [None] * count
    with transaction.atomic():
        while len(made) < count:
            wanted = owners[len(made) : len(made) + BATCH]
            drawn = new_codes(len(wanted), length=length, prefix=spelled.removesuffix("ABC"))
            entries = [
                (code, CodeInput(code, 1, valid_to, owner))
                for code, owner in zip(drawn, wanted, strict=True)
            ]
            made += _insert(promotion, _unlike(entries), origin=origin, now=now)
    rows = PromoCode.objects.in_bulk([id_ for id_, _ in made])
    return [rows[id_] for id_, _ in made]


def _unlike(entries: list[tuple[str, CodeInput]]) -> list[tuple[str, CodeInput]]:
    """The entries without those whose code was drawn twice."""
    return list(dict(entries).items())


@transaction.atomic
def block_code(code: PromoCode, *, now: datetime) -> PromoCode:
    """No further use of a code; what it took off before stays."""
    if code.blocked_at is None:
        code.blocked_at = now
        code.save(update_fields=["blocked_at"])
    return code
