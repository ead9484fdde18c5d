"""What insight needs to know of the company."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from regulars.company.models import Brand


def company_zone() -> str:
    """The company's time zone, which decides where its days and months begin."""
    return Brand.objects.values_list("timezone", flat=True).first() or "UTC"


def company_today(now: datetime) -> date:
    """The company's date at a moment."""
    return now.astimezone(ZoneInfo(company_zone())).date()
