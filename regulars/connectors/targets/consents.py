"""Consents: one row for each word that a person said, with the proof the file holds of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.connectors.fields import Field, moment_of
from regulars.connectors.staging.stage import Unit
from regulars.connectors.targets import (
    CREATED,
    KNOWN,
    NAMING,
    Outcome,
    Target,
    Undone,
    Writing,
    customer_named,
    targets,
)
from regulars.core.errors import Refused
from regulars.customers.actions import (
    ConsentInput,
    Noted,
    Writer,
    record_consents,
    unlearn_work,
    void_consents,
)
from regulars.customers.models import Consent
from regulars.customers.queries.consents import hashes_published
from regulars.customers.rules.consents import text_hash

PROOF = ("where", "reference", "ip")
"""The columns that are kept as proof, word for word."""

NOBODY = Outcome("refused", "nobody", "customer")
OTHER_TEXT = Outcome("refused", "other_text", "text_hash")


class Consents(Target):
    """What people agreed to or refused elsewhere: purpose, channel, when, and the text shown."""

    label = _("Consents")
    hint = _("One row for each yes or no; the text that was shown, or its hash, is the proof.")
    needs_one_of = NAMING
    fields = (
        Field(
            "customer",
            _("Customer number"),
            "key",
            length_max=100,
            synonyms=(
                "customer id|id|client|client id|user id|member id|клиент|код клиента|"
                "номер клиента|id клиента"
            ),
        ),
        Field(
            "card",
            _("Card number"),
            "key",
            length_max=100,
            synonyms="card|card no|loyalty card|карта|номер карты|дисконтная карта",
        ),
        Field(
            "phone",
            _("Phone"),
            "phone",
            synonyms="phone number|mobile|tel|телефон|номер телефона|мобильный",
        ),
        Field(
            "email",
            _("E-mail"),
            "email",
            synonyms="email|e-mail|mail|почта|электронная почта|эл почта",
        ),
        Field(
            "purpose",
            _("Code of the purpose"),
            "key",
            required=True,
            length_max=30,
            synonyms="purpose|category|list|цель|код цели|цель обработки",
        ),
        Field(
            "channel",
            _("Channel"),
            "choice",
            required=True,
            synonyms="channel|medium|канал|канал связи",
            choices={
                "email": "e-mail|mail|почта|электронная почта|эл. почта|письмо",
                "sms": "смс|text|text message",
                "phone": "telephone|call|телефон|звонок",
                "messenger": "whatsapp|telegram|viber|мессенджер",
                "push": "app|приложение|пуш",
                "post": "letter|paper mail|почтой|бумажное письмо",
            },
        ),
        Field(
            "state",
            _("Yes or no"),
            "choice",
            required=True,
            synonyms="consent|state|status|opt in|optin|согласие|статус|состояние|да/нет",
            choices={
                "given": "yes|y|1|true|opt-in|opted in|agreed|subscribed|granted|да|дано|"
                "согласен|согласна|подписан|подписана",
                "refused": "no|n|0|false|declined|denied|нет|отказ|не согласен|не согласна",
                "withdrawn": "opt-out|opted out|unsubscribed|revoked|отозвано|отписан|отписана",
            },
        ),
        Field(
            "said_at",
            _("When it was said"),
            "time",
            required=True,
            synonyms=(
                "date|time|timestamp|given at|consent date|opt in date|дата|время|"
                "дата согласия|когда"
            ),
        ),
        Field(
            "valid_until",
            _("Valid until"),
            "time",
            synonyms="expires|expires at|expiry|действует до|срок|истекает",
        ),
        Field(
            "text",
            _("Text that was shown"),
            "text",
            length_max=5_000,
            synonyms="consent text|wording|текст|текст согласия|формулировка",
        ),
        Field(
            "text_hash",
            _("SHA-256 of the text"),
            "key",
            length_max=64,
            synonyms="text hash|hash|sha256|хеш|хеш текста",
        ),
        Field("language", _("Language"), "text", length_max=10, synonyms="lang|язык"),
        Field(
            "where",
            _("Where it was said"),
            "text",
            length_max=200,
            synonyms="form|page|url|place|channel of consent|форма|где|источник согласия|страница",
        ),
        Field(
            "reference",
            _("Number of the paper or record"),
            "text",
            length_max=200,
            synonyms="document|document number|reference|proof|документ|номер документа|основание",
        ),
        Field("ip", _("IP address"), "text", length_max=45, synonyms="ip address|ip-адрес"),
    )

    @override
    def write(self, units: Sequence[Unit], writing: Writing) -> list[Outcome]:
        published = hashes_published()
        read = [_word(unit.values, writing.source, published) for unit in units]
        words = [one for one in read if isinstance(one, ConsentInput)]
        noted = record_consents(words, now=writing.now, writer=Writer(work_id=writing.work_id))
        answers = iter(noted)
        return [one if isinstance(one, Outcome) else _outcome(next(answers)) for one in read]

    @override
    def undo(self, work_id: int, *, count: int, now: datetime) -> Undone:
        del count
        words = Consent.objects.filter(work=work_id, voided_at__isnull=True).count()
        void_consents(work_id, now=now)
        unlearn_work(work_id, now=now)
        return Undone(words, 0, is_last=True)


targets.add("consents")(Consents())


def _word(
    values: Mapping[str, Any], source: str, published: frozenset[tuple[str, str]]
) -> ConsentInput | Outcome:
    whose = customer_named(values, source)
    if whose is None:
        return NOBODY
    text, told_hash = values.get("text") or "", (values.get("text_hash") or "").lower()
    shown = told_hash or (text_hash(text) if text else "")
    if text and shown != text_hash(text):
        return OTHER_TEXT
    is_ours = (values["purpose"], shown) in published
    until = values.get("valid_until")
    return ConsentInput(
        customer=whose,
        purpose=values["purpose"],
        channel=values["channel"],
        state=values["state"],
        at=moment_of(values["said_at"]),
        source=source,
        valid_until=moment_of(until) if until is not None else None,
        language=values.get("language") or "",
        text_hash=shown if is_ours else "",
        proof=_proof(values, text=text, shown="" if is_ours else shown),
    )


def _proof(values: Mapping[str, Any], *, text: str, shown: str) -> dict[str, str]:
    """What the file holds as proof; a text that we never published stays as the source showed it."""
    proof = {name: values[name] for name in PROOF if values.get(name)}
    return {
        **proof,
        **({"text_hash": shown} if shown else {}),
        **({"text": text} if shown and text else {}),
    }


def _outcome(noted: Noted) -> Outcome:
    if isinstance(noted.refused, Refused):
        field = noted.refused.field or ""
        return Outcome("refused", noted.refused.code, "said_at" if field == "at" else field)
    return CREATED if noted.is_new else KNOWN
