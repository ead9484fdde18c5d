"""The contact budget: one for all departments, decided contact by contact.

The algorithm in prose, with worked tables: `docs/algorithms/contact-budget.md`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from regulars.core.errors import Refused

DUPLICATE = "duplicate"
"""What is said to have blocked a message that is the same as an earlier one."""

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


def duration(text: str) -> timedelta:
    """Elapsed time written as an ISO 8601 duration of weeks, days, hours, minutes and seconds.

    Months and years are refused: they have no length of their own.

    >>> duration("P7D"), duration("PT36H")
    (datetime.timedelta(days=7), datetime.timedelta(days=1, seconds=43200))
    """
    found = _DURATION.fullmatch(text.strip())
    parts = (
        {name: int(value) for name, value in found.groupdict().items() if value} if found else {}
    )
    if not parts or any(value > 100_000 for value in parts.values()):
        raise Refused("bad_duration", "write a duration such as P7D or PT12H", "window")
    return timedelta(**parts)


@dataclass(frozen=True, slots=True)
class Contact:
    """One message to a person: when, for what, by what channel; `message` is what may not repeat."""

    at: datetime
    purpose: str = ""
    channel: str = ""
    survey: str = ""
    message: str = ""
    is_reminder: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `max` contacts within its scope to one person in a rolling window.

    The scope is `all`, or `purpose:`, `survey:` or `channel:` with a name. Purposes that are
    `spared` are neither limited nor counted. Over the limit a contact is dropped (`skip`), or moved
    by `delay` and sent then if the rules allow it. Reminders are `exempt` or `counted`.
    """

    id: str
    scope: str
    max: int
    window: timedelta
    on_excess: Literal["skip", "delay"] = "skip"
    delay: timedelta = timedelta()
    reminders: Literal["exempt", "counted"] = "exempt"
    spared: frozenset[str] = frozenset()

    def is_about(self, contact: Contact) -> bool:
        """Whether a contact is limited by this rule, and counted."""
        if (contact.is_reminder and self.reminders == "exempt") or contact.purpose in self.spared:
            return False
        kind, _, name = self.scope.partition(":")
        if kind == "all":
            return True
        return name == {"purpose": contact.purpose, "survey": contact.survey}.get(
            kind, contact.channel
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a contact: `send`, `skip` or `delay`; when; and which rule refused it.

    `earliest` is the first moment at which it would be allowed, None where there never is one.
    """

    decision: Literal["send", "skip", "delay"]
    send_at: datetime | None
    earliest: datetime | None
    blocked_by: str | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What is known when a contact is asked for: the rules, the contacts before, the exception."""

    rules: Sequence[Rule]
    history: Sequence[Contact] = ()
    duplicate_window: timedelta = timedelta()
    is_unlimited: bool = False
    """Whether the person is on the list of those whom no rule limits."""


def decide(wanted: Contact, budget: Budget) -> Decision:
    """Whether a contact keeps the budget at its moment, and what becomes of it if not.

    An earlier contact counts while its time plus the window is later than the moment asked about;
    exactly at that time it no longer counts. A repeat of the same message is dropped before any
    rule. The first rule in the list that is broken decides between dropping and moving.
    """
    at = wanted.at
    blocked_by = next(_blockers(wanted, budget, at), None)
    if blocked_by is None:
        return Decision("send", at, at)
    earliest = _earliest(wanted, budget)
    rule = next((rule for rule in budget.rules if rule.id == blocked_by), None)
    if blocked_by != DUPLICATE and rule is not None and rule.on_excess == "delay":
        later = at + rule.delay
        if next(_blockers(wanted, budget, later), None) is None:
            return Decision("delay", later, earliest, blocked_by)
    return Decision("skip", None, earliest, blocked_by)


def _blockers(wanted: Contact, budget: Budget, at: datetime) -> Iterator[str]:
    """What stands against a contact at a moment, in the order of the rules."""
    if wanted.message and any(
        one.message == wanted.message and one.at <= at < one.at + budget.duplicate_window
        for one in budget.history
    ):
        yield DUPLICATE
    if budget.is_unlimited:
        return
    for rule in budget.rules:
        if rule.is_about(wanted) and _counted(rule, budget.history, at) >= rule.max:
            yield rule.id


def _counted(rule: Rule, history: Iterable[Contact], at: datetime) -> int:
    return sum(one.at <= at < one.at + rule.window and rule.is_about(one) for one in history)


def _earliest(wanted: Contact, budget: Budget) -> datetime | None:
    """The first moment without a blocker: now, or one at which some contact stops to count."""
    spans = {rule.window for rule in budget.rules} | {budget.duplicate_window}
    ends = {one.at + span for one in budget.history for span in spans}
    moments = sorted(end for end in ends if end > wanted.at)
    return next((at for at in moments if next(_blockers(wanted, budget, at), None) is None), None)


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole budget of a company: rules in their order, and what goes for all of them."""

    rules: tuple[Rule, ...] = ()
    duplicate_window: timedelta = timedelta()
    whitelist: frozenset[str] = frozenset()
    """Customers whom no rule limits, as `normal_id` writes them."""

    def decide(self, customer: str | int, wanted: Contact, history: Sequence[Contact]) -> Decision:
        """What becomes of a contact with a customer, given the contacts with that customer."""
        unlimited = normal_id(customer) in self.whitelist
        return decide(wanted, Budget(self.rules, history, self.duplicate_window, unlimited))


def normal_id(customer: str | int) -> str:
    """The form in which ids of customers compare: no spaces around, no capitals.

    >>> normal_id(" QWERTY ") == normal_id("qwerty")
    True
    """
    return str(customer).strip().casefold()


def policy_from(told: Mapping[str, Any]) -> Policy:
    """The policy that a JSON document describes: `rules`, `duplicate_window`, `whitelist`.

    A rule has `id`, `scope`, `max`, `window`, and may have `on_excess`, `delay`, `reminders`.
    """
    return Policy(
        rules=tuple(rule_from(one) for one in told.get("rules") or ()),
        duplicate_window=duration(told["duplicate_window"])
        if told.get("duplicate_window")
        else timedelta(),
        whitelist=frozenset(normal_id(one) for one in told.get("whitelist") or ()),
    )


SCOPE = re.compile(r"all|(?:purpose|survey|channel):\S{1,60}")


def rule_from(told: Mapping[str, Any]) -> Rule:
    """The rule that a JSON document describes; `Refused` names the field that will not do."""
    if not SCOPE.fullmatch(told["scope"]):
        raise Refused("bad_scope", "all, purpose:…, survey:… or channel:…", "scope")
    if not 0 <= told["max"] <= 1000:
        raise Refused("max_out_of_range", "between 0 and 1000 contacts", "max")
    on_excess, reminders = told.get("on_excess", "skip"), told.get("reminders", "exempt")
    if on_excess not in ("skip", "delay"):
        raise Refused("bad_excess", "skip or delay", "on_excess")
    if reminders not in ("exempt", "counted"):
        raise Refused("bad_reminders", "exempt or counted", "reminders")
    if on_excess == "delay" and not told.get("delay"):
        raise Refused("no_delay", "by how long it is moved, such as P2D", "delay")
    return Rule(
        id=told["id"],
        scope=told["scope"],
        max=told["max"],
        window=_window(told["window"], "window"),
        on_excess=on_excess,
        delay=_window(told["delay"], "delay") if on_excess == "delay" else timedelta(),
        reminders=reminders,
        spared=frozenset(told.get("spared", ())),
    )


def _window(text: str, field_name: str) -> timedelta:
    try:
        found = duration(text)
    except Refused as bad:
        raise Refused(bad.code, bad.message, field_name) from bad
    if not timedelta() < found <= timedelta(days=3650):
        raise Refused("bad_duration", "more than nothing, and ten years at most", field_name)
    return found


def contacts_with(
    customer: str | int, history: Iterable[Mapping[str, Any]], *, at: Callable[[str], datetime]
) -> list[Contact]:
    """The contacts of one customer among those of many, as JSON tells them."""
    wanted = normal_id(customer)
    return [contact_from(one, at=at) for one in history if normal_id(one["customer"]) == wanted]


def contact_from(told: Mapping[str, Any], *, at: Callable[[str], datetime]) -> Contact:
    """The contact that a JSON document tells: `at`, `kind`, `survey`, `message`, `purpose`."""
    return Contact(
        at=at(told["at"]),
        purpose=told.get("purpose", "survey"),
        channel=told.get("channel", ""),
        survey=told.get("survey") or "",
        message=told.get("message") or "",
        is_reminder=told.get("kind") == "reminder",
    )
