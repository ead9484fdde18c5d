"""Why records are one person, in words: fields, levels, weights, reasons and kinds."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.customers.eyes import Eyes
from regulars.customers.matching import Step
from regulars.customers.rules.facing import Faced

FIELDS: dict[str, Any] = {
    "start": _("Any two records"),
    "first name": _("First name"),
    "surname": _("Surname"),
    "other names": _("Other names"),
    "birthday": _("Birthday"),
    "e-mail": _("E-mail"),
    "phone": _("Phone"),
    "card": _("Card"),
    "document": _("Document"),
    "street": _("Street"),
    "place": _("Place"),
    "place of birth": _("Place of birth"),
    "gender": _("Gender"),
    "occupation": _("Occupation"),
    "household": _("Household"),
    "names alone": _("Caution"),
}
LEVELS: dict[str, Any] = {
    "any two records": _("one person only rarely"),
    "same": _("the same"),
    "different": _("different"),
    "short form": _("a short form of the other"),
    "nearly the same": _("nearly the same"),
    "similar": _("similar"),
    "in place of the surname": _("stands in place of the surname"),
    "in place of the first name": _("stands in place of the first name"),
    "among the other names": _("is among the other names"),
    "most in common": _("most of them in common"),
    "some in common": _("some of them in common"),
    "day and month swapped": _("day and month swapped"),
    "one digit differs": _("one digit differs"),
    "one part differs": _("one part differs"),
    "same year": _("only the year is the same"),
    "one letter differs": _("one letter differs"),
    "same postcode": _("the same postcode"),
    "nearly the same postcode": _("nearly the same postcode"),
    "same city": _("the same city"),
    "similar city": _("a similar city"),
    "same region": _("the same region"),
    "two people of one household would agree as well": _(
        "two people of one household would agree as well"
    ),
    "too little agrees to merge without asking": _("too little agrees to merge without asking"),
}
REASONS: dict[str, Any] = {
    "stated": _("somebody said so"),
    "probable": _("their facts make it probable"),
    "same_email": _("the same e-mail"),
    "same_phone": _("the same phone"),
    "same_card": _("the same card"),
    "same_number": _("the same number in one source"),
    "same_identity": _("an identity in common"),
    "moved": _("the person has another leading record"),
    "said_different": _("somebody said they are two"),
    "no_evidence": _("nothing holds them together any more"),
}
KINDS: dict[str, Any] = {
    "probable": _("Probable"),
    "stated": _("Said to be one person"),
    "cannot_link": _("Said to be two people"),
}
SHARED: dict[str, Any] = {
    "limit": _("More people have it than its limit allows"),
    "contradiction": _("Those who have it contradict each other: other names or birthdays"),
    "blocked": _("You blocked it"),
    "weak": _("Sources that tell people apart name it, as families share phones"),
}
RELATIONS: dict[str, Any] = {"household": _("Household"), "device": _("Shared device")}
IDENTITIES: dict[str, Any] = {
    "card": _("Card"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "id": _("Number in a source"),
    "device": _("Device"),
    "anonymous": _("Visitor of the site or app"),
    "advertising": _("Advertising number"),
    "push": _("Address for push messages"),
}
FACTS: dict[str, Any] = {
    "name": _("Full name"),
    "name_ru": _("Full name in Russian"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "gender": _("Gender"),
    "birth_year": _("Year of birth"),
    "birthday": _("Birthday"),
    "address": _("Address"),
    "occupation": _("Occupation"),
    "interests": _("Interests"),
    "language": _("Language"),
    "home_store": _("Home store"),
    "age": _("Age"),
    "income": _("Income"),
    "household_size": _("Household size"),
    "kids_count": _("Children"),
    "marital_status": _("Marital status"),
    "kids": _("Children"),
    "home_ownership": _("Home ownership"),
    "home": _("Home ownership"),
    "household_comp": _("Household"),
}
SOURCES: dict[str, Any] = {"sample": _("Sample"), "corrected": _("Correction the person asked for")}


_HUGE = 20.0
"""Bits: a million to one."""

_NOTHING = 0.1
"""Bits that make no difference: the step is left out."""


class Reason(NamedTuple):
    """One step of a waterfall as it is read: a field, how near, its weight in bits and as a bar.

    `share` is the weight's size in per cent of the largest, `speaks` says for which side.
    """

    field: str
    level: str
    weight: float
    share: int
    speaks: str

    @property
    def is_huge(self) -> bool:
        """Whether the weight is beyond what a number tells a person: a million times."""
        return abs(self.weight) >= _HUGE

    @property
    def times(self) -> float:
        """How many times likelier, or less likely, it makes one person: two digits count."""
        times: float = 2.0 ** min(abs(self.weight), _HUGE)
        return float(f"{times:.2g}")


def waterfall(steps: Iterable[Mapping[str, Any] | Step]) -> list[Reason]:
    """The steps of a comparison in words, the start first, then as the model took them."""
    told = [
        one if isinstance(one, Step) else Step(one["field"], one["level"], one["weight"])
        for one in steps
    ]
    largest = max((abs(step.weight) for step in told), default=0) or 1
    return [
        Reason(
            _word(FIELDS, step.field),
            _word(LEVELS, step.level),
            step.weight,
            round(abs(step.weight) / largest * 100),
            "for" if step.weight > 0 else "against",
        )
        for step in told
        if abs(step.weight) >= _NOTHING
    ]


class FacedLine(NamedTuple):
    """A fact of two records as it is read."""

    label: str
    left: str
    right: str
    verdict: str


def faced_in_words(lines: Iterable[Faced], eyes: Eyes, left: int, right: int) -> list[FacedLine]:
    """The facts of two records side by side, masked where the reader has no need of them."""

    def seen(customer_id: int, fact: str, value: Any) -> str:
        return "" if value is None else said_in_words(eyes.fact(customer_id, fact, value))

    return [
        FacedLine(
            fact_name(one.fact),
            seen(left, one.fact, one.left),
            seen(right, one.fact, one.right),
            one.verdict,
        )
        for one in lines
    ]


def fact_name(fact: str) -> str:
    """What a fact of a profile is called; traits that nobody named go by their own name."""
    return str(FACTS.get(fact, fact.replace("_", " ").capitalize()))


def said_in_words(value: Any) -> str:
    """The value of a fact as it is read."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def identity_name(kind: str) -> str:
    """What a kind of identity is called; numbers in sources name their source."""
    if kind.startswith("id@"):
        return gettext("Number in %(source)s") % {"source": kind.removeprefix("id@")}
    return _word(IDENTITIES, kind)


def reason_in_words(code: str) -> str:
    """Why records were merged or parted."""
    return _word(REASONS, code)


def source_name(source: str) -> str:
    """What a source is called."""
    return _word(SOURCES, source)


def _word(words: Mapping[str, Any], code: str) -> str:
    return str(words.get(code, code))
