"""Stores: one row for each, by its code."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.company.actions import StoreInput, add_stores
from regulars.company.models import Store
from regulars.connectors.fields import Field
from regulars.connectors.staging.stage import Unit
from regulars.connectors.targets import Outcome, Target, Undone, Writing, outcomes_of, targets
from regulars.connectors.targets.unused import remove_unused

KINDS = {"web": "web", "online": "web", "интернет": "web", "онлайн": "web"}


class Stores(Target):
    """Places and web shops with their addresses and time zones."""

    label = _("Stores")
    hint = _("One row for each store, by its code.")
    unique = "code"
    keeps_ids = True
    fields = (
        Field(
            "code",
            _("Store code"),
            "key",
            required=True,
            length_max=50,
            synonyms=("store|store id|shop id|id|number|код|код магазина|номер магазина|магазин"),
        ),
        Field(
            "name",
            _("Name"),
            "text",
            length_max=100,
            synonyms="store name|title|название|наименование|название магазина",
        ),
        Field(
            "name_ru",
            _("Name in Russian"),
            "text",
            length_max=100,
            synonyms="russian name|название по-русски|название на русском",
        ),
        Field(
            "kind",
            _("Shop or web"),
            "text",
            length_max=50,
            synonyms="type|channel|тип|вид|канал",
        ),
        Field("city", _("City"), "text", length_max=100, synonyms="town|город"),
        Field(
            "city_ru",
            _("City in Russian"),
            "text",
            length_max=100,
            synonyms="город по-русски|город на русском",
        ),
        Field("address", _("Address"), "text", synonyms="street|адрес|улица"),
        Field(
            "timezone",
            _("Time zone"),
            "text",
            length_max=50,
            synonyms="time zone|tz|часовой пояс",
        ),
    )

    @override
    def write(self, units: Sequence[Unit], writing: Writing) -> list[Outcome]:
        return outcomes_of(add_stores([_store(unit) for unit in units]))

    @override
    def undo(self, work_id: int, *, count: int, now: datetime) -> Undone:
        return remove_unused(Store, work_id, count=count)


targets.add("stores")(Stores())


def _store(unit: Unit) -> StoreInput:
    told = {name: value or "" for name, value in unit.values.items()}
    if "kind" in told:
        told["kind"] = KINDS.get(told["kind"].lower(), "shop" if told["kind"] else "")
    return StoreInput(**told)
