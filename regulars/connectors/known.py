"""What connectors tell those who build conditions: the names that tracking plans speak of."""

from collections.abc import Iterator

from regulars.connectors.models import TrackingPlan
from regulars.connectors.rules.cards import Property, cards_of
from regulars.core.conditions.fields import Seen
from regulars.customers.known.named import tell_names

WORDS = {"string": "text", "number": "number", "integer": "number", "boolean": "boolean"}
OF_PEOPLE = {"$identify", "$group"}
"""The entries of a plan that speak of traits of a person, and of a group, which has none here."""


def planned_properties() -> Iterator[Seen]:
    """The properties of events, pages and screens in every plan in force."""
    for name, property_ in _planned():
        if name not in OF_PEOPLE:
            yield _seen(property_)


def planned_traits() -> Iterator[Seen]:
    """The traits of `identify` in every plan in force."""
    for name, property_ in _planned():
        if name == "$identify":
            yield _seen(property_)


def _planned() -> Iterator[tuple[str, Property]]:
    newest = TrackingPlan.objects.order_by("source_id", "-version").distinct("source_id")
    for plan in newest:
        for card in cards_of(plan.schemas):
            for property_ in card.properties:
                yield card.name, property_


def _seen(told: Property) -> Seen:
    kinds = [kind for kind in told.type.split("|") if kind != "null"]
    return Seen(told.name, WORDS.get(kinds[0], "") if len(kinds) == 1 else "")


tell_names("properties", planned_properties)
tell_names("traits", planned_traits)
