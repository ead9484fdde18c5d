"""The company's face: name, colour, logo, language, zone and currency."""

from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from regulars.company.events import SampleDataRemoved
from regulars.company.models import Brand
from regulars.company.queries import THE_BRAND, get_brand, remembered_brand
from regulars.company.rules import logo_kind, problem_of_brand
from regulars.core.errors import Refused
from regulars.core.events import publish

LOGO_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BrandInput:
    """What the owner says of the company; `color` is `#rrggbb`. Without a logo the old one stays."""

    name: str
    color: str
    language: str
    timezone: str
    currency: str
    logo: bytes | None = None
    without_logo: bool = False


@transaction.atomic
def set_brand(told: BrandInput, *, first_job: str | None = None) -> Brand:
    """The brand as it is from now on; `Refused` names the field that cannot be.

    Text on the brand's colour turns black or white, whichever reads better; on any colour one of
    the two reaches the contrast that WCAG 2.2 asks for, so no colour has to be refused.
    """
    if problem := problem_of_brand(told.name, told.color, told.timezone, told.currency):
        raise Refused(problem.code, str(problem.message), problem.field)
    values: dict[str, object] = {
        "name": told.name.strip(),
        "color": told.color.lower(),
        "language": told.language,
        "timezone": told.timezone,
        "currency": told.currency,
    }
    if first_job is not None:
        values |= {"first_job": first_job, "is_set_up": True}
    brand, _created = Brand.objects.select_for_update().update_or_create(
        pk=THE_BRAND, defaults=values
    )
    if told.without_logo and brand.logo:
        brand.logo.delete()
    if told.logo:
        _set_logo(brand, told.logo)
    if (memory := remembered_brand.get()) is not None:
        memory["brand"] = brand
    return brand


def _set_logo(brand: Brand, content: bytes) -> None:
    kind = logo_kind(content)
    if kind is None or len(content) > LOGO_BYTES_MAX:
        raise Refused("bad_logo", _("A PNG, JPEG or WebP picture of at most 1 MB"), "logo")
    if brand.logo:
        brand.logo.delete(save=False)
    brand.logo.save(f"logo.{kind}", ContentFile(content))


@transaction.atomic
def set_sample(*, present: bool, note: str = "", note_ru: str = "") -> None:
    """Say that the company holds generated rows, and in one sentence which; or that it does not."""
    Brand.objects.get_or_create(pk=THE_BRAND, defaults={"name": get_brand().name})
    Brand.objects.filter(pk=THE_BRAND).update(
        has_sample=present, sample_note=note, sample_note_ru=note_ru
    )
    if (memory := remembered_brand.get()) is not None:
        memory.pop("brand", None)


@transaction.atomic
def remove_sample_data() -> None:
    """Have every domain delete its generated rows; they are gone within moments, for good."""
    if not Brand.objects.select_for_update().filter(pk=THE_BRAND, has_sample=True).exists():
        return
    set_sample(present=False)
    publish(SampleDataRemoved())
