"""What insight knows for conditions over customers: RFM scores."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from regulars.core.conditions.fields import Choice, Field
from regulars.customers.knowledge import Lake, Persons, Source, know
from regulars.insight.models import CustomerRfm
from regulars.insight.shown.segments import NAMES

RFM = _("RFM segments")


def _scores(persons: Persons, now: datetime) -> dict[int, dict[str, Any]]:
    del now
    columns = ("customer_id", "segment", "r", "f", "m")
    rows = CustomerRfm.objects.filter(customer_id__in=persons.records).values_list(*columns)
    return {
        lead: {"rfm_segment": segment, "rfm_r": r, "rfm_f": f, "rfm_m": m}
        for lead, segment, r, f, m in rows
    }


def _scores_in_lake(lake: Lake) -> Any:
    return lake["rfm"].rename(person_id="id")


know(
    Source(
        (
            Field(
                "rfm_segment",
                "text",
                _("RFM segment"),
                choices=tuple(Choice(code, name) for code, name in NAMES.items()),
                group=RFM,
            ),
            Field("rfm_r", "integer", _("Recency from 1 to 5"), group=RFM),
            Field("rfm_f", "integer", _("Frequency from 1 to 5"), group=RFM),
            Field("rfm_m", "integer", _("Money from 1 to 5"), group=RFM),
        ),
        _scores,
        _scores_in_lake,
        ("rfm",),
    )
)
