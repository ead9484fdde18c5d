"""What people agreed to: purposes, legal bases, and the present state as a fold over what they said.

A person's word is a fact: about a purpose and a channel, at a moment. Facts are never changed; the
state as of any moment follows from those said until then. The worked examples: `docs/consent.md`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


ANY = ""
"""Stands for every purpose, or every channel, in a word that refuses: "nothing more by e-mail"."""

PURPOSES: dict[str, str] = {
    "survey": gettext_noop("Survey invitation"),
    "service": gettext_noop("Service message"),
    "loyalty": gettext_noop("Loyalty program"),
    "marketing": gettext_noop("Offer"),
    "test": gettext_noop("Test"),
}
"""The product's own purposes, by code; a company adds its own."""

BASES: dict[str, str] = {
    "consent": gettext_noop("Consent: only after a yes"),
    "contract": gettext_noop("Contract: belongs to what was agreed"),
    "legitimate_interest": gettext_noop("Legitimate interest: until the person objects"),
    "legal_duty": gettext_noop("Legal duty: has to be sent"),
}

CHANNELS: dict[str, str] = {
    "email": gettext_noop("E-mail"),
    "sms": gettext_noop("SMS"),
    "phone": gettext_noop("Telephone call"),
    "messenger": gettext_noop("Messenger"),
    "push": gettext_noop("App"),
    "post": gettext_noop("Post"),
}
"""Ways to reach a person that can be agreed to apart from each other."""

ADDRESS_KINDS = {
    "email": "email",
    "sms": "phone",
    "phone": "phone",
    "messenger": "phone",
}
"""The kind of identity that is the address of a channel, where it is one."""

SAID: dict[str, str] = {
    "given": gettext_noop("Agreed"),
    "refused": gettext_noop("Refused"),
    "withdrawn": gettext_noop("Withdrawn"),
    "pending": gettext_noop("Waits to be confirmed"),
}
"""What a word can say."""

STATES: dict[str, str] = {
    **SAID,
    "expired": gettext_noop("Expired"),
    "outdated": gettext_noop("Given to an older text"),
    "unknown": gettext_noop("Not asked"),
}
"""What can be the case at a moment."""

STRICTNESS = ("withdrawn", "refused", "given", "pending", "outdated", "expired", "unknown")
"""Of several records of a person the first of these wins: not to know is not a no."""

DEFAULT_BASES = {
    "survey": "legitimate_interest",
    "service": "contract",
    "loyalty": "contract",
    "marketing": "consent",
    "test": "legal_duty",
}
NOT_REFUSABLE = frozenset({"service", "test"})

Pair = tuple[str, str]
"""A purpose and a channel."""


@dataclass(frozen=True, slots=True)
class PurposeShape:
    """A purpose: why it is lawful, whether people can refuse it, how long a yes holds.

    `confirms_email` asks for a yes by e-mail to be confirmed from the mailbox (double opt-in).
    """

    code: str
    name: str
    name_ru: str = ""
    basis: str = "consent"
    is_refusable: bool = True
    confirms_email: bool = False
    valid_days: int | None = None
    is_on: bool = True


DEFAULT_PURPOSES: tuple[PurposeShape, ...] = tuple(
    PurposeShape(
        code,
        name,
        basis=DEFAULT_BASES[code],
        is_refusable=code not in NOT_REFUSABLE,
        confirms_email=DEFAULT_BASES[code] == "consent",
    )
    for code, name in PURPOSES.items()
)


@dataclass(frozen=True, slots=True)
class Word:
    """One fact: what was said on a record about a purpose and a channel, and when.

    `covers` are the records that were one person then: the word counts for each of them as long
    as they are. `version` is the version of the text that was shown, 0 where none is known.
    """

    id: int
    customer_id: int
    purpose: str
    channel: str
    state: str
    at: datetime
    valid_until: datetime | None = None
    version: int = 0
    covers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Renewal:
    """A version of a purpose's text that asks everybody again, and since when."""

    version: int
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What is the case: the state, the word it rests on, and a yes that waits to be confirmed."""

    state: str = "unknown"
    word: Word | None = None
    awaits: Word | None = None

    @property
    def is_no(self) -> bool:
        """Whether the person said no."""
        return self.state in ("refused", "withdrawn")


UNKNOWN = Standing()


def text_hash(text: str) -> str:
    """The SHA-256 of a text as it was shown, in hexadecimal.

    >>> text_hash("Yes, write to me.")[:12]
    '37e514c42054'
    """
    return sha256(text.encode()).hexdigest()


def standing_of(
    words: Iterable[Word],
    pair: Pair,
    *,
    now: datetime,
    renewals: Sequence[Renewal] = (),
    is_refusable: bool = True,
) -> Standing:
    """What one record's words come to for a purpose on a channel, as of `now`.

    The latest word counts; of two said at one moment the one recorded later. A yes that waits to
    be confirmed changes nothing until it is. A word about any purpose says nothing of purposes
    that cannot be refused.
    """
    told = sorted(
        (
            word
            for word in words
            if word.at <= now and _is_about(word, pair, blanket_counts=is_refusable)
        ),
        key=lambda word: (word.at, word.id),
    )
    firm = [word for word in told if word.state != "pending"]
    last = firm[-1] if firm else None
    awaits = told[-1] if told and told[-1].state == "pending" else None
    state = _state_now(last, now=now, renewals=renewals) if last else "unknown"
    if awaits and state in ("unknown", "expired", "outdated"):
        return Standing("pending", awaits, awaits)
    return Standing(state, last, awaits if state != "given" else None)


def _is_about(word: Word, pair: Pair, *, blanket_counts: bool) -> bool:
    purpose, channel = pair
    if word.purpose == ANY and not blanket_counts:
        return False
    return word.purpose in (purpose, ANY) and word.channel in (channel, ANY)


def _state_now(word: Word, *, now: datetime, renewals: Sequence[Renewal]) -> str:
    if word.state != "given":
        return word.state
    if word.valid_until is not None and word.valid_until <= now:
        return "expired"
    return "outdated" if any(_asks_again(word, one, now) for one in renewals) else "given"


def _asks_again(word: Word, renewal: Renewal, now: datetime) -> bool:
    if renewal.published_at > now:
        return False
    if word.version:
        return word.version < renewal.version
    return word.at < renewal.published_at


def strictest(standings: Iterable[Standing]) -> Standing:
    """What several records of one person come to: a no goes before a yes, a yes before silence.

    >>> strictest([Standing("given"), Standing("unknown")]).state
    'given'
    >>> strictest([Standing("given"), Standing("withdrawn")]).state
    'withdrawn'
    """
    return min(standings, key=lambda one: STRICTNESS.index(one.state), default=UNKNOWN)


def standing_of_person(
    words: Collection[Word],
    records: Collection[int],
    pair: Pair,
    *,
    now: datetime,
    renewals: Sequence[Renewal] = (),
    is_refusable: bool = True,
) -> Standing:
    """What the words of all records of a person come to: each record's own state, the strictest wins.

    A word said while records were one person counts for all that it covers, so that somebody who
    changes their mind on the preference page is not held to what another record said before.
    """
    return strictest(
        standing_of(
            [word for word in words if record == word.customer_id or record in word.covers],
            pair,
            now=now,
            renewals=renewals,
            is_refusable=is_refusable,
        )
        for record in records
    )


def allows(basis: str, standing: Standing) -> bool:
    """Whether a legal basis lets us write, given what the person said.

    >>> allows("consent", Standing("unknown")), allows("legitimate_interest", Standing("unknown"))
    (False, True)
    >>> allows("contract", Standing("withdrawn")), allows("legal_duty", Standing("withdrawn"))
    (False, True)
    """
    if basis == "legal_duty":
        return True
    return standing.state == "given" if basis == "consent" else not standing.is_no


def purposes_by_code(own: Iterable[PurposeShape]) -> Mapping[str, PurposeShape]:
    """The product's purposes, with those that the company changed or added."""
    return {one.code: one for one in (*DEFAULT_PURPOSES, *own)}
