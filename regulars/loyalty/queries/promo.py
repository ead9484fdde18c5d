"""What judging promo codes needs to know: terms, codes, counts, conditions; read for a batch."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.db import connection

from regulars.company.models import Product
from regulars.core.conditions.evaluation import holds
from regulars.core.conditions.reading import parse
from regulars.core.sql import int_array, text_array
from regulars.customers.knowledge import CUSTOMER
from regulars.customers.queries import leaders_of
from regulars.customers.queries.segments import people_among, records_of
from regulars.loyalty.models.promotions import Promotion
from regulars.loyalty.rules.discounts import BasketLine
from regulars.loyalty.rules.promo import Code, Counts, Terms, World

LOCK = "SELECT id FROM loyalty_promotion WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"

CODES = """
    SELECT code.code, code.id, code.promotion_id, code.uses_max, code.used, code.valid_to,
        code.blocked_at IS NOT NULL, code.member_id IS NOT NULL,
        coalesce(customer.merged_into_id, customer.id)
    FROM loyalty_promocode code
    LEFT JOIN loyalty_member member ON member.id = code.member_id
    LEFT JOIN customers_customer customer ON customer.id = member.customer_id
    WHERE code.code = ANY(%s::text[])
"""

COUNTS = """
    SELECT use.promotion_id, coalesce(customer.merged_into_id, customer.id), count(*)
    FROM loyalty_promouse use
    JOIN loyalty_promoreservation reservation ON reservation.id = use.reservation_id
    JOIN customers_customer customer ON customer.id = reservation.customer_id
    WHERE use.promotion_id = ANY(%(promotions)s::bigint[])
        AND (use.state = 'redeemed' OR (use.state = 'reserved' AND use.lapses_at > %(now)s))
        AND reservation.customer_id IN (SELECT id FROM customers_customer
            WHERE id = ANY(%(persons)s::bigint[]) OR merged_into_id = ANY(%(persons)s::bigint[]))
    GROUP BY 1, 2
"""

LAPSED = """
    SELECT code_id, promotion_id, count(*) FROM loyalty_promouse
    WHERE promotion_id = ANY(%s::bigint[]) AND state = 'reserved' AND lapses_at <= %s
    GROUP BY 1, 2
"""


@dataclass(frozen=True)
class GoodsLine:
    """One product of a basket, tax included, after what was taken off the line before.

    Of goods that are known by their category only, `category` is its path. `is_sum` is an amount
    of goods that nobody named: no discount for certain goods finds anything in it.
    """

    sku: str
    total_minor: int
    quantity_milli: int = 1000
    category: str = ""
    is_sum: bool = False

    @property
    def told(self) -> tuple[str | int | bool, ...]:
        """What stands for the line where baskets are compared."""
        plain = (self.sku, self.total_minor, self.quantity_milli)
        return (*plain, self.category, self.is_sum) if self.category or self.is_sum else plain


@dataclass(frozen=True)
class Basket:
    """A basket and the codes entered for it; the customer may be unknown. `key` names it for ever."""

    key: str
    lines: Sequence[GoodsLine]
    codes: Sequence[str]
    customer_id: int | None = None

    @property
    def total_minor(self) -> int:
        """What the goods cost before any code."""
        return sum(line.total_minor for line in self.lines)


def hash_of(basket: Basket) -> str:
    """What stands for a basket's content, to tell a repeat from another basket of the same key."""
    told = [
        basket.customer_id,
        list(basket.codes),
        [one.told for one in basket.lines],
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def promotion_ids_of(codes: Iterable[str]) -> list[int]:
    """The promotions that these codes belong to; 1 statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT promotion_id FROM loyalty_promocode WHERE code = ANY(%s::text[])",
            [text_array(codes)],
        )
        return sorted(row[0] for row in cursor.fetchall())


def lock_promotions(promotion_ids: Collection[int]) -> None:
    """Nobody else uses, redeems or rolls back codes of these promotions until we are done.

    The order of the ids keeps concurrent baskets from a deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [int_array(promotion_ids)])


def persons_by_customer(baskets: Sequence[Basket]) -> dict[int, int]:
    """The leading record of each customer; 1 statement."""
    return leaders_of({one.customer_id for one in baskets if one.customer_id is not None})


def world_of(codes: Collection[str], persons: Collection[int], *, now: datetime) -> World:
    """Everything judging needs about these codes and persons; a constant number of statements.

    Reservations that have lapsed by now do not count, whether they were swept or not.
    """
    found, used = _codes(codes)
    promotions = Promotion.objects.select_related("program").in_bulk(
        {code.promotion_id for code in found.values()}
    )
    counts = Counts({row.pk: row.used for row in promotions.values()}, used)
    _take_off_lapsed(counts, promotions, now=now)
    counts.persons.update(_counts_of_persons(promotions, persons, now=now))
    terms = {row.pk: _terms(row) for row in promotions.values()}
    return World(terms, found, counts, _matching(promotions.values(), persons, now=now))


def _codes(codes: Collection[str]) -> tuple[dict[str, Code], dict[int, int]]:
    found, used = {}, {}
    with connection.cursor() as cursor:
        cursor.execute(CODES, [text_array(codes)])
        for text, id_, promotion, most, times, valid_to, blocked, owned, owner in cursor.fetchall():
            found[text] = Code(id_, promotion, owner, most, valid_to, blocked, owned)
            used[id_] = times
    return found, used


def _take_off_lapsed(counts: Counts, promotion_ids: Collection[int], *, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LAPSED, [int_array(promotion_ids), now])
        for code_id, promotion_id, times in cursor.fetchall():
            counts.promotions[promotion_id] -= times
            if code_id in counts.codes:
                counts.codes[code_id] -= times


def _counts_of_persons(
    promotion_ids: Collection[int], persons: Collection[int], *, now: datetime
) -> dict[tuple[int, int], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            COUNTS,
            {"promotions": int_array(promotion_ids), "persons": int_array(persons), "now": now},
        )
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _matching(
    promotions: Iterable[Promotion], persons: Collection[int], *, now: datetime
) -> dict[int, frozenset[int]]:
    """Of whom the condition of each promotion is true; a statement for each source of fields."""
    conditions = {
        row.pk: parse(row.condition, CUSTOMER) for row in promotions if row.condition is not None
    }
    if not conditions or not persons:
        return {}
    records = records_of(people_among(persons), list(conditions.values()), now=now)
    return {
        id_: frozenset(
            lead for lead, record in records.items() if holds(condition, record, now=now)
        )
        for id_, condition in conditions.items()
    }


def _terms(row: Promotion) -> Terms:
    return Terms(
        id=row.pk,
        scope=row.scope,
        percent_bp=row.percent_bp,
        amount_minor=row.amount_minor,
        max_minor=row.max_minor,
        basket_min_minor=row.basket_min_minor,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        uses_max=row.uses_max,
        per_customer_max=row.per_customer_max,
        stacking=row.stacking,
        stack_group=row.stack_group,
        is_open=row.is_open and row.program.is_open,
        has_condition=row.condition is not None,
        currency=row.program.currency,
    )


def lines_of(baskets: Sequence[Basket]) -> list[list[BasketLine]]:
    """The baskets' lines for the arithmetic, with category and tags of each product; 1 statement.

    A line carries its product, its categories and `all` as tags, for discounts on the cheapest.
    """
    skus = {line.sku for basket in baskets for line in basket.lines if line.sku}
    rows = Product.objects.filter(sku__in=skus).values_list("sku", "category__path")
    paths: dict[str, str] = defaultdict(str, {sku: path or "" for sku, path in rows})
    return [
        [_line(line, paths[line.sku] or line.category) for line in basket.lines]
        for basket in baskets
    ]


def _line(line: GoodsLine, path: str) -> BasketLine:
    branches = path.split("/") if path else []
    tags = {"/".join(branches[:depth]) for depth in range(1, len(branches) + 1)}
    quantity = Fraction(max(line.quantity_milli, 1), 1000)
    return BasketLine(
        id=line.sku,
        unit_minor=line.total_minor / quantity,
        quantity=quantity,
        category=path,
        tags=frozenset() if line.is_sum else frozenset(tags | {"all", line.sku}),
    )
