"""Reminders of points that were about to expire."""

from datetime import datetime

from regulars.loyalty.models import ExpiryReminder, Program


def reminded_since(program: Program, since: datetime) -> int:
    """How many reminders of expiry a program made since a moment, whether or not a letter went."""
    rows = ExpiryReminder.objects.filter(account__unit__program=program, made_at__gte=since)
    return rows.count()
