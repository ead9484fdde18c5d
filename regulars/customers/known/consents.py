"""What people agree to and refuse: by purpose and channel, the strictest over a person's records."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.conditions.fields import Choice, Field
from regulars.customers.knowledge import PERSON, Lake, Persons, Source, know
from regulars.customers.known.rows import rows_of
from regulars.customers.queries.agreements import agreements
from regulars.customers.queries.consents import purpose_names
from regulars.customers.rules.consents import CHANNELS

CONSENT = _("Consents")
NAMES = ("agreed", "refused")


def _pairs() -> Sequence[Choice]:
    return [
        Choice(f"{purpose}:{channel}", f"{name} · {gettext(label)}")
        for purpose, name in purpose_names().items()
        for channel, label in CHANNELS.items()
    ]


def _agreements(persons: Persons, now: datetime) -> dict[int, dict[str, Any]]:
    found = rows_of(
        agreements(scope=f"SELECT * FROM {PERSON}", now="%(now)s::timestamptz"),
        persons.arrays | {"now": now},
    )
    return {
        row["lead_id"]: {name: row[name].split(",") for name in NAMES if row[name]} for row in found
    }


def _agreements_in_lake(lake: Lake) -> Any:
    rows = lake["agreements"]
    return rows.select(person_id=rows.id, **{name: rows[name].split(",") for name in NAMES})


know(
    Source(
        (
            Field("agreed", "list of text", _("Agreed to"), choices=_pairs, group=CONSENT),
            Field("refused", "list of text", _("Said no to"), choices=_pairs, group=CONSENT),
        ),
        _agreements,
        _agreements_in_lake,
        ("agreements",),
        dict.fromkeys(NAMES, ()),
    )
)
