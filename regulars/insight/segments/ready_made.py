"""Segments that every company has from the start; each can be copied and the copy changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from regulars.customers.actions.segments import SegmentInput, create_segment
from regulars.customers.models import Segment


@dataclass(frozen=True)
class ReadyMade:
    """One of them: its code, its names in English and Russian, and its condition."""

    code: str
    name: str
    name_ru: str
    condition: Mapping[str, Any]


def _rfm(group: str, name: str, name_ru: str) -> ReadyMade:
    condition = {"field": "rfm_segment", "is": "equals", "value": group}
    return ReadyMade(f"rfm_{group}", f"RFM: {name}", f"RFM: {name_ru}", condition)


def _generation(code: str, name: str, name_ru: str) -> ReadyMade:
    condition = {"field": "generation", "is": "equals", "value": code}
    return ReadyMade(f"generation_{code}", name, name_ru, condition)


_USED_TO_BUY = {
    "all": [
        {"field": "purchase_count", "is": "at_least", "value": 3},
        {"field": "last_purchase_at", "is": "before_last_days", "value": 60},
        {"field": "last_purchase_at", "is": "in_last_days", "value": 180},
    ]
}
_UNHAPPY = {
    "all": [
        {"field": "last_nps", "is": "at_most", "value": 6},
        {"field": "last_purchase_at", "is": "in_last_days", "value": 180},
    ]
}

_RECOMMENDS = {"field": "last_nps", "is": "at_least", "value": 9}


def _offers(*channels: str) -> dict[str, Any]:
    """Who agreed to offers on one of these channels."""
    pairs = [f"marketing:{channel}" for channel in channels]
    return {"field": "agreed", "is": "has_any", "value": pairs}


_MAY_BE_WRITTEN_TO = {
    "any": [
        {"all": [{"field": "email_known", "is": "equals", "value": True}, _offers("email")]},
        {
            "all": [
                {"field": "phone_known", "is": "equals", "value": True},
                _offers("sms", "phone", "messenger"),
            ]
        },
        _offers("push"),
    ]
}

ADVOCATES = ReadyMade("advocates", "Advocates", "Адвокаты бренда", _RECOMMENDS)
REACHABLE_ADVOCATES = ReadyMade(
    "advocates_to_contact",
    "Advocates who may be contacted",
    "Адвокаты бренда с согласием",
    {
        "all": [
            _RECOMMENDS,
            {"field": "last_answer_at", "is": "in_last_days", "value": 365},
            _MAY_BE_WRITTEN_TO,
        ]
    },
)
"""Who recommended the company within a year and agreed to offers where they can be reached."""

READY_MADE: tuple[ReadyMade, ...] = (
    ReadyMade(
        "new_customers",
        "New customers",
        "Новые клиенты",
        {"field": "first_purchase_at", "is": "in_last_days", "value": 30},
    ),
    ADVOCATES,
    REACHABLE_ADVOCATES,
    ReadyMade("at_risk", "At risk of leaving", "Могут уйти", {"any": [_USED_TO_BUY, _UNHAPPY]}),
    _rfm("champions", "Champions", "Чемпионы"),
    _rfm("loyal", "Loyal", "Лояльные"),
    _rfm("potential_loyalists", "Potential loyalists", "Станут лояльными"),
    _rfm("new", "New", "Новые"),
    _rfm("promising", "Promising", "Перспективные"),
    _rfm("need_attention", "Need attention", "Требуют внимания"),
    _rfm("about_to_sleep", "About to sleep", "Засыпающие"),
    _rfm("cannot_lose", "Cannot lose them", "Нельзя потерять"),
    _rfm("at_risk", "At risk", "В зоне риска"),
    _rfm("hibernating", "Hibernating", "Спящие"),
    _generation("boomers", "Boomers", "Бумеры"),
    _generation("x", "Generation X", "Поколение X"),
    _generation("millennials", "Millennials", "Миллениалы"),
    _generation("z", "Generation Z", "Поколение Z"),
)


@transaction.atomic
def install_ready_made(*, now: datetime) -> list[Segment]:
    """Make those whose codes are missing; one statement where none are. Harmless to repeat."""
    codes = [one.code for one in READY_MADE]
    known = set(Segment.objects.filter(code__in=codes).values_list("code", flat=True))
    if known.issuperset(codes):
        return []
    with connection.cursor() as cursor:
        # Two runs may begin at once; the second waits and finds all done.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('insight.ready_made'))")
    known = set(Segment.objects.filter(code__in=codes).values_list("code", flat=True))
    return [
        create_segment(
            one.code,
            SegmentInput(one.name, one.name_ru, condition=one.condition),
            now=now,
            is_ready_made=True,
        )
        for one in READY_MADE
        if one.code not in known
    ]
