"""Writing down what people agreed to; words are added, never changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.core.sql import int_array, json_array, text_array, time_array
from regulars.customers.actions.identities import owners_of
from regulars.customers.events import ConsentsChanged, ConsentsToConfirm
from regulars.customers.models import Consent, ConsentText
from regulars.customers.queries.consents import purposes
from regulars.customers.queries.persons import persons_of
from regulars.customers.rules.consents import ANY, PurposeShape
from regulars.customers.rules.purchases import BY_ID, CustomerRef
from regulars.customers.rules.words import ConsentInput, key_of, problem_of


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of one word: its id and record, whether it is new, or why it was refused."""

    consent_id: int
    customer_id: int
    is_new: bool
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote words down; all empty where the people themselves did."""

    employee_id: int | None = None
    api_key_id: int | None = None
    work_id: int | None = None
    sample: bool = False


THE_PERSON = Writer()


@dataclass(frozen=True, slots=True)
class _Row:
    """A word that was understood."""

    key: str
    customer_id: int
    told: ConsentInput
    basis: str
    valid_until: datetime | None
    text_id: int | None

    @property
    def content(self) -> tuple[int, str, str, str, datetime]:
        """What a repeat under the same key has to say again."""
        told = self.told
        return self.customer_id, told.purpose, told.channel, told.state, told.at


@transaction.atomic
def record_consents(
    batch: Sequence[ConsentInput], *, now: datetime, writer: Writer = THE_PERSON
) -> list[Noted]:
    """Put what people said on record; an answer for each, in the order given.

    A repeat changes nothing and gets its first answer; the same key with another content is
    refused. A word that will not do is refused alone. Customers nobody has met are made, bare.
    Words may come in late: the present state goes by when they were said. A constant number of
    statements, whatever the size of the batch.
    """
    understood = _understood(batch, now=now, work_id=writer.work_id)
    rows = list({row.key: row for row in reversed(understood) if isinstance(row, _Row)}.values())
    added = _insert(sorted(rows, key=lambda row: row.key), writer=writer, now=now)
    present = _present([row.key for row in rows])
    _tell(rows, added)
    answers: list[Noted] = []
    told: set[str] = set()
    for row in understood:
        answers.append(_answer(row, present, is_new=_key(row) in added and _key(row) not in told))
        told.add(_key(row))
    return answers


def _understood(
    batch: Sequence[ConsentInput], *, now: datetime, work_id: int | None
) -> list[_Row | Refused]:
    known = purposes()
    texts = _texts(batch)
    checked = [problem_of(told, purposes=known, now=now) or _text_of(told, texts) for told in batch]
    sound = [told for told, bad in zip(batch, checked, strict=True) if not isinstance(bad, Refused)]
    owners = owners_of(_first_seen(sound), work_id=work_id)
    return [
        text_id if isinstance(text_id, Refused) else _row(told, owners, known, text_id=text_id)
        for told, text_id in zip(batch, checked, strict=True)
    ]


def _texts(batch: Sequence[ConsentInput]) -> dict[tuple[str, str], int]:
    """Ids of the texts that a batch names, by purpose and by hash or id."""
    rows = ConsentText.objects.filter(
        Q(hash__in={told.text_hash for told in batch} - {""})
        | Q(pk__in={told.text_id for told in batch} - {None})
    ).order_by("pk")
    texts = {}
    for pk, purpose, hash_ in rows.values_list("pk", "purpose", "hash"):
        texts[purpose, hash_] = texts[purpose, str(pk)] = pk
    return texts


def _text_of(told: ConsentInput, texts: Mapping[tuple[str, str], int]) -> int | Refused | None:
    wanted = str(told.text_id or told.text_hash)
    if not wanted:
        return None
    unknown = Refused("unknown_text", "no published text of this purpose is that one", "text_hash")
    return texts.get((told.purpose, wanted), unknown)


def _first_seen(sound: Iterable[ConsentInput]) -> dict[CustomerRef, datetime]:
    seen: dict[CustomerRef, datetime] = {}
    for told in sound:
        if told.customer.kind != BY_ID or told.customer.value.isdecimal():
            seen[told.customer] = min(told.at, seen.get(told.customer, told.at))
    return seen


def _row(
    told: ConsentInput,
    owners: Mapping[CustomerRef, int | None],
    known: Mapping[str, PurposeShape],
    *,
    text_id: int | None,
) -> _Row | Refused:
    customer_id = owners.get(told.customer)
    if customer_id is None:
        return Refused("unknown_customer", "this points to nobody", "customer")
    purpose = known.get(told.purpose)
    valid_until = told.valid_until
    if purpose and purpose.valid_days and valid_until is None and told.state == "given":
        valid_until = told.at + timedelta(days=purpose.valid_days)
    basis = purpose.basis if purpose else ANY
    return _Row(key_of(told, customer_id), customer_id, told, basis, valid_until, text_id)


def _insert(rows: Sequence[_Row], *, writer: Writer, now: datetime) -> dict[str, int]:
    """Ids of the words that are new, by key."""
    if not rows:
        return {}
    covering = {row.customer_id for row in rows if row.told.covers_person}
    covers = (
        {record: records for records in persons_of(covering).values() for record in records}
        if covering
        else {}
    )
    columns = [
        text_array(row.key for row in rows),
        int_array(row.customer_id for row in rows),
        text_array(row.told.purpose for row in rows),
        text_array(row.told.channel for row in rows),
        text_array(row.told.state for row in rows),
        text_array(row.basis for row in rows),
        time_array(row.told.at for row in rows),
        time_array(row.valid_until for row in rows),
        text_array(row.told.source.strip() for row in rows),
        text_array(row.told.language[:10] for row in rows),
        int_array(row.text_id for row in rows),
        text_array(
            int_array(covers.get(row.customer_id, ()) if row.told.covers_person else ())
            for row in rows
        ),
        json_array([dict(row.told.proof) for row in rows]),
    ]
    who = [writer.employee_id, writer.api_key_id, writer.work_id, now, writer.sample]
    with connection.cursor() as cursor:
        cursor.execute(INSERT_CONSENTS, [*who, *columns])
        return dict(cursor.fetchall())


INSERT_CONSENTS = f"""
    INSERT INTO {Consent._meta.db_table} (by_id, api_key_id, work_id, recorded_at, sample, key,
        customer_id, purpose, channel, state, basis, at, valid_until, source, language, text_id,
        covers, proof)
    SELECT %s::bigint, %s::bigint, %s::bigint, %s::timestamptz, %s::bool, key, customer, purpose,
        channel, state, basis, at, valid_until, source, language, text, covers::bigint[], proof
    FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::bigint[], %s::text[],
        %s::jsonb[])
        AS given (key, customer, purpose, channel, state, basis, at, valid_until, source, language,
            text, covers, proof)
    ON CONFLICT (key) WHERE voided_at IS NULL DO NOTHING
    RETURNING key, id
"""


def _present(keys: Sequence[str]) -> dict[str, tuple[int, tuple[int, str, str, str, datetime]]]:
    """Id and content of the words on record under these keys."""
    rows = Consent.objects.filter(key__in=keys, voided_at__isnull=True)
    columns = ("key", "id", "customer_id", "purpose", "channel", "state", "at")
    return {key: (id_, tuple(content)) for key, id_, *content in rows.values_list(*columns)}


def _key(row: _Row | Refused) -> str:
    return row.key if isinstance(row, _Row) else ""


def _answer(
    row: _Row | Refused,
    present: Mapping[str, tuple[int, tuple[int, str, str, str, datetime]]],
    *,
    is_new: bool,
) -> Noted:
    if isinstance(row, Refused):
        return Noted(0, 0, is_new=False, refused=row)
    consent_id, content = present[row.key]
    if content != row.content:
        other = Conflict("other_content", "this key names another word already", "key")
        return Noted(0, 0, is_new=False, refused=other)
    return Noted(consent_id, row.customer_id, is_new=is_new)


def _tell(rows: Sequence[_Row], added: Mapping[str, int]) -> None:
    new = [row for row in rows if row.key in added]
    if new:
        publish(ConsentsChanged(customer_ids=tuple(sorted({row.customer_id for row in new}))))
    waiting = sorted(added[row.key] for row in new if row.told.state == "pending")
    if waiting:
        publish(ConsentsToConfirm(consent_ids=tuple(waiting)))


@transaction.atomic
def void_consents(work_id: int, *, now: datetime) -> list[int]:
    """Take the words of one import off the record; gives the customers they were of.

    Rows stay, with the moment they ceased to count, and their keys become free.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_consent SET voided_at = %s::timestamptz
            WHERE work_id = %s AND voided_at IS NULL RETURNING customer_id""",
            [now, work_id],
        )
        touched = sorted({row[0] for row in cursor.fetchall()})
    if touched:
        publish(ConsentsChanged(customer_ids=tuple(touched)))
    return touched
