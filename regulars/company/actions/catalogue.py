"""Products and their category tree."""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from regulars.company.actions.places import Added
from regulars.company.rules import ProductInput, path_of, problem_of_product
from regulars.core.errors import Refused
from regulars.core.sql import text_array


@transaction.atomic
def add_products(batch: Sequence[ProductInput]) -> list[Added]:
    """Products are new or described anew, by their number, on categories that are made as needed.

    What a description leaves empty stays as it is. Of two rows with one number the later counts.
    Three statements, each in a fixed order, whatever the size of the batch.
    """
    problems = [problem_of_product(product) for product in batch]
    rows = {
        product.sku.strip(): product
        for product, problem in zip(batch, problems, strict=True)
        if problem is None
    }
    _grow_tree({path for product in rows.values() if (path := path_of(product.category))})
    written = _write({sku: rows[sku] for sku in sorted(rows)}) if rows else {}
    return [
        Added(0, created=False, refused=Refused(problem.code, str(problem.message), problem.field))
        if problem
        else Added(*written[product.sku.strip()])
        for product, problem in zip(batch, problems, strict=True)
    ]


def _grow_tree(paths: Iterable[tuple[str, ...]]) -> None:
    """Have every category on the way to these, each below its parent."""
    ways = sorted({path[:depth] for path in paths for depth in range(1, len(path) + 1)})
    if not ways:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO company_category (name, path)
            SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT (path) DO NOTHING""",
            [text_array([way[-1] for way in ways]), text_array(["/".join(way) for way in ways])],
        )
        cursor.execute(
            """UPDATE company_category category SET parent_id = parent.id
            FROM unnest(%s::text[], %s::text[]) AS given (path, above)
            JOIN company_category parent ON parent.path = given.above
            WHERE category.path = given.path AND category.parent_id IS NULL""",
            [
                text_array(["/".join(way) for way in ways]),
                text_array(["/".join(way[:-1]) for way in ways]),
            ],
        )


def _write(products: dict[str, ProductInput]) -> dict[str, tuple[int, bool]]:
    rows = list(products.values())
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO company_product AS product (sku, name, category_id, maker, size)
            SELECT sku, coalesce(nullif(given.name, ''), sku), category.id, maker, size
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
                WITH ORDINALITY AS given (sku, name, path, maker, size, place)
            LEFT JOIN company_category category ON category.path = given.path
            ORDER BY place
            ON CONFLICT (sku) DO UPDATE SET
                name = CASE WHEN EXCLUDED.name = EXCLUDED.sku THEN product.name ELSE EXCLUDED.name END,
                category_id = coalesce(EXCLUDED.category_id, product.category_id),
                maker = coalesce(nullif(EXCLUDED.maker, ''), product.maker),
                size = coalesce(nullif(EXCLUDED.size, ''), product.size)
            RETURNING sku, id, xmax = 0""",
            [
                text_array(products),
                text_array([row.name.strip() for row in rows]),
                text_array(["/".join(path_of(row.category)) for row in rows]),
                text_array([row.maker.strip() for row in rows]),
                text_array([row.size.strip() for row in rows]),
            ],
        )
        return {sku: (id_, created) for sku, id_, created in cursor.fetchall()}


def add_bare_products(skus: Iterable[str]) -> None:
    """Products with nothing but their number, for receipts that name them before any catalogue.

    Inserted in order, so that concurrent batches wait for each other and never deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO company_product (sku, name, maker, size)
            SELECT sku, sku, '', '' FROM unnest(%s::text[]) AS given (sku)
            ON CONFLICT (sku) DO NOTHING""",
            [text_array(sorted(skus))],
        )
