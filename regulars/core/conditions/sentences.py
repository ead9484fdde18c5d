"""Conditions as sentences that people check before they trust them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TypeAlias

from regulars.core.conditions.fields import Field
from regulars.core.conditions.tree import (
    AT_LEAST_ONCE,
    EVERYONE,
    All,
    Any_,
    Condition,
    Did,
    Not,
    Scalar,
    Test,
)
from regulars.core.conditions.windows import Window
from regulars.core.conditions.words import ENGLISH, Words, gettext_noop

AND, OR = gettext_noop(" and "), gettext_noop(" or ")
EVERY, NOBODY = gettext_noop("everyone"), gettext_noop("no one")

THERE = {
    "is_known": gettext_noop("%(field)s is set"),
    "is_unknown": gettext_noop("%(field)s is not set"),
}
"""Of what people name themselves one asks whether it is there."""

ShowValue: TypeAlias = Callable[[Field, Scalar], str | None]
"""How a value is written; None for one that is its own text."""


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
        self._show_value = show_value

    def say(self, condition: Condition) -> str:
        match condition:
            case Test():
                return self._test(condition, str(condition.field.label))
            case Did():
                return self._did(condition)
            case Not(part):
                return self._words.gettext("not (%(condition)s)") % {"condition": self.say(part)}
            case All(parts):
                return self._joined(parts, AND, nothing=EVERY)
            case Any_(parts):
                return self._joined(parts, OR, nothing=NOBODY)

    def _joined(self, parts: tuple[Condition, ...], link: str, *, nothing: str) -> str:
        if not parts:
            return self._words.gettext(nothing)
        if len(parts) == 1:
            return self.say(parts[0])
        return self._words.gettext(link).join(self._bracketed(part) for part in parts)

    def _bracketed(self, part: Condition) -> str:
        said = self.say(part)
        is_long = isinstance(part, Did) or (isinstance(part, All | Any_) and len(part.parts) > 1)
        return f"({said})" if is_long else said

    def _did(self, did: Did) -> str:
        """What was done, where and when, and then what is asked of it."""
        text = str(did.fact.label)
        if did.where != EVERYONE:
            text = self._words.gettext("%(facts)s with %(where)s") % {
                "facts": text,
                "where": self._bracketed(did.where),
            }
        if did.window:
            window = self._window(did.window)
            text = self._words.gettext("%(facts)s %(window)s") % {"facts": text, "window": window}
        return f"{text}: {self._asked(did)}"

    def _asked(self, did: Did) -> str:
        gettext = self._words.gettext
        if did.test == AT_LEAST_ONCE:
            return gettext("at least one")
        if did.measure == "count" and isinstance(did.test, Test):
            return self._test(did.test, gettext("their number"))
        if did.of is not None and isinstance(did.test, Test):
            shown = replace(did.test, field=did.of)
            return self._test(shown, gettext("the sum of “%(field)s”") % {"field": did.of.label})
        phrase = (
            gettext("the first has %(condition)s")
            if did.measure == "first"
            else gettext("the last has %(condition)s")
        )
        return phrase % {"condition": self.say(did.test)}

    def _window(self, window: Window) -> str:
        match window.kind:
            case "last_days":
                phrase = self._words.ngettext(
                    "in the last %(count)s day", "in the last %(count)s days", window.far
                )
            case "last_hours":
                phrase = self._words.ngettext(
                    "in the last %(count)s hour", "in the last %(count)s hours", window.far
                )
            case "days_ago":
                phrase = self._words.ngettext(
                    "from %(near)s to %(count)s day ago",
                    "from %(near)s to %(count)s days ago",
                    window.far,
                )
            case "dates":
                return self._dates(window)
        return phrase % {"count": window.far, "near": window.near}

    def _dates(self, window: Window) -> str:
        if window.from_on and window.until_on:
            phrase = self._words.gettext("from %(first)s to %(last)s")
        elif window.from_on:
            phrase = self._words.gettext("since %(first)s")
        else:
            phrase = self._words.gettext("until %(last)s")
        return phrase % {"first": window.from_on, "last": window.until_on}

    def _test(self, test: Test, field: str) -> str:
        if test.operator.needs == "days":
            return self._days(test, int(test.values[0])) % {"field": field}  # type: ignore[arg-type]
        shown = [self._shown(test.field, value) for value in test.values]
        there = THERE if test.field.key else {}
        phrase = self._words.gettext(there.get(test.operator.name, test.operator.phrase))
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

    def _shown(self, field: Field, value: Scalar) -> str:
        told = self._show_value(field, value) if self._show_value else None
        return self._plain(field, value) if told is None else told

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
