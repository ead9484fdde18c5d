"""Why a record matches, or why not: every part of a condition with its truth and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from regulars.core.conditions.evaluation import (
    Truth,
    all_of,
    any_of,
    at_its_end,
    done_by,
    measured,
    truth_of,
)
from regulars.core.conditions.fields import Field
from regulars.core.conditions.notes import readable
from regulars.core.conditions.sentences import ShowValue, sentence
from regulars.core.conditions.tree import All, Any_, Condition, Did, Not, Test, leaves_of
from regulars.core.conditions.words import ENGLISH, Words

Kind: TypeAlias = Literal["test", "did", "all", "any", "not"]


@dataclass(frozen=True)
class Explained:
    """One part of a condition as it stands for a record.

    `truth` is None where it is unknown. `found` is the field's value for a test; for what was
    done the count or sum, or the first or last fact asked about; `shown` is the same for people
    where it has names or parts. `moments` are the latest of the facts that counted, at most five.
    """

    kind: Kind
    sentence: str
    truth: Truth
    found: Any = None
    moments: tuple[datetime, ...] = ()
    parts: tuple["Explained", ...] = ()
    shown: str = ""


def explained(
    condition: Condition,
    record: Mapping[str, Any],
    *,
    now: datetime,
    words: Words = ENGLISH,
    show_value: ShowValue | None = None,
) -> Explained:
    """The tree of a condition with the truth of each part for one record."""

    def part(inner: Condition) -> Explained:
        return explained(inner, record, now=now, words=words, show_value=show_value)

    said = sentence(condition, words=words, show_value=show_value)
    match condition:
        case Test():
            truth = truth_of(condition, record, now=now)
            found = _found(condition.field, record)
            shown = _shown(condition.field, found, words, show_value)
            return Explained("test", said, truth, found, shown=shown)
        case Did():
            return _done(condition, said, record, now=now, words=words, show_value=show_value)
        case Not(one):
            inner = part(one)
            negated = None if inner.truth is None else not inner.truth
            return Explained("not", said, negated, parts=(inner,))
        case All(parts) | Any_(parts):
            kind: Kind = "all" if isinstance(condition, All) else "any"
            inners = tuple(part(one) for one in parts)
            joined = (all_of if kind == "all" else any_of)([one.truth for one in inners])
            return Explained(kind, said, joined, parts=inners)


def _done(
    did: Did,
    said: str,
    record: Mapping[str, Any],
    *,
    now: datetime,
    words: Words,
    show_value: ShowValue | None,
) -> Explained:
    rows = done_by(did, record, now=now)
    truth = truth_of(did, record, now=now)
    moments = tuple(row["at"] for row in reversed(rows[-5:]))
    if did.measure in ("count", "sum"):
        total = measured(did, rows)
        shown = _shown(did.of, total, words, show_value) if did.of else ""
        return Explained("did", said, truth, total, moments, shown=shown)
    if not rows:
        return Explained("did", said, truth, None, moments)
    ends = at_its_end(did, rows)
    asked = next(row for row in ends if truth_of(did.test, row, now=now) is truth)
    fields = [leaf.field for leaf in leaves_of(did.test) if isinstance(leaf, Test)]
    values = [(one, _found(one, asked)) for one in fields]
    told = [_shown(one, value, words, show_value) or _plain(value) for one, value in values]
    notes = {
        one.name: readable(asked[one.name])
        for one in did.fact.fields.open_fields
        if one.name in asked
    }
    return Explained("did", said, truth, {**asked, **notes}, moments, shown=", ".join(told))


def _found(field: Field, record: Mapping[str, Any]) -> Any:
    """What a record has; of an open field whatever stands under the name, of the type or not."""
    told = record.get(field.name)
    return readable(told).get(field.key) if field.key else told


def _plain(value: Any) -> str:
    return "–" if value is None else str(value)


def _shown(field: Field, value: Any, words: Words, show_value: ShowValue | None) -> str:
    """What people call a value with a name, or several; empty where it speaks for itself."""
    if show_value and value is not None and (told := show_value(field, value)) is not None:
        return told
    if isinstance(value, bool):
        return words.gettext("yes") if value else words.gettext("no")
    if field.key and isinstance(value, str):
        return words.gettext("“%(text)s”") % {"text": value}
    names = {one.value: str(one.label) for one in field.current_choices() or ()}
    if isinstance(value, list | tuple):
        return ", ".join(names.get(one, str(one)) for one in value) or "–"
    return names.get(value, "") if value is not None else ""
