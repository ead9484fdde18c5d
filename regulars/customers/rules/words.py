"""What may be recorded as a person's word, and what is wrong with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from regulars.core.errors import Refused
from regulars.customers.rules.consents import ANY, CHANNELS, SAID
from regulars.customers.rules.purchases import CustomerRef

CLOCK_ERROR_MAX = timedelta(hours=1)
PROOF_MAX = 40
"""So many entries a proof may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentInput:
    """What a person said of a purpose on a channel. A blank purpose or channel means all of them.

    `text_hash` names the text that was shown, `text_id` does so for callers who know the row. `key`
    names the cause; without one the content is its own key. `covers_person` tells that the person
    spoke for all records that are theirs now; otherwise the word is the record's alone.
    """

    customer: CustomerRef
    purpose: str
    channel: str
    state: str
    at: datetime
    source: str
    valid_until: datetime | None = None
    language: str = ""
    text_hash: str = ""
    text_id: int | None = None
    key: str = ""
    covers_person: bool = False
    proof: Mapping[str, Any] = field(default_factory=dict)


def problem_of(told: ConsentInput, *, purposes: Collection[str], now: datetime) -> Refused | None:
    """What is wrong with a word, or None: an invalid one changes nothing and is handed back."""
    return (
        _problem_of_words(told, purposes) or _problem_of_times(told, now) or _problem_of_rest(told)
    )


def _problem_of_words(told: ConsentInput, purposes: Collection[str]) -> Refused | None:
    if told.state not in SAID:
        return Refused("unknown_state", f"one of {', '.join(SAID)}", "state")
    if told.purpose not in {*purposes, ANY}:
        return Refused("unknown_purpose", f"there is no purpose {told.purpose!r}", "purpose")
    if told.channel not in {*CHANNELS, ANY}:
        return Refused("unknown_channel", f"one of {', '.join(CHANNELS)}", "channel")
    if told.state in ("given", "pending"):
        if ANY in (told.purpose, told.channel):
            name = "purpose" if told.purpose == ANY else "channel"
            return Refused("yes_to_what", "a yes names its purpose and its channel", name)
        if told.state == "pending" and told.channel != "email":
            return Refused("only_mail_is_confirmed", "only a yes by e-mail can wait", "state")
    return None


def _problem_of_times(told: ConsentInput, now: datetime) -> Refused | None:
    if told.at > now + CLOCK_ERROR_MAX:
        return Refused("in_the_future", "this was said in the future", "at")
    if told.valid_until is not None and told.valid_until <= told.at:
        return Refused("ends_before_it_begins", "the end is before the word itself", "valid_until")
    return None


def _problem_of_rest(told: ConsentInput) -> Refused | None:
    if not told.source.strip() or len(told.source) > 50:
        return Refused("bad_source", "a source of 1 to 50 characters", "source")
    if len(told.proof) > PROOF_MAX:
        return Refused("proof_too_long", f"at most {PROOF_MAX} entries", "proof")
    return None


def key_of(told: ConsentInput, customer_id: int) -> str:
    """The key that makes a repeat harmless: the one given, or the content itself.

    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> yes = ConsentInput(customer=CustomerRef("id", "7"), purpose="marketing", channel="sms",
    ...     state="given", at=at, source="crm")
    >>> key_of(yes, 7)
    'crm:7:marketing:sms:given:1772452800000000'
    """
    if told.key:
        return f"{told.source}:{told.key}"[:150]
    micros = round(told.at.timestamp() * 1_000_000)
    parts = (told.source, str(customer_id), told.purpose, told.channel, told.state, str(micros))
    return ":".join(parts)
