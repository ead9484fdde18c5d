"""Customers: one row for each person, with any number of traits beside the known fields."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.connectors.fields import Field, moment_of
from regulars.connectors.staging.stage import Unit
from regulars.connectors.targets import (
    CREATED,
    KNOWN,
    TRAIT,
    Outcome,
    Target,
    Undone,
    Writing,
    is_trait,
    targets,
)
from regulars.customers.actions import CustomerRef, ProfileInput, learn_customers, unlearn_work

NOT_FACTS = frozenset({"customer", "card", "known_since"})


class Customers(Target):
    """People: who they are, how they are reached, and whatever else the file knows of them."""

    label = _("Customers")
    hint = _("One row for each person; a number, card, phone or e-mail names the person.")
    unique = "customer"
    takes_traits = True
    needs_one_of = ("customer", "card", "phone", "email")
    fields = (
        Field(
            "customer",
            _("Customer number"),
            "key",
            length_max=100,
            synonyms=(
                "customer id|id|client|client id|household|household id|user id|"
                "member id|клиент|код клиента|номер клиента|id клиента|код"
            ),
        ),
        Field(
            "card",
            _("Card number"),
            "key",
            length_max=100,
            synonyms=(
                "card|card no|loyalty card|карта|номер карты|дисконтная карта|бонусная карта"
            ),
        ),
        Field(
            "name",
            _("Full name"),
            "text",
            synonyms="full name|customer name|имя|фио|клиент фио|имя клиента",
        ),
        Field(
            "name_ru",
            _("Name in Russian"),
            "text",
            synonyms="russian name|имя по-русски|имя на русском",
        ),
        Field(
            "email",
            _("E-mail"),
            "email",
            synonyms="email|e-mail|mail|почта|электронная почта|эл почта",
        ),
        Field(
            "phone",
            _("Phone"),
            "phone",
            synonyms="phone number|mobile|tel|телефон|номер телефона|мобильный",
        ),
        Field("gender", _("Gender"), "text", length_max=10, synonyms="sex|пол"),
        Field(
            "birthday",
            _("Birthday"),
            "date",
            synonyms="birth date|date of birth|dob|дата рождения|день рождения",
        ),
        Field("birth_year", _("Year of birth"), "whole", synonyms="birth year|год рождения"),
        Field("address", _("Address"), "text", length_max=300, synonyms="street|адрес|город"),
        Field(
            "occupation",
            _("Occupation"),
            "text",
            length_max=100,
            synonyms="job|profession|занятие|профессия|род занятий",
        ),
        Field(
            "interests",
            _("Interests"),
            "text",
            length_max=1_000,
            synonyms="hobbies|интересы|увлечения",
            hint=_("Words with commas between them."),
        ),
        Field("language", _("Language"), "text", length_max=10, synonyms="lang|язык"),
        Field(
            "home_store",
            _("Code of the usual store"),
            "key",
            length_max=50,
            synonyms="store|store id|home store|магазин|код магазина",
        ),
        Field(
            "known_since",
            _("Known since"),
            "time",
            synonyms=(
                "registered|registered at|created at|registration date|дата регистрации|"
                "дата создания|клиент с"
            ),
        ),
    )

    @override
    def write(self, units: Sequence[Unit], writing: Writing) -> list[Outcome]:
        learned = learn_customers(
            [_profile(unit.values) for unit in units],
            source=writing.source,
            now=writing.now,
            work_id=writing.work_id,
        )
        outcomes = []
        for one in learned:
            if one.refused is not None:
                outcomes.append(Outcome("refused", one.refused.code, one.refused.field or ""))
            else:
                outcomes.append(CREATED if one.created or one.changed else KNOWN)
        return outcomes

    @override
    def undo(self, work_id: int, *, count: int, now: datetime) -> Undone:
        del count
        return Undone(len(unlearn_work(work_id, now=now)), 0, is_last=True)


targets.add("customers")(Customers())


def _profile(values: Mapping[str, Any]) -> ProfileInput:
    facts = {
        name.removeprefix(TRAIT): value
        for name, value in values.items()
        if value is not None and (is_trait(name) or name not in NOT_FACTS)
    }
    known_since = values.get("known_since")
    card = values.get("card")
    return ProfileInput(
        outside_id=values.get("customer") or "",
        facts=facts,
        identities=(CustomerRef("card", card),) if card else (),
        known_since=moment_of(known_since) if known_since is not None else None,
    )
