"""The words people agree to, and what the company writes for."""

import re
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from regulars.core.errors import Refused
from regulars.customers.models import ConsentText, Purpose
from regulars.customers.queries.consents import purposes
from regulars.customers.rules.consents import BASES, PurposeShape, text_hash

TEXT_MAX = 5000
_CODE = re.compile(r"[a-z][a-z0-9_]{1,29}")


@transaction.atomic
def publish_texts(
    purpose: str,
    texts: Mapping[str, str],
    *,
    needs_new_consent: bool,
    now: datetime,
    by_id: int | None = None,
    sample: bool = False,
) -> list[ConsentText]:
    """The next version of a purpose's text, in each language given; it cannot be changed after.

    With `needs_new_consent` everybody who agreed to an earlier version is asked again; without it
    their yes carries over.
    """
    if purpose not in purposes():
        raise Refused("unknown_purpose", f"there is no purpose {purpose!r}", "purpose")
    told = {language: text.strip() for language, text in texts.items() if text.strip()}
    if not told:
        raise Refused("no_text", "a text in one language at least", "texts")
    if any(len(text) > TEXT_MAX for text in told.values()):
        raise Refused("text_too_long", f"at most {TEXT_MAX} characters", "texts")
    Purpose.objects.select_for_update().filter(code=purpose).first()
    last = ConsentText.objects.filter(purpose=purpose).aggregate(last=Max("version"))["last"]
    return ConsentText.objects.bulk_create(
        ConsentText(
            purpose=purpose,
            language=language,
            version=(last or 0) + 1,
            text=text,
            hash=text_hash(text),
            needs_new_consent=needs_new_consent and last is not None,
            published_at=now,
            by_id=by_id,
            sample=sample,
        )
        for language, text in told.items()
    )


@transaction.atomic
def change_purpose(shape: PurposeShape) -> Purpose:
    """The purpose as it is from now on; a code that is new adds one."""
    problem = _problem_of(shape)
    if problem is not None:
        raise problem
    row, _ = Purpose.objects.update_or_create(
        code=shape.code,
        defaults={
            "name": shape.name.strip(),
            "name_ru": shape.name_ru.strip(),
            "basis": shape.basis,
            "is_refusable": shape.is_refusable,
            "confirms_email": shape.confirms_email,
            "valid_days": shape.valid_days,
            "is_on": shape.is_on,
        },
    )
    return row


def _problem_of(shape: PurposeShape) -> Refused | None:
    if not _CODE.fullmatch(shape.code):
        return Refused("bad_code", "2 to 30 small letters, digits and underscores", "code")
    if shape.code == "test":
        return Refused("fixed_purpose", "messages that try a channel stay as they are", "code")
    if not 1 <= len(shape.name.strip()) <= 100 or len(shape.name_ru) > 100:
        return Refused("bad_name", "a name of 1 to 100 characters", "name")
    return _problem_of_basis(shape)


def _problem_of_basis(shape: PurposeShape) -> Refused | None:
    if shape.basis not in BASES:
        return Refused("unknown_basis", f"one of {', '.join(BASES)}", "basis")
    if shape.basis in ("consent", "legitimate_interest") and not shape.is_refusable:
        return Refused("must_be_refusable", "people can always say no to this", "is_refusable")
    if shape.valid_days is not None and not 1 <= shape.valid_days <= 36_500:
        return Refused("days_out_of_range", "between 1 and 36500 days", "valid_days")
    return None
