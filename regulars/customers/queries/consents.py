"""What people agreed to, as of any moment; and the purposes and texts it is about."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext

from regulars.company.models import in_language
from regulars.core.sql import int_array
from regulars.customers.models import Consent, ConsentText, Purpose
from regulars.customers.queries.persons import leaders_of, persons_of
from regulars.customers.rules.consents import (
    CHANNELS,
    DEFAULT_PURPOSES,
    Pair,
    PurposeShape,
    Renewal,
    Standing,
    Word,
    purposes_by_code,
    standing_of_person,
)


def purposes() -> Mapping[str, PurposeShape]:
    """Every purpose by its code: the product's own, and what the company changed or added."""
    columns = ("code", "name", "name_ru", "basis", "is_refusable", "confirms_email", "valid_days")
    rows = Purpose.objects.order_by("pk").values_list(*columns, "is_on")
    return purposes_by_code(PurposeShape(*row) for row in rows)


def purpose_names() -> dict[str, str]:
    """What the purposes are called in the reader's language, by code; those in use come first."""
    ordered = sorted(purposes().values(), key=lambda one: (not one.is_on, one.code == "test"))
    return {
        one.code: gettext(one.name)
        if one in DEFAULT_PURPOSES
        else in_language(one.name, one.name_ru)
        for one in ordered
    }


def renewals() -> dict[str, list[Renewal]]:
    """By purpose the versions of its text that ask everybody again."""
    found: dict[str, list[Renewal]] = defaultdict(list)
    rows = ConsentText.objects.filter(needs_new_consent=True).order_by("pk")
    for purpose, version, at in rows.values_list("purpose", "version", "published_at"):
        found[purpose].append(Renewal(version, at))
    return found


def texts_of(purpose: str) -> QuerySet[ConsentText]:
    """All texts of a purpose, the latest version first."""
    return ConsentText.objects.filter(purpose=purpose).order_by("-version", "language")


def current_texts() -> dict[tuple[str, str], ConsentText]:
    """The latest text of every purpose in every language it has, by both."""
    rows = ConsentText.objects.order_by("version", "pk")
    latest = {(row.purpose, row.language): row for row in rows}
    newest = {purpose: row.version for (purpose, _language), row in latest.items()}
    for (purpose, _language), row in latest.items():
        newest[purpose] = max(newest[purpose], row.version)
    return {key: row for key, row in latest.items() if row.version == newest[row.purpose]}


def hashes_published() -> frozenset[tuple[str, str]]:
    """Every published text as its purpose and its hash."""
    return frozenset(ConsentText.objects.values_list("purpose", "hash"))


def consents_of(customer_ids: Collection[int]) -> QuerySet[Consent]:
    """Every word of these records that counts, the latest first, with the text that was shown."""
    rows = Consent.objects.filter(customer__in=customer_ids, voided_at__isnull=True)
    return rows.select_related("text", "by", "api_key").order_by("-at", "-id")


@dataclass(frozen=True)
class Spoken:
    """Everything said by some people, ready to be asked about any purpose, channel and moment."""

    records: Mapping[int, tuple[int, ...]]
    """The records of the person that each record belongs to."""
    words: Mapping[int, list[Word]]
    """What was said, by record."""
    purposes: Mapping[str, PurposeShape]
    renewals: Mapping[str, list[Renewal]]

    def standing(self, customer_ids: Collection[int], pair: Pair, *, now: datetime) -> Standing:
        """The strictest of what the persons of these records said of a purpose on a channel."""
        records = {record for one in customer_ids for record in self.records.get(one, (one,))}
        words = [word for record in records for word in self.words.get(record, ())]
        purpose = self.purposes.get(pair[0])
        return standing_of_person(
            words,
            sorted(records),
            pair,
            now=now,
            renewals=self.renewals.get(pair[0], ()),
            is_refusable=purpose is None or purpose.is_refusable,
        )


def spoken_by(customer_ids: Collection[int]) -> Spoken:
    """What the persons of these records said, over all their records. Five statements."""
    persons = persons_of(customer_ids)
    leaders = leaders_of(customer_ids)
    records = {one: persons[lead] for one, lead in leaders.items()}
    everyone = {record for person in persons.values() for record in person}
    return Spoken(records, _words_of(everyone), purposes(), renewals())


def states_of(customer_ids: Collection[int], now: datetime) -> dict[int, dict[Pair, Standing]]:
    """By customer what is the case for each purpose on each channel as of `now`, the person's
    records taken together. Five statements, whatever the number of customers.
    """
    spoken = spoken_by(customer_ids)
    pairs = [(purpose, channel) for purpose in spoken.purposes for channel in CHANNELS]
    return {
        one: {pair: spoken.standing([one], pair, now=now) for pair in pairs}
        for one in spoken.records
    }


def _words_of(customer_ids: Collection[int]) -> dict[int, list[Word]]:
    found: dict[int, list[Word]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT consent.id, consent.customer_id, consent.purpose, consent.channel,
                consent.state, consent.at, consent.valid_until, coalesce(shown.version, 0),
                consent.covers
            FROM customers_consent consent
            LEFT JOIN customers_consenttext shown ON shown.id = consent.text_id
            WHERE consent.customer_id = ANY(%s::bigint[]) AND consent.voided_at IS NULL
            ORDER BY consent.id""",
            [int_array(customer_ids)],
        )
        for *told, covers in cursor.fetchall():
            found[told[1]].append(Word(*told, covers=frozenset(covers)))  # type: ignore[misc]
    return found
