"""Who was erased, for restores of older backups: in the database, and in a file beside it."""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from regulars.core.holdings import Person
from regulars.core.sealing import keyring
from regulars.customers.models import Tombstone
from regulars.environment import data_folder, read

PURPOSE = "tombstones"


def tombstone_file() -> Path:
    """Where the list lies that survives a restore of the database."""
    given = read("TOMBSTONES")
    return Path(given).expanduser() if given else data_folder() / "tombstones.jsonl"


def add_tombstone(person: Person, *, request_number: int, now: datetime) -> Tombstone:
    """Notes that a person was erased, first in the file and then in the database.

    The file comes first: an erasure that fails after it is only done again.
    """
    key = keyring()[0]
    kept = Tombstone(
        request_number=request_number,
        customer_ids=list(person.customer_ids),
        digests=sorted({key.digest(value.lower(), PURPOSE) for value in person.values}),
        key_id=key.id.hex(),
        erased_at=now,
    )
    _append(tombstone_file(), as_entry(kept))
    kept.save()
    return kept


def as_entry(kept: Tombstone) -> dict[str, Any]:
    """A tombstone as plain values, as the file and backups hold it."""
    return {
        "mark": str(kept.mark),
        "request": kept.request_number,
        "customers": kept.customer_ids,
        "digests": kept.digests,
        "key": kept.key_id,
        "at": kept.erased_at.isoformat(),
    }


def read_tombstones(path: Path) -> list[Tombstone]:
    """The entries of such a file; a last line that was cut off by a crash is left out."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(_from_entry(json.loads(line)))
        except json.JSONDecodeError:
            continue
    return found


def missing_here(entries: Iterable[Tombstone]) -> list[Tombstone]:
    """The tombstones that this database does not know: those erasures must be done again."""
    by_mark = {entry.mark: entry for entry in entries}
    known = set(Tombstone.objects.filter(mark__in=by_mark).values_list("mark", flat=True))
    return [entry for mark, entry in by_mark.items() if mark not in known]


def write_missing_to_file(path: Path) -> int:
    """Adds to a file the tombstones of this database that it lacks; how many they were."""
    there = {entry.mark for entry in read_tombstones(path)}
    lacking = [kept for kept in Tombstone.objects.order_by("id") if kept.mark not in there]
    for kept in lacking:
        _append(path, as_entry(kept))
    return len(lacking)


def _from_entry(entry: dict[str, Any]) -> Tombstone:
    return Tombstone(
        mark=UUID(entry["mark"]),
        request_number=entry["request"],
        customer_ids=entry["customers"],
        digests=entry["digests"],
        key_id=entry["key"],
        erased_at=datetime.fromisoformat(entry["at"]),
    )


def _append(path: Path, entry: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
        file.flush()
        os.fsync(file.fileno())
