"""What members were told in time: points about to expire, tiers about to fall."""

from datetime import datetime

from regulars.loyalty.models import ExpiryReminder, FallWarning, Ladder, Program


def reminded_since(program: Program, since: datetime) -> int:
    """How many reminders of expiry a program made since a moment, whether or not a letter went."""
    rows = ExpiryReminder.objects.filter(account__unit__program=program, made_at__gte=since)
    return rows.count()


def warned_since(ladder: Ladder, since: datetime) -> int:
    """How many warnings of falls on a ladder were made since a moment, letters or not."""
    return FallWarning.objects.filter(ladder=ladder, made_at__gte=since).count()
