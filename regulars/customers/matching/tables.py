"""Normalised fields of many records at once, by DuckDB: the same values that `traits_of` gives.

What is written in plain ASCII is normalised by SQL. Every other value goes once through the Python
function itself, so the two forms agree on all alphabets.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import duckdb

from regulars.customers.matching import normalise
from regulars.customers.matching.nicknames import FORMAL
from regulars.customers.matching.traits import NORMAL, TRAITS
from regulars.customers.rules.identities import NOBODY

RAW, RECORDS = "raw", "records"
"""Table of what files say (`record` and a column for each field of ours), and of `TRAITS`."""

_NOBODY = ", ".join(f"'{word}'" for word in sorted(NOBODY))
_NO_DAYS = ", ".join(f"'{day}'" for day in sorted(normalise.NO_DAYS))
_WORD = (
    "CASE WHEN regexp_full_match({0}, '[a-zA-Z]*') THEN lower({0}) ELSE trim("
    "regexp_replace(regexp_replace(lower({0}), '[''`]', '', 'g'), '[^a-z0-9]+', ' ', 'g')) END"
)
_SAME_DIGITS = ", ".join(f"'{str(digit) * 7}'" for digit in range(10))

_PLAIN: dict[Callable[[str], str | None], tuple[str, str]] = {
    normalise.word: ("regexp_full_match({0}, '[ -~]*')", _WORD),
    normalise.email: (
        (
            "regexp_full_match({0}, '[a-zA-Z0-9._+-]+@[a-zA-Z0-9.-]+')"
            f" AND lower(split_part({{0}}, '@', 1)) NOT IN ({_NOBODY})"
        ),
        "lower({0})",
    ),
    normalise.phone: (
        (
            "(regexp_full_match({0}, '[+][0-9]{{7,15}}')"
            f" AND substr({{0}}, -7) NOT IN ({_SAME_DIGITS}))"
        ),
        "{0}",
    ),
    normalise.code: (
        "regexp_full_match({0}, '[A-Za-z0-9 ]+')",
        "upper(replace({0}, ' ', ''))",
    ),
    normalise.day: (
        (
            "(regexp_full_match({0}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|[0-9]{{8}}')"
            f" AND replace({{0}}, '-', '') NOT IN ({_NO_DAYS}))"
        ),
        "replace({0}, '-', '')",
    ),
    normalise.year: ("FALSE", "NULL"),
    normalise.gender: ("FALSE", "NULL"),
}
"""When a value is plain, and its normal form in SQL, but for words that name nobody."""

_TELLING = (
    "CASE WHEN trim({0}, '0 ') <> ''"
    f" AND lower(replace({{0}}, ' ', '')) NOT IN ({_NOBODY}) THEN {{0}} END"
)


def normalise_table(connection: duckdb.DuckDBPyConnection, columns: Iterable[str]) -> None:
    """Make the table `RECORDS` of `record` and all `TRAITS` from `RAW`, which has these columns."""
    columns = set(columns)
    joins: list[str] = []
    normal = {
        field: _normal_sql(connection, field, NORMAL[field], joins)
        for field in NORMAL
        if field in columns
    }
    if "birthday" in columns:
        year = _normal_sql(connection, "birthday", normalise.year, joins)
        years = [f"substr({normal['birthday']}, 1, 4)", year, normal.get("birth_year", "NULL")]
        normal["birth_year"] = f"coalesce({', '.join(years)})"
    selected = {field: normal.get(field, "NULL::VARCHAR") for field in NORMAL}
    if "name" in columns:
        joins.append(_join_names(connection))
        selected |= {"first": "whole.first", "last": "whole.last", "more": "whole.more"}
    else:
        selected |= {"first": "NULL", "last": "NULL", "more": "NULL::VARCHAR[]"}
    listed = ", ".join(f"{sql} AS {name}" for name, sql in selected.items())
    telling = ", ".join(
        f"{_TELLING.format(field)} AS {field}"
        for field, function in NORMAL.items()
        if function in {normalise.word, normalise.code}
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE normal AS SELECT * REPLACE ({telling})"
        f" FROM (SELECT record, {listed} FROM {RAW} {' '.join(joins)})"
    )
    _derive(connection)
    connection.execute("DROP TABLE normal")


def _normal_sql(
    connection: duckdb.DuckDBPyConnection,
    column: str,
    function: Callable[[str], str | None],
    joins: list[str],
) -> str:
    plain, sql = (text.format(f"{RAW}.{column}") for text in _PLAIN[function])
    found = connection.execute(
        f"SELECT DISTINCT {column} FROM {RAW} WHERE {column} IS NOT NULL AND NOT ({plain})"
    ).fetchall()
    if not found:
        return f"CASE WHEN {plain} THEN {sql} END"
    name = f"{column}_{function.__name__}"
    spoken = {value: function(value) for (value,) in found}
    put_table(connection, f"odd_{name}", {"said": list(spoken), "normal": list(spoken.values())})
    joins.append(f"LEFT JOIN odd_{name} ON odd_{name}.said = {RAW}.{column}")
    return f"CASE WHEN {plain} THEN {sql} ELSE odd_{name}.normal END"


def _join_names(connection: duckdb.DuckDBPyConnection) -> str:
    found = connection.execute(f"SELECT DISTINCT name FROM {RAW} WHERE name IS NOT NULL").fetchall()
    names = [name for (name,) in found]
    parts = [normalise.name_parts(name) for name in names]
    table = {
        "said": names,
        "first": [part[0] for part in parts],
        "last": [part[1] for part in parts],
        "more": [list(part[2]) for part in parts],
    }
    put_table(connection, "whole", table, more="VARCHAR[]")
    return f"LEFT JOIN whole ON whole.said = {RAW}.name"


def put_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, list[Any]], **types: str
) -> None:
    """Make the temporary table `name` of lists of values; columns are texts unless `types` says.

    Lists and not Arrow tables: registering one loads Arrow's whole scanner, which takes longer
    than everything else on a small file.
    """
    listed = ", ".join(
        f"unnest(?::{types.get(column, 'VARCHAR')}[]) AS {column}" for column in columns
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {listed}", list(columns.values())
    )


def _derive(connection: duckdb.DuckDBPyConnection) -> None:
    """The names, their full forms, and the street with its number, as `names_of` gives them."""
    short = {"said": list(FORMAL), "normal": list(FORMAL.values())}
    put_table(connection, "nicknames", short)
    own = "string_split(concat_ws(' ', given, surname), ' ')"
    sorted_words = "nullif(array_to_string(list_sort(list_distinct({})), ' '), '')".format
    others = f"list_filter(extra, lambda word: NOT list_contains({own}, word))"
    special = {
        "formal": "coalesce(nicknames.normal, given)",
        "others": sorted_words(others),
        "names": sorted_words(
            f"list_concat(list_filter({own}, lambda word: word <> ''), {others})"
        ),
        "street": "nullif(concat_ws(' ', house, street, address_2), '')",
    }
    listed = ", ".join(f"{special.get(field, field)} AS {field}" for field in TRAITS)
    connection.execute(f"""
        CREATE OR REPLACE TABLE {RECORDS} AS
        WITH named AS (
            SELECT * REPLACE (
                CASE WHEN bare THEN first ELSE given END AS given,
                CASE WHEN bare THEN last ELSE surname END AS surname
            ),
            coalesce(CASE WHEN bare THEN more ELSE list_concat([first, last], more) END, [])
                AS extra
            FROM (SELECT *, given IS NULL AND surname IS NULL AS bare FROM normal)
        )
        SELECT record, {listed}
        FROM (SELECT * REPLACE (list_filter(extra, lambda word: word IS NOT NULL) AS extra) FROM named)
        LEFT JOIN nicknames ON nicknames.said = given
    """)
