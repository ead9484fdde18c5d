"""What insight needs to know of the company."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from regulars.company.models import Brand


@dataclass(frozen=True)
class CompanyFacts:
    """The company's currency and time zone, and whether generated data are still here."""

    currency: str = "USD"
    timezone: str = "UTC"
    has_sample: bool = False


def company_facts() -> CompanyFacts:
    """The company's facts, or the defaults while it is not set up."""
    row = Brand.objects.values_list("currency", "timezone", "has_sample").first()
    return CompanyFacts(*row) if row else CompanyFacts()


def company_zone() -> str:
    """The company's time zone, which decides where its days and months begin."""
    return company_facts().timezone


def company_today(now: datetime) -> date:
    """The company's date at a moment."""
    return now.astimezone(ZoneInfo(company_zone())).date()
