"""How long points live: other versions of it, and activities that prolong points."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from pydantic import ValidationError

from regulars.core.errors import Refused
from regulars.core.jobs import job
from regulars.core.sql import int_array, time_array
from regulars.loyalty.actions.programs import make_new_edition
from regulars.loyalty.models import Program, Unit
from regulars.loyalty.queries.books import zone_of_programs
from regulars.loyalty.rules.expiry import Expiry, ExpiryVersion, expires_at

APART = timedelta(microseconds=1)
"""How far versions made at one moment are put apart."""

END_OLD = """
    UPDATE loyalty_lot lot SET expires_at = %(end)s
    FROM loyalty_account account, loyalty_lot root, loyalty_transfer granted
    WHERE account.id = lot.account_id AND account.unit_id = %(unit)s AND lot.expires_at IS NULL
        AND root.id = coalesce(lot.origin_id, lot.id) AND granted.id = root.id
        AND granted.at < %(since)s
"""

PROLONG = """
    WITH given AS (
        SELECT * FROM unnest(%(accounts)s::bigint[], %(ends)s::timestamptz[]) AS given (id, ends)
    ), touched AS (
        SELECT coalesce(lot.origin_id, lot.id) AS root_id, max(given.ends) AS ends
        FROM given JOIN loyalty_lot lot ON lot.account_id = given.id AND lot.remaining > 0
            AND lot.expires_at > %(now)s AND lot.expires_at < given.ends
        GROUP BY 1
    ), family AS (
        SELECT root_id AS id, ends FROM touched
        UNION ALL
        SELECT lot.id, ends FROM touched JOIN loyalty_lot lot ON lot.origin_id = touched.root_id
    )
    UPDATE loyalty_lot lot SET expires_at = family.ends FROM family WHERE lot.id = family.id
"""


@transaction.atomic
def set_expiry(
    unit: Unit, told: Mapping[str, Any], *, now: datetime, reaches_old: bool = False
) -> Unit:
    """The unit with another expiry, for points granted from now on; told again, nothing changes.

    With `reaches_old`, points that had no end live as if they were granted now. `Refused` names
    the field that is wrong.
    """
    program = Program.objects.select_for_update().get(pk=unit.program_id)
    unit.refresh_from_db()
    if unit.kind == "qualifying":
        raise Refused("not_spendable", "qualifying points are not spent, so they never expire")
    expiry = _checked(told)
    known = [ExpiryVersion.model_validate(one) for one in unit.expiry]
    known = known or [ExpiryVersion(expiry=Expiry())]
    if known[-1].expiry == expiry:
        return unit
    since = max(now, (known[-1].in_force_from or now - APART) + APART)
    version = ExpiryVersion(expiry=expiry, in_force_from=since, reaches_old=reaches_old)
    unit.expiry = [one.model_dump(mode="json", exclude_defaults=True) for one in (*known, version)]
    unit.save(update_fields=["expiry"])
    make_new_edition(program)
    if reaches_old:
        reach_old_points.enqueue(unit_id=unit.pk)
    return unit


@job(attempts=5, queue="bulk")
def reach_old_points(*, unit_id: int) -> None:
    """Have points without an end end, where the newest version says so; again, nothing changes."""
    end_old_points(Unit.objects.get(pk=unit_id))


@transaction.atomic
def end_old_points(unit: Unit) -> int:
    """Give points that have no end the one that the newest version says; gives how many lots."""
    version = unit.life.versions[-1] if unit.life.versions else None
    if version is None or not version.reaches_old or version.in_force_from is None:
        return 0
    end = expires_at(version.expiry, version.in_force_from, zone_of_programs())
    with connection.cursor() as cursor:
        told = {"end": end, "unit": unit.pk, "since": version.in_force_from}
        cursor.execute(END_OLD, told)
        return int(cursor.rowcount)


def prolong_points(ends: Mapping[int, datetime], *, now: datetime) -> None:
    """Have the points on accounts of locked members live up to moments at least; 1 statement.

    `ends` is by account. Points that are dead by now stay so, whether a job has posted that or
    not. Points that are set aside are on no account, and keep their end.
    """
    if not ends:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            PROLONG,
            {"accounts": int_array(ends), "ends": time_array(ends.values()), "now": now},
        )


def prolong_by_spending(unit: Unit, account_id: int, *, now: datetime) -> None:
    """Whoever spends is active: what is left on the account of a locked member lives on."""
    if unit.life.may_roll and (end := unit.life.prolongs_to(now, zone_of_programs())):
        prolong_points({account_id: end}, now=now)


def _checked(told: Mapping[str, Any]) -> Expiry:
    try:
        return Expiry.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        words = str(first["msg"]).removeprefix("Value error, ")
        name, _, message = words.partition(": ")
        place = ".".join(str(part) for part in first["loc"])
        raise Refused("bad_expiry", message or words, place or name or "expiry") from error
