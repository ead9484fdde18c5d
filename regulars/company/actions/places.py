"""Stores."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db import connection, transaction

from regulars.company.models import Store
from regulars.company.rules import StoreInput, problem_of_store
from regulars.core.errors import Refused
from regulars.core.sql import text_array

FIELDS = ("code", "name", "name_ru", "kind", "city", "city_ru", "address", "timezone")


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one row of a batch; `refused` says why nothing was written."""

    id: int
    created: bool
    refused: Refused | None = None


@transaction.atomic
def add_stores(batch: Sequence[StoreInput]) -> list[Added]:
    """Stores are new or described anew, by their code; the answers stand in the order of the batch.

    What a description leaves empty stays as it is. Of two rows with one code the later counts. One
    statement, in the order of codes.
    """
    problems = [problem_of_store(store) for store in batch]
    rows = {
        store.code.strip(): replace(store, code=store.code.strip())
        for store, problem in zip(batch, problems, strict=True)
        if problem is None
    }
    written = _write([rows[code] for code in sorted(rows)]) if rows else {}
    return [
        Added(0, created=False, refused=Refused(problem.code, str(problem.message), problem.field))
        if problem
        else Added(*written[store.code.strip()])
        for store, problem in zip(batch, problems, strict=True)
    ]


def _write(stores: Sequence[StoreInput]) -> dict[str, tuple[int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO company_store AS store
                (code, name, name_ru, kind, city, city_ru, address, timezone)
            SELECT code, coalesce(nullif(name, ''), code), name_ru, coalesce(nullif(kind, ''), 'shop'),
                city, city_ru, address, timezone
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[], %s::text[])
                AS given (code, name, name_ru, kind, city, city_ru, address, timezone)
            ON CONFLICT (code) DO UPDATE SET
                name = CASE WHEN EXCLUDED.name = EXCLUDED.code THEN store.name ELSE EXCLUDED.name END,
                name_ru = coalesce(nullif(EXCLUDED.name_ru, ''), store.name_ru),
                kind = CASE WHEN EXCLUDED.kind = 'web' THEN 'web' ELSE store.kind END,
                city = coalesce(nullif(EXCLUDED.city, ''), store.city),
                city_ru = coalesce(nullif(EXCLUDED.city_ru, ''), store.city_ru),
                address = coalesce(nullif(EXCLUDED.address, ''), store.address),
                timezone = coalesce(nullif(EXCLUDED.timezone, ''), store.timezone)
            RETURNING code, id, xmax = 0""",
            [text_array([getattr(store, name).strip() for store in stores]) for name in FIELDS],
        )
        return {code: (id_, created) for code, id_, created in cursor.fetchall()}


def change_store(store: Store, told: StoreInput, *, closed_on: date | None = None) -> Store:
    """The store as a person describes it now, empty fields included; its code stays."""
    told = replace(told, code=store.code, kind=told.kind or store.kind)
    if problem := problem_of_store(told):
        raise Refused(problem.code, str(problem.message), problem.field)
    for name in FIELDS[1:]:
        setattr(store, name, getattr(told, name).strip())
    store.name = store.name or store.code
    store.closed_on = closed_on
    store.save()
    return store


def add_bare_stores(codes: Iterable[str]) -> None:
    """Stores with nothing but their code, for receipts that name them before anybody described them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO company_store (code, name, name_ru, kind, city, city_ru, address, timezone)
            SELECT code, code, '', 'shop', '', '', '', '' FROM unnest(%s::text[]) AS given (code)
            ON CONFLICT (code) DO NOTHING""",
            [text_array(sorted(codes))],
        )
