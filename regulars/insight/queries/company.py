"""Where the company's days begin."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from regulars.company.queries import get_brand


def company_zone() -> str:
    """The company's time zone, which decides where its days and months begin."""
    return get_brand().timezone


def company_today(now: datetime) -> date:
    """The company's date at a moment."""
    return now.astimezone(ZoneInfo(company_zone())).date()
