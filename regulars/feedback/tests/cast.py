"""The surveys and customers that the tests of feedback work with."""

from datetime import UTC, datetime
from typing import Any

from regulars.company.models import Employee, Store
from regulars.customers.models import Customer
from regulars.feedback.actions.answers import AnswerInput
from regulars.feedback.actions.surveys import create_survey
from regulars.feedback.models import Survey
from regulars.feedback.queries.surveys import latest_version
from regulars.feedback.starters import starter

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def survey(key: str = "after_purchase", **changes: Any) -> Survey:
    """A survey made from a starter, with top-level changes to its definition."""
    return create_survey(
        name=f"Survey {key}", definition=starter(key).definition | changes, now=NOW
    )


def answer(asked: Survey, key: str = "a", **changes: Any) -> AnswerInput:
    """An answer to a survey; by default a promoter without words."""
    given: dict[str, Any] = {
        "key": key,
        "version": latest_version(asked),
        "values": {"nps": 10},
        "language": "en",
        "channel": "qr",
        "answered_at": NOW,
    }
    return AnswerInput(**given | changes)


def customer(name: str = "Ann") -> Customer:
    return Customer.objects.create(name=name, known_since=NOW)


def store(code: str = "S1") -> Store:
    return Store.objects.create(code=code, name=f"Store {code}", name_ru=f"Магазин {code}")


def employee(role: str = "owner", *stores: Store) -> Employee:
    made = Employee.objects.create_user(f"{role}@example.com", "correct horse", role=role)
    made.stores.set(stores)
    return made
