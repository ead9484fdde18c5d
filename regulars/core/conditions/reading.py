"""JSON to a checked condition; what is wrong is named by its path."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from regulars.core.conditions.fields import (
    OPEN_TYPES,
    Catalogue,
    FactKind,
    Field,
    FieldType,
    OpenField,
)
from regulars.core.conditions.notes import NAME_MAX
from regulars.core.conditions.operators import Operator, operators_of
from regulars.core.conditions.tree import (
    AT_LEAST_ONCE,
    COUNT,
    EVERYONE,
    SUM,
    All,
    Any_,
    Condition,
    Did,
    Measure,
    Not,
    Scalar,
    Test,
)
from regulars.core.conditions.values import check_value
from regulars.core.conditions.windows import DAYS_MAX, read_window
from regulars.core.conditions.words import ENGLISH, Words, gettext_noop
from regulars.core.errors import Refused

DEPTH_MAX = 10
TESTS_MAX = 200
VALUES_MAX = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
MEASURES: tuple[Measure, ...] = ("count", "sum", "first", "last")


def parse(
    raw: object, catalogue: Catalogue, *, words: Words = ENGLISH, path: str = ""
) -> Condition:
    """The condition that a JSON value means, checked against the catalogue's fields.

    Raises `Refused` at the first thing that is wrong; its `field` is the path to it, such as
    `all[1].value`, after the given `path` where the condition is part of a larger document.
    """
    return _Reader(catalogue, words).read(raw, path, depth=1)


@dataclass
class _Reader:
    catalogue: Catalogue
    words: Words
    tests: int = 0

    def read(self, raw: object, path: str, *, depth: int) -> Condition:
        if not isinstance(raw, dict):
            raise self._refused(
                "wrong_condition", gettext_noop("a condition is a JSON object"), path
            )
        if depth > DEPTH_MAX:
            raise self._refused("too_deep", gettext_noop("conditions are nested too deeply"), path)
        match [key for key in raw if key in ("all", "any", "not")]:
            case []:
                self._one_more(path)
                if "did" in raw:
                    return self._did(raw, path, depth)
                return self._test(raw, path)
            case [key]:
                self._only({key}, raw, path)
                return self._group(key, raw[key], path=_under(path, key), depth=depth)
            case _:
                raise self._refused(
                    "wrong_condition", gettext_noop("a group is one of all, any and not"), path
                )

    def _group(self, key: str, raw: object, *, path: str, depth: int) -> Condition:
        if key == "not":
            return Not(self.read(raw, path, depth=depth + 1))
        if not isinstance(raw, list):
            raise self._refused(
                "wrong_condition", gettext_noop("a list of conditions is needed"), path
            )
        parts = tuple(
            self.read(part, f"{path}[{index}]", depth=depth + 1) for index, part in enumerate(raw)
        )
        return All(parts) if key == "all" else Any_(parts)

    def _one_more(self, path: str) -> None:
        self.tests += 1
        if self.tests > TESTS_MAX:
            raise self._refused(
                "too_many_tests", gettext_noop("the condition has too many tests"), path
            )

    def _did(self, raw: dict[str, Any], path: str, depth: int) -> Did:
        fact = self.catalogue.find_fact(raw["did"])
        if fact is None:
            message = self.words.gettext("there is nothing of the kind “%(name)s” that one can do")
            raise Refused("unknown_fact", message % {"name": raw["did"]}, _under(path, "did"))
        self._only({"did", "where", "within", *MEASURES}, raw, path)
        measures = [one for one in MEASURES if one in raw]
        if len(measures) > 1:
            complaint = gettext_noop("one of count, sum, first and last is needed")
            raise self._refused("wrong_condition", complaint, _under(path, measures[1]))
        where: Condition = EVERYONE
        if "where" in raw:
            where = self._of_fact(fact, raw["where"], path=_under(path, "where"), depth=depth)
        window = None
        if "within" in raw:
            window = read_window(raw["within"], path=_under(path, "within"), words=self.words)
        did = Did(fact, where, "count", AT_LEAST_ONCE, window)
        return self._measured(did, measures[0], raw, path=path, depth=depth) if measures else did

    def _measured(
        self, did: Did, measure: Measure, raw: dict[str, Any], *, path: str, depth: int
    ) -> Did:
        told, path = raw[measure], _under(path, measure)
        if measure in ("first", "last"):
            asked = self._of_fact(did.fact, told, path=path, depth=depth)
            return replace(did, measure=measure, test=asked)
        if not isinstance(told, dict):
            raise self._refused(
                "wrong_condition", gettext_noop("a comparison is a JSON object"), path
            )
        if measure == "count":
            return replace(did, test=self._compared(COUNT, told, path))
        of = replace(self, catalogue=did.fact.fields)._field(told.get("of"), _under(path, "of"))  # noqa: SLF001
        if of.type != "integer":
            raise self._refused(
                "wrong_value", gettext_noop("only whole numbers are summed"), _under(path, "of")
            )
        rest = {key: value for key, value in told.items() if key != "of"}
        return replace(did, measure="sum", of=of, test=self._compared(SUM, rest, path))

    def _of_fact(self, fact: FactKind, raw: object, *, path: str, depth: int) -> Condition:
        """A condition over the fact's own fields; its tests count with all others."""
        inner = replace(self, catalogue=fact.fields)
        found = inner.read(raw, path, depth=depth + 1)
        self.tests = inner.tests
        return found

    def _test(self, raw: dict[str, Any], path: str) -> Test:
        opened = self.catalogue.find_open(raw.get("field"))
        if opened is not None:
            field = self._named(opened, raw, path)
            of_field = {"field", "key", "as"}
        else:
            field, of_field = self._field(raw.get("field"), _under(path, "field")), {"field"}
        self._only({*of_field, "is", "value"}, raw, path)
        return self._compared(field, {key: raw[key] for key in raw if key not in of_field}, path)

    def _named(self, opened: OpenField, raw: dict[str, Any], path: str) -> Field:
        """The field of the name that people gave; whether it is there is asked of any type."""
        key = raw.get("key")
        if not isinstance(key, str) or not is_key(key):
            message = self.words.gettext(
                gettext_noop("a name of 1 to %(most)s characters is needed, without line breaks")
            )
            raise Refused("wrong_name", message % {"most": NAME_MAX}, _under(path, "key"))
        if raw.get("is") in ("is_known", "is_unknown"):
            return opened.of(key, "anything")
        return opened.of(key, self._type(raw.get("as"), _under(path, "as")))

    def _type(self, word: object, path: str) -> FieldType:
        if not isinstance(word, str) or word not in OPEN_TYPES:
            message = self.words.gettext(gettext_noop("one of these is needed: %(names)s"))
            raise Refused("wrong_type", message % {"names": ", ".join(OPEN_TYPES)}, path)
        return OPEN_TYPES[word]

    def _compared(self, field: Field, raw: dict[str, Any], path: str) -> Test:
        operator = self._operator(raw.get("is"), field, path=_under(path, "is"))
        self._only({"is"} if operator.needs == "nothing" else {"is", "value"}, raw, path)
        values = self._values(operator, field, raw=raw.get("value"), path=_under(path, "value"))
        return Test(field, operator, values)

    def _field(self, name: object, path: str) -> Field:
        if not isinstance(name, str) or name not in self.catalogue:
            message = self.words.gettext("there is no field “%(name)s”")
            raise Refused("unknown_field", message % {"name": name}, path)
        return self.catalogue.get(name)

    def _operator(self, name: object, field: Field, *, path: str) -> Operator:
        for operator in operators_of(field):
            if operator.name == name:
                return operator
        message = self.words.gettext("the field “%(field)s” cannot be compared by “%(name)s”")
        raise Refused("unknown_operator", message % {"field": field.label, "name": name}, path)

    def _values(
        self, operator: Operator, field: Field, *, raw: object, path: str
    ) -> tuple[Scalar, ...]:
        match operator.needs:
            case "nothing":
                return ()
            case "one":
                return (check_value(field, raw, path=path, words=self.words),)
            case "days":
                return (self._days(raw, path),)
            case "two":
                return self._pair(field, raw, path=path)
            case "several":
                return self._several(field, raw, path=path)

    def _days(self, raw: object, path: str) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= DAYS_MAX:
            raise self._refused(
                "wrong_value", gettext_noop("a number of days from 1 to 36500 is needed"), path
            )
        return raw

    def _pair(self, field: Field, raw: object, *, path: str) -> tuple[Scalar, ...]:
        if not isinstance(raw, list) or len(raw) != 2:
            raise self._refused(
                "wrong_value",
                gettext_noop("a list of the lowest and highest value is needed"),
                path,
            )
        low, high = self._each(field, raw, path=path)
        if low > high:  # type: ignore[operator]
            raise self._refused(
                "wrong_value", gettext_noop("the lowest value is above the highest"), path
            )
        return low, high

    def _several(self, field: Field, raw: object, *, path: str) -> tuple[Scalar, ...]:
        if not isinstance(raw, list) or not 1 <= len(raw) <= VALUES_MAX:
            raise self._refused(
                "wrong_value", gettext_noop("a list of 1 to 1000 values is needed"), path
            )
        return self._each(field, raw, path=path)

    def _each(self, field: Field, raw: Sequence[object], *, path: str) -> tuple[Scalar, ...]:
        return tuple(
            check_value(field, value, path=f"{path}[{index}]", words=self.words)
            for index, value in enumerate(raw)
        )

    def _only(self, wanted: set[str], raw: dict[str, Any], path: str) -> None:
        for key in raw:
            if key not in wanted:
                raise self._refused(
                    "unknown_key", gettext_noop("this key does not belong here"), _under(path, key)
                )

    def _refused(self, code: str, message: str, path: str) -> Refused:
        return Refused(code, self.words.gettext(message), path or None)


def is_key(key: str) -> bool:
    """Whether people's programs may name something so: not too long, and no control characters.

    >>> is_key("план"), is_key("a.b c"), is_key("a\\nb"), is_key("x" * 101)
    (True, True, False, False)
    """
    return 0 < len(key) <= NAME_MAX and not _CONTROL.search(key)


def _under(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
