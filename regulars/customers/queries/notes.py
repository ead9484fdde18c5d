"""People's JSON written down as notes (`core.conditions.notes`), as a fragment of SQL.

The database and the lake read the same notes, so they cannot differ in what a value is.
"""

from regulars.core.conditions.notes import DIGITS_MAX, GAP, MARK, NAME_MAX

TEXT_MAX = 500
"""Longer texts are there, but nobody compares them: the lake is no place for what people write."""

_DAY = "[12]\\d{3}-\\d\\d-\\d\\d"
_TIME = "[T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?"
_OFFSET = "(Z|[+-]\\d\\d:?\\d\\d)"
_MARK, _GAP = f"chr({ord(MARK)})", f"chr({ord(GAP)})"
_CONTROL = "'[\\x01-\\x1f\\x7f]'"

_DIGITS = "rtrim(ltrim(whole || part, '0'), '0')"
_EXPONENT = """CASE WHEN whole <> '0' THEN length(whole)
    ELSE length(ltrim(part, '0')) - length(part) END"""
_SORTABLE = f"""CASE WHEN {_DIGITS} = '' THEN '1'
    WHEN plain LIKE '-%%' THEN '0' || lpad((4999 - ({_EXPONENT}))::text, 4, '0')
        || translate({_DIGITS}, '0123456789', '9876543210') || '~'
    ELSE '2' || (5000 + ({_EXPONENT})) || {_DIGITS} END"""
"""As `core.conditions.notes.sortable` has it; PostgreSQL writes numbers of JSON without exponents."""

_LETTERED = f"""CASE type
    WHEN 'boolean' THEN CASE plain WHEN 'true' THEN 'byes' ELSE 'bno' END
    WHEN 'number' THEN CASE WHEN greatest(length(whole), length(part)) > {DIGITS_MAX} THEN 'o'
        ELSE 'n' || {_SORTABLE} END
    WHEN 'string' THEN CASE WHEN length(plain) <= {TEXT_MAX} AND plain !~ '[\\x1e\\x1f]'
        THEN 't' || plain ELSE 'o' END
    ELSE 'o' END"""

_ON = f"""CASE WHEN plain ~ '^{_DAY}({_TIME}{_OFFSET}?)?$' AND pg_input_is_valid(plain, 'timestamptz')
    THEN CASE WHEN plain ~ '{_OFFSET}$' AND length(plain) > 10
        THEN (plain::timestamptz AT TIME ZONE %(zone)s)::date::text ELSE left(plain, 10) END END"""
"""The day of a text: a moment's in the company's zone, without an offset the one that is written."""


def notes_of(column: str) -> str:
    """An expression for the notes of a JSON object in a column; null where nothing is noted.

    The statement has the company's time zone as `zone`.
    """
    return f"""(SELECT string_agg({_MARK} || name || {_GAP} || {_LETTERED}
            || CASE WHEN type = 'string' AND plain ~ '^[12]\\d{{3}}-'
                THEN coalesce({_MARK} || name || {_GAP} || 'd' || ({_ON}), '') ELSE '' END,
            '' ORDER BY name) || {_MARK}
        FROM (SELECT name, type, plain, split_part(ltrim(plain, '-'), '.', 1) AS whole,
                split_part(plain, '.', 2) AS part
            FROM (SELECT name, jsonb_typeof(value) AS type, value #>> '{{}}' AS plain
                FROM jsonb_each(CASE jsonb_typeof({column}) WHEN 'object' THEN {column} END)
                    AS told (name, value)
                WHERE name <> '' AND length(name) <= {NAME_MAX} AND name !~ {_CONTROL}
                    AND jsonb_typeof(value) <> 'null') named) parted)"""
