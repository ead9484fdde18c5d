"""When time alone may change who is in, for everybody at once: never later than it truly does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from regulars.core.conditions.tree import Condition, Did, Test, leaves_of, performed_in
from regulars.core.conditions.windows import bounds_of
from regulars.customers.knowledge import Lake
from regulars.insight.segments.people import facts_of

DAY_S = 86_400
ZONES_S = 14 * 3_600
"""A local day begins at most this long before the same day does in UTC."""


def next_turn(people: Any, conditions: Sequence[Condition], lake: Lake, *, now: datetime) -> Any:
    """The table of people with `turn_s`: seconds since 1970 of the next turn, or null."""
    import ibis  # slow to import

    from regulars.core.conditions.sets import column_of

    now_s = int(now.timestamp())
    moments = [
        turn
        for condition in conditions
        for leaf in leaves_of(condition)
        if isinstance(leaf, Test) and leaf.operator.needs == "days"
        for turn in _of_field(column_of(leaf.field, people), leaf, now_s)
    ]
    people = people.mutate(**{f"turn_{at}": moment for at, moment in enumerate(moments)})
    names = [f"turn_{at}" for at in range(len(moments))]
    moving = _moving(conditions)
    by_day = _by_day(conditions)
    asked = {name: moving.get(name, []) for name in (*moving, *by_day)}
    facts = facts_of([*chain(*moving.values()), *chain(*by_day.values())], lake)
    for name, dids in asked.items():
        first = _of_facts(facts[name], dids, by_day.get(name, []), now=now).rename(
            turn_id="person_id", **{f"turn_{name}": "turn"}
        )
        people = people.left_join(first, people.person_id == first.turn_id).drop("turn_id")
        names.append(f"turn_{name}")
    known = [people[name] for name in names] or [ibis.null("int64")]
    return people.mutate(turn_s=ibis.least(*known) if len(known) > 1 else known[0])


def _by_day(conditions: Sequence[Condition]) -> dict[str, list[Did]]:
    """The tests of what was done that ask about a day which moves on, such as a property's."""
    found: dict[str, dict[str, Did]] = {}
    for condition in conditions:
        for did in performed_in(condition):
            if _days_in(did):
                found.setdefault(did.fact.name, {})[did.column] = did
    return {name: list(dids.values()) for name, dids in found.items()}


def _days_in(did: Did) -> list[Test]:
    leaves = (leaf for part in (did.where, did.test) for leaf in leaves_of(part))
    return [leaf for leaf in leaves if isinstance(leaf, Test) and leaf.operator.needs == "days"]


def _moving(conditions: Sequence[Condition]) -> dict[str, list[Did]]:
    found: dict[str, dict[str, Did]] = {}
    for condition in conditions:
        for did in performed_in(condition):
            if did.window and did.window.kind != "dates":
                found.setdefault(did.fact.name, {})[did.column] = did
    return {name: list(dids.values()) for name, dids in found.items()}


def _of_facts(rows: Any, dids: Sequence[Did], by_day: Sequence[Did], *, now: datetime) -> Any:
    """By person the first moment at which one of the facts comes into a window or drops out.

    Or, where a day is asked about that moves on, at which that test of a fact may turn.
    """
    import ibis  # slow to import

    from regulars.core.conditions.sets import column_of, moment_in, truth_in

    now_s = int(now.timestamp())
    turns = [
        turn
        for did in by_day
        for leaf in _days_in(did)
        for turn in _of_field(column_of(leaf.field, rows), leaf, now_s)
    ]
    for did in dids:
        assert did.window is not None
        near, far = (int(reach.total_seconds()) for reach in did.window.reach)
        low = bounds_of(did.window, now)[0]
        assert low is not None
        counts = rows["at"] >= moment_in(rows["at"], low)
        if not _days_in(did):
            counts &= truth_in(rows, did.where, now=now).fill_null(False)
        at_s = _seconds(rows["at"])
        turn = ibis.ifelse(at_s + near > now_s, at_s + near, at_s + far)
        turns.append(ibis.ifelse(counts, turn, ibis.null("int64")))
    first = ibis.least(*turns) if len(turns) > 1 else turns[0]
    known = rows.mutate(turn=first)
    return known.filter(known.turn.notnull()).group_by("person_id").agg(turn=known.turn.min())


def _seconds(column: Any) -> Any:
    """Whole seconds since 1970; what DuckDB gives for them has fractions, whatever Ibis calls it."""
    return column.epoch_seconds().cast("float64").floor().cast("int64")


def _of_field(column: Any, test: Test, now_s: int) -> list[Any]:
    """The moments at which a test of days may turn, as far as they are ahead."""
    import ibis  # slow to import

    days_s = int(timedelta(days=int(test.values[0])).total_seconds())  # type: ignore[arg-type]
    is_day = test.field.type == "date"
    moment = column.cast("timestamp") if is_day else column
    at_s = _seconds(moment)
    early, late = (ZONES_S, ZONES_S + DAY_S) if is_day else (0, 1)
    turns = []
    for shift in (-days_s, 0, days_s):
        soonest = ibis.greatest(at_s + shift - early, ibis.literal(now_s, "int64"))
        turns.append(ibis.ifelse(at_s + shift + late > now_s, soonest, ibis.null("int64")))
    return turns
