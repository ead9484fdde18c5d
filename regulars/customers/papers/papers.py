"""The papers of privacy requests: a person's data, and the certificate of an erasure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typst
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from regulars.company.queries import get_brand
from regulars.core.money import format_money

Table = tuple[str, Any, Sequence[Mapping[str, Any]]]
ROWS_MAX = 300
COLUMNS_MAX = 6
TEMPLATE = Path(__file__).parent / "paper.typ"

COLUMNS: dict[str, Any] = {
    "at": _("When"),
    "kind": _("Kind"),
    "source": _("Source"),
    "body": _("What it says"),
    "value": _("Value"),
    "name": _("Name"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "address": _("Address"),
    "birthday": _("Birthday"),
    "birth_year": _("Year of birth"),
    "gender": _("Gender"),
    "language": _("Language"),
    "interests": _("Interests"),
    "occupation": _("Occupation"),
    "traits": _("Traits"),
    "number": _("Number"),
    "store": _("Store"),
    "bought_at": _("Bought"),
    "total_minor": _("Total"),
    "discount_minor": _("Discount"),
    "lines": _("Products"),
    "channel": _("Channel"),
    "purpose": _("Purpose"),
    "subject": _("Subject"),
    "text": _("Text"),
    "state": _("State"),
    "reason": _("Reason"),
    "created_at": _("Written"),
    "sent_at": _("Sent"),
    "answered_at": _("Answered"),
    "survey": _("Survey"),
    "values": _("Answers"),
    "program": _("Program"),
    "tier": _("Tier"),
    "amount": pgettext_lazy("points", "Amount"),
    "unit": _("Unit"),
    "said_at": _("Said last"),
    "received_at": _("Received"),
    "known_since": _("Known since"),
    "touchpoint": _("Touchpoint"),
    "redeemed_at": _("Redeemed"),
    "joined_at": _("Joined"),
    "visits": _("Visits"),
    "who": _("Who"),
    "what": _("What"),
}


def paper_of(
    title: str, lines: Sequence[str], tables: Iterable[Table], *, language: str = ""
) -> bytes:
    """A PDF with a title, some lines below it, and tables; in the language of the thread."""
    brand = get_brand()
    told = {
        "title": title,
        "lines": list(lines),
        "company": brand.name,
        "color": brand.color,
        "language": (language or get_language() or "en")[:2],
        "sections": [_section(*table) for table in tables],
    }
    return bytes(
        typst.compile(
            TEMPLATE.read_bytes(),
            # Papers look the same on every machine: with the fonts that typst carries.
            ignore_system_fonts=True,
            sys_inputs={"told": json.dumps(told, ensure_ascii=False)},
        )
    )


def _section(name: str, label: Any, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    shown = [{key: _plain(key, value) for key, value in row.items()} for row in rows[:ROWS_MAX]]
    filled = [key for key in (shown[0] if shown else {}) if any(row[key] for row in shown)]
    left = len(rows) - len(shown)
    note = ngettext(
        "%(n)s more row is in the JSON file", "%(n)s more rows are in the JSON file", left
    )
    is_table = len(filled) <= COLUMNS_MAX and len(rows) > 1
    return {
        "label": str(label),
        "note": note % {"n": left} if left > 0 else "",
        "columns": [column_name(key) for key in filled] if is_table else [],
        "rows": [[row[key] for key in filled] for row in shown]
        if is_table
        else [[[column_name(key), row[key]] for key in filled if row[key]] for row in shown],
    }


def column_name(key: str) -> str:
    """What people call a column, in the language of the thread."""
    return str(COLUMNS.get(key) or key.removesuffix("_minor").replace("_", " ").capitalize())


def _plain(key: str, value: Any) -> str:
    """A value as people write it: money, moments, lists; empty for nothing."""
    if value is None or value in ("", [], {}):
        return ""
    if key.endswith("_minor") and isinstance(value, int):
        return format_money(value, get_brand().currency, get_language() or "en")
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, dict):
        parts = (f"{column_name(name)}: {_plain(name, one)}" for name, one in value.items())
        return "; ".join(part for part in parts if not part.endswith(": "))
    if isinstance(value, list):
        return "\n".join(_plain("", one) for one in value)
    return _moment(value) if key.endswith(("at", "since", "_on", "day")) else str(value)


def _moment(value: Any) -> str:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    if len(str(value)) == len("2026-01-31"):
        return date_format(date(at.year, at.month, at.day), "SHORT_DATE_FORMAT")
    return date_format(localtime(at) if at.tzinfo else at, "SHORT_DATETIME_FORMAT")
