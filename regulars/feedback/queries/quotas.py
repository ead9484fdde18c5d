"""Quotas of surveys: which there are, and which of them an answer belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from regulars.company.models import Store
from regulars.feedback.models import Quota
from regulars.feedback.survey.expression import read_expression


@dataclass(frozen=True, slots=True)
class QuotaFacts:
    """What the condition of a quota may ask of an answer: its values, and where it comes from."""

    survey_id: int
    values: Mapping[str, Any] = field(default_factory=dict)
    channel: str = ""
    language: str = ""
    store_id: int | None = None

    def record(self, codes: Mapping[int, str]) -> dict[str, Any]:
        """The values by name; a question goes before a fact of the same name."""
        store = codes.get(self.store_id or 0)
        told = {"channel": self.channel, "language": self.language, "store": store}
        return told | dict(self.values)


def quotas_met(facts: Sequence[QuotaFacts]) -> list[list[Quota]]:
    """The quotas that each of these answers belongs to, in the order of their ids.

    Two statements: the quotas, and the codes of stores that conditions may name.
    """
    quotas = list(Quota.objects.filter(survey__in={one.survey_id for one in facts}).order_by("pk"))
    if not quotas:
        return [[] for _ in facts]
    stores = Store.objects.filter(pk__in={one.store_id for one in facts if one.store_id})
    codes = dict(stores.values_list("pk", "code"))
    return [
        [quota for quota in quotas if _is_in(quota, each, each.record(codes))] for each in facts
    ]


def _is_in(quota: Quota, facts: QuotaFacts, record: Mapping[str, Any]) -> bool:
    if quota.survey_id != facts.survey_id:
        return False
    return not quota.condition or read_expression(quota.condition).holds(record)


def full_quotas(facts: Sequence[QuotaFacts]) -> list[str]:
    """The first full quota that each answer would meet, by name; empty where there is a place."""
    return [
        next((one.name for one in met if one.taken >= one.places), "") for met in quotas_met(facts)
    ]


def miscounted_quotas() -> list[str]:
    """Quotas whose count of places taken differs from the answers that say they took one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT quota.id, quota.taken, count(answer.id) FROM feedback_quota quota
            LEFT JOIN feedback_answer answer
                ON answer.survey_id = quota.survey_id AND quota.id = ANY(answer.quota_ids)
            GROUP BY quota.id HAVING quota.taken <> count(answer.id) ORDER BY quota.id"""
        )
        return [
            f"quota {pk} says {taken} places are taken, {counted} answers took one"
            for pk, taken, counted in cursor.fetchall()
        ]
