"""Conditions as sentences that people check before they trust them."""

from collections.abc import Callable
from datetime import date
from typing import TypeAlias

from regulars.core.conditions.fields import Field
from regulars.core.conditions.tree import All, Any_, Condition, Not, Scalar, Test
from regulars.core.conditions.words import ENGLISH, Words

ShowValue: TypeAlias = Callable[[Field, Scalar], str]


def sentence(
    condition: Condition, *, words: Words = ENGLISH, show_value: ShowValue | None = None
) -> str:
    """What a condition says, in the reader's language.

    `words` gives the language (`django.utils.translation` will do); `show_value` writes values
    that need more than their own text, such as money or the names behind ids.
    """
    return _Speaker(words, show_value).say(condition)


class _Speaker:
    def __init__(self, words: Words, show_value: ShowValue | None) -> None:
        self._words = words
        self._show_value = show_value or self._plain

    def say(self, condition: Condition) -> str:
        match condition:
            case Test():
                return self._test(condition)
            case Not(part):
                return self._words.gettext("not (%(condition)s)") % {"condition": self.say(part)}
            case All(()):
                return self._words.gettext("everyone")
            case Any_(()):
                return self._words.gettext("no one")
            case All(parts):
                return self._joined(parts, self._words.gettext(" and "))
            case Any_(parts):
                return self._joined(parts, self._words.gettext(" or "))

    def _joined(self, parts: tuple[Condition, ...], link: str) -> str:
        if len(parts) == 1:
            return self.say(parts[0])
        return link.join(self._bracketed(part) for part in parts)

    def _bracketed(self, part: Condition) -> str:
        said = self.say(part)
        return f"({said})" if isinstance(part, All | Any_) and len(part.parts) > 1 else said

    def _test(self, test: Test) -> str:
        field = str(test.field.label)
        if test.operator.needs == "days":
            return self._days(test, int(test.values[0])) % {"field": field}  # type: ignore[arg-type]
        shown = [self._show_value(test.field, value) for value in test.values]
        phrase = self._words.gettext(test.operator.phrase)
        if test.operator.needs == "two":
            return phrase % {"field": field, "low": shown[0], "high": shown[1]}
        return phrase % {"field": field, "value": ", ".join(shown)}

    def _days(self, test: Test, days: int) -> str:
        match test.operator.name:
            case "in_last_days":
                phrase = self._words.ngettext(
                    "%(field)s was in the last %(days)s day",
                    "%(field)s was in the last %(days)s days",
                    days,
                )
            case "before_last_days":
                phrase = self._words.ngettext(
                    "%(field)s was more than %(days)s day ago",
                    "%(field)s was more than %(days)s days ago",
                    days,
                )
            case _:
                phrase = self._words.ngettext(
                    "%(field)s is in the next %(days)s day",
                    "%(field)s is in the next %(days)s days",
                    days,
                )
        return phrase.replace("%(days)s", str(days))

    def _plain(self, field: Field, value: Scalar) -> str:
        for choice in field.current_choices() or ():
            if choice.value == value:
                return str(choice.label)
        if isinstance(value, bool):
            return self._words.gettext("yes") if value else self._words.gettext("no")
        if isinstance(value, str):
            return self._words.gettext("“%(text)s”") % {"text": value}
        if isinstance(value, float):
            return f"{value:.15g}"
        return value.isoformat() if isinstance(value, date) else str(value)
