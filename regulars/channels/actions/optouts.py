"""Leaving the list, and choosing what may be written: facts on record, said by the people themselves."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from regulars.channels.events import AddressesOptedOut
from regulars.channels.kind import reached_by
from regulars.channels.models import Suppression
from regulars.channels.queries.channels import Reader
from regulars.channels.queries.readers import records_reached
from regulars.channels.rules import normal_address
from regulars.core.errors import NotFound
from regulars.core.events import publish
from regulars.core.sql import text_array
from regulars.customers.actions import ConsentInput, CustomerRef, record_consents
from regulars.customers.models import Consent
from regulars.customers.queries.consents import purposes
from regulars.customers.rules.consents import ANY

Proof = Mapping[str, Any]


@transaction.atomic
def opt_out(
    *,
    channel: str,
    address: str,
    now: datetime,
    source: str = "link",
    customer_id: int | None = None,
    proof: Proof | None = None,
) -> Suppression:
    """Nothing more goes to this address on this channel, and its owner's word for it is on record.

    What belongs to a contract or is a legal duty still goes. Saying so twice changes nothing.
    """
    suppression, created = Suppression.objects.get_or_create(
        channel=channel,
        address=normal_address(address),
        purpose="",
        defaults={"at": now, "source": source},
    )
    if created:
        publish(AddressesOptedOut(suppression_ids=(suppression.pk,)))
    elif suppression.source == "bounce":
        Suppression.objects.filter(pk=suppression.pk).update(at=now, source="returned")
    elif suppression.at < now:
        Suppression.objects.filter(pk=suppression.pk).update(at=now)
    reader = Reader(channel, address, customer_id)
    choices = [Choice(ANY, reached_by(channel), "withdrawn")]
    choose(reader, choices, now=now, source=source, proof=proof or {})
    return suppression


def close_addresses(places: Collection[tuple[str, str]], source: str, *, now: datetime) -> None:
    """Nothing at all goes to these addresses, given with their channel, from now on; one statement.

    A complaint stays one. Where the owner had said no and mail comes back as well, the source is
    `returned`, and the no is there when the address is opened again.
    """
    found = sorted({(channel, normal_address(address)) for channel, address in places})
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO channels_suppression AS known (channel, address, purpose, source, at)
            SELECT channel, address, '', %(source)s, %(now)s
            FROM unnest(%(channels)s::text[], %(addresses)s::text[]) AS given (channel, address)
            ON CONFLICT (channel, address, purpose) DO UPDATE SET
                source = CASE
                    WHEN excluded.source <> 'bounce' OR known.source = 'bounce' THEN excluded.source
                    WHEN known.source = 'complaint' THEN known.source
                    ELSE 'returned' END,
                at = CASE WHEN excluded.source <> 'bounce' OR known.source = 'bounce'
                    THEN excluded.at ELSE known.at END
            """,
            {
                "source": source,
                "now": now,
                "channels": text_array(channel for channel, _ in found),
                "addresses": text_array(address for _, address in found),
            },
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader wants for a purpose on a channel; `shown` is the sentence where no text is kept."""

    purpose: str
    channel: str
    state: str
    text_id: int | None = None
    language: str = ""
    shown: str = ""


@transaction.atomic
def choose(
    reader: Reader,
    choices: Sequence[Choice],
    *,
    now: datetime,
    source: str = "preferences",
    proof: Proof,
) -> int:
    """Put a reader's choices on record, for every person whom the link reaches; how many are new.

    A yes to mail by somebody who did not come from the mailbox waits to be confirmed, where the
    purpose asks for that.
    """
    known = purposes()
    from_mailbox = reached_by(reader.channel) == "email"
    batch = []
    for customer_id in records_reached(reader):
        for one in choices:
            purpose = known.get(one.purpose)
            waits = bool(purpose and purpose.confirms_email and one.channel == "email")
            waits = waits and one.state == "given" and not from_mailbox
            batch.append(
                ConsentInput(
                    customer=CustomerRef("id", str(customer_id)),
                    purpose=one.purpose,
                    channel=one.channel,
                    state="pending" if waits else one.state,
                    at=now,
                    source=source,
                    language=one.language,
                    text_id=one.text_id,
                    covers_person=True,
                    proof={**proof, "address": reader.address, "by": reader.channel}
                    | ({"text": one.shown} if one.shown else {}),
                )
            )
    return sum(noted.is_new for noted in record_consents(batch, now=now))


@transaction.atomic
def confirm(consent_id: int, *, now: datetime, proof: Proof) -> Consent:
    """The word that a waiting yes is confirmed by, from the mailbox; twice is once.

    Raises `NotFound` where the word is no longer on record.
    """
    asked = Consent.objects.filter(pk=consent_id, state="pending", voided_at=None).first()
    if asked is None:
        raise NotFound("not_found", "there is nothing to confirm any more")
    (noted,) = record_consents(
        [
            ConsentInput(
                customer=CustomerRef("id", str(asked.customer_id)),
                purpose=asked.purpose,
                channel=asked.channel,
                state="given",
                at=_first_confirmed(asked) or now,
                source="double_opt_in",
                language=asked.language,
                text_id=asked.text_id,
                key=f"confirmed:{asked.pk}",
                covers_person=bool(asked.covers),
                proof={**proof, "asked": asked.pk, "address": asked.proof.get("address", "")},
            )
        ],
        now=now,
    )
    return Consent.objects.get(pk=noted.consent_id)


def _first_confirmed(asked: Consent) -> datetime | None:
    rows = Consent.objects.filter(key=f"double_opt_in:confirmed:{asked.pk}", voided_at=None)
    return rows.values_list("at", flat=True).first()
