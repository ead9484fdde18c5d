"""What feedback knows for conditions over customers: their scores and answers."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from regulars.core.conditions.fields import Catalogue, FactKind, Field
from regulars.customers.knowledge import (
    PERSON,
    FactSource,
    Lake,
    Persons,
    Source,
    know,
    know_facts,
)

ANSWERS = _("Answers")

SIGNALS = Catalogue("answered")
SIGNALS.add(
    Field("measure", "text", _("Measure")),
    Field("score", "number", _("Score")),
    Field("is_unhappy", "boolean", _("Unhappy")),
)


def _signals(persons: Persons, since: datetime | None) -> Mapping[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT person.lead_id, signal.id, signal.at, nullif(signal.measure, ''),
                signal.native_score, signal.is_unhappy
            FROM {PERSON} JOIN feedback_signal signal ON signal.customer_id = person.id
                AND NOT signal.is_set_aside AND signal.at >= coalesce(%(since)s::timestamptz, '-infinity')""",
            persons.arrays | {"since": since},
        )
        for lead, id_, at, measure, score, is_unhappy in cursor.fetchall():
            found[lead].append(
                {
                    "id": id_,
                    "at": at.astimezone(UTC),
                    "measure": measure,
                    "score": score,
                    "is_unhappy": is_unhappy,
                }
            )
    return found


def _signals_in_lake(lake: Lake, wanted: frozenset[str]) -> Any:
    del wanted
    rows = lake.by_person(lake["signals"])
    return rows.select(
        "person_id",
        "id",
        "at",
        "is_unhappy",
        measure=rows.measure.nullif(""),
        score=rows.native_score,
    )


know_facts(
    FactSource(
        FactKind("answered", _("Answers and scores"), SIGNALS),
        _signals,
        _signals_in_lake,
        ("signals", "persons"),
    )
)


def _answers(persons: Persons, now: datetime) -> dict[int, dict[str, Any]]:
    del now
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT person.lead_id, max(signal.at), (array_agg(signal.native_score
                ORDER BY signal.at DESC, signal.id DESC) FILTER (WHERE signal.measure = 'nps'
                    AND signal.native_score IS NOT NULL))[1]
            FROM {PERSON} JOIN feedback_signal signal ON signal.customer_id = person.id
                AND NOT signal.is_set_aside
            GROUP BY person.lead_id""",
            persons.arrays,
        )
        return {
            lead: {"last_answer_at": at.astimezone(UTC), "last_nps": nps}
            for lead, at, nps in cursor.fetchall()
        }


def _answers_in_lake(lake: Lake) -> Any:
    import ibis  # slow to import

    rows = lake.by_person(lake["signals"])
    is_nps = (rows.measure == "nps") & rows.native_score.notnull()
    latest = ibis.window(
        group_by=[rows.person_id, is_nps], order_by=[rows["at"].desc(), rows.id.desc()]
    )
    marked = rows.mutate(is_last=(ibis.row_number().over(latest) == 0) & is_nps)
    return marked.group_by("person_id").agg(
        last_answer_at=marked["at"].max(),
        last_nps=marked.native_score.max(where=marked.is_last),
    )


know(
    Source(
        (
            Field("last_nps", "number", _("Last NPS answer"), group=ANSWERS),
            Field("last_answer_at", "datetime", _("Last answer"), group=ANSWERS),
        ),
        _answers,
        _answers_in_lake,
        ("signals", "persons"),
    )
)
