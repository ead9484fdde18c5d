"""What a letter to the owner of follow-ups says: scores, stores and links, nothing of customers."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from regulars.channels.actions.employees import LetterToEmployee
from regulars.channels.queries.employees import EmployeeReader
from regulars.feedback.models import FollowUp
from regulars.feedback.rules.reminding import Turn, end_of, turn_of
from regulars.feedback.shown import signal_label, store_name
from regulars.web.brand import current_brand

TOPIC = "follow_ups"
LISTED_MAX = 20
"""So many follow-ups of a kind stand in a letter; of more it says how many they are."""


def letter_to_owner(
    reader: EmployeeReader,
    follow_ups: Sequence[FollowUp],
    *,
    key: str,
    now: datetime,
    zone: ZoneInfo,
) -> LetterToEmployee:
    """The letter about these follow-ups, in the owner's language; moments by the clock of the store."""
    by_turn: dict[Turn | None, list[FollowUp]] = {}
    end = end_of(now.astimezone(zone).date(), zone)
    for one in follow_ups:
        turn = turn_of(one.due_at, is_told=one.told_at is not None, now=now, end=end)
        by_turn.setdefault(turn, []).append(one)
    language = reader.language if reader.language in ("en", "ru") else "en"
    with translation.override(language):
        names = {"overdue": _("Overdue"), "due": _("Due today"), "new": _("Newly yours")}
        parts = [
            {
                "name": name,
                "rows": [_row(one, zone) for one in by_turn[turn][:LISTED_MAX]],
                "more": max(0, len(by_turn[turn]) - LISTED_MAX),
            }
            for turn, name in names.items()
            if turn in by_turn
        ]
        title = _("Your follow-ups")
        counts = ", ".join(
            f"{name.lower()}: {len(by_turn[turn])}"
            for turn, name in names.items()
            if turn in by_turn
        )
        everything = f"{_address('feedback.follow_ups')}?whose=mine"
        context = {
            "brand": current_brand(),
            "language": language,
            "title": title,
            "preview": counts,
            "parts": parts,
            "all": everything,
            "choice": _address("feedback.follow_up_letters"),
        }
        return LetterToEmployee(
            key=key,
            employee_id=reader.id,
            subject=f"{title}: {counts}"[:200],
            text=render_to_string("feedback/owner_letter.txt", context),
            html=render_to_string("feedback/owner_letter.html", context),
            link=everything,
        )


def _row(one: FollowUp, zone: ZoneInfo) -> dict[str, str]:
    store = one.signal.store
    here = ZoneInfo(store.timezone) if store and store.timezone else zone
    due = date_format(one.due_at.astimezone(here), "SHORT_DATETIME_FORMAT")
    named = [signal_label(one.signal), store_name(store), _("due %(when)s") % {"when": due}]
    return {
        "words": " · ".join(each for each in named if each),
        "link": _address("feedback.follow_up", one.pk),
    }


def _address(name: str, *arguments: int) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=arguments)}"
