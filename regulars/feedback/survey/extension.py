"""What SurveyJS has no word for, kept in a definition under the key `regulars`."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from regulars.feedback.rules.anonymity import LEAST_MAX, LEAST_MIN
from regulars.feedback.survey.expression import BadExpression, read_expression
from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.problems import Problem
from regulars.feedback.survey.texts import LocalText

Measure = Literal["nps", "csat", "ces"]
Mode = Literal["page", "message", "voice"]
NAME_LENGTH_MAX = 60


class _Block(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class ModeTexts(_Block):
    """Other words for one question: on a page, in a short message, in the ear."""

    page: LocalText = ""
    message: LocalText = ""
    voice: LocalText = ""


class Quota(_Block):
    """How many finished answers of one kind are wanted; what lies above is screened out."""

    name: str = Field(min_length=1, max_length=NAME_LENGTH_MAX)
    limit: int = Field(ge=0)
    condition: str = Field(default="", alias="if")

    def counts(self, values: Mapping[str, Value]) -> bool:
        """Whether answers fall under the quota; one without a condition counts all.

        >>> Quota.model_validate({"name": "north", "limit": 5, "if": "{city} = 'Omsk'"}).counts({})
        False
        """
        return not self.condition.strip() or read_expression(self.condition).holds(values)

    def expressions(self) -> Iterator[tuple[str, str]]:
        """The condition by property."""
        yield "quotas.if", self.condition


class Sampling(_Block):
    """The share of those who might be asked that is asked, from 0 to 1."""

    share: float = Field(default=1.0, gt=0, le=1)


class ContactPolicy(_Block):
    """How often one person may be asked this survey, and when to remind; in days."""

    every_days: int = Field(default=0, ge=0, le=3650)
    reminders: tuple[int, ...] = Field(default=(), max_length=3)
    exempt: bool = False


class Code(_Block):
    """One code of the frame that open answers are sorted into, and the words it is found by."""

    value: str = Field(min_length=1, max_length=NAME_LENGTH_MAX)
    text: LocalText = ""
    under: str = ""
    words: dict[str, tuple[str, ...]] = {}


class Consent(_Block):
    """What a yes to a question allows: a purpose of consent, on one channel or on all."""

    purpose: str = Field(min_length=1, max_length=NAME_LENGTH_MAX)
    channel: str = ""


class Anonymity(_Block):
    """The promise that no answer leads to a person, and how many make a group that may be shown."""

    least: int = Field(default=LEAST_MIN, ge=LEAST_MIN, le=LEAST_MAX)


class Extension(_Block):
    """The whole block: measures, touchpoint, texts per mode, quotas and the rest."""

    measures: dict[str, Measure] = {}
    agreements: dict[str, str] = {}
    touchpoint: str = ""
    text: str = ""
    texts: dict[str, ModeTexts] = {}
    quotas: tuple[Quota, ...] = Field(default=(), max_length=100)
    sampling: Sampling = Sampling()
    contact_policy: ContactPolicy = ContactPolicy()
    code_frame: tuple[Code, ...] = Field(default=(), max_length=500)
    consents: dict[str, Consent] = {}
    anonymity: Anonymity | None = None

    def questions_named(self) -> Iterator[str]:
        """Every question that the block speaks of by name."""
        yield from (*self.measures, *self.agreements, *self.texts, *self.consents)
        if self.text:
            yield self.text

    def flaws(self) -> Iterator[Problem]:
        """What is wrong in the block by itself."""
        for quota in self.quotas:
            yield from _condition_flaws(quota)
        yield from _twice("quota_twice", [quota.name for quota in self.quotas])
        codes = [code.value for code in self.code_frame]
        yield from _twice("code_twice", codes)
        for code in self.code_frame:
            if code.under and code.under not in codes:
                yield Problem("unknown_code", "regulars", {"name": code.under})
        if self.anonymity:
            yield from self._unlike_anonymity()

    def _unlike_anonymity(self) -> Iterator[Problem]:
        """What tells one person's answer while it comes in, or needs to know whose it is."""
        for name, is_there in (("quotas", self.quotas), ("consents", self.consents)):
            if is_there:
                yield Problem("not_anonymous", "regulars", {"property": name})


def _condition_flaws(quota: Quota) -> Iterator[Problem]:
    try:
        read_expression(quota.condition or "true")
    except BadExpression as fault:
        yield Problem("bad_expression", "regulars", {"property": "if", "reason": str(fault)})


def _twice(code: str, names: list[str]) -> Iterator[Problem]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(code, "regulars", {"name": name})
