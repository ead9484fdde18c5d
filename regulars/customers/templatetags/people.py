"""Filters that show people as their reader may see them: `{{ customer|called:eyes }}`."""

from django import template

from regulars.customers.eyes import Eyes
from regulars.customers.models import Customer

register = template.Library()


@register.filter
def called(customer: Customer, eyes: Eyes) -> str:
    """What a customer is called, masked where the reader has no need."""
    return eyes.name(customer)


@register.filter
def contact(customer: Customer, eyes: Eyes) -> str:
    """A customer's phone or e-mail, masked where the reader has no need."""
    return eyes.contact(customer)
