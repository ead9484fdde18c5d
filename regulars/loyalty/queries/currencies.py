"""The money of the company."""

from regulars.company.models import Brand


def currency_here() -> str:
    """The currency the company sells in."""
    return Brand.objects.values_list("currency", flat=True).first() or "USD"
