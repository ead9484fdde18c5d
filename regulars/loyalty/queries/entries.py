"""One transfer with its story: its two ends, its lots, what caused it, and the block that seals it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from regulars.loyalty.models import (
    Accrual,
    Adjustment,
    Handover,
    Lot,
    LotUse,
    Redemption,
    Seal,
    Transfer,
)
from regulars.loyalty.queries.seals import CONTENT


@dataclass(frozen=True)
class Sealing:
    """The block a transfer lies in; whether its content, and the chain down to it, are unbroken."""

    number: int
    sealed_at: datetime
    digest: str
    holds: bool


@dataclass(frozen=True)
class Story:
    """What is known of one transfer. `made` is the lot it granted, `used` what it took of lots."""

    transfer: Transfer
    made: Lot | None
    used: tuple[LotUse, ...]
    accrual: Accrual | None
    redemption: Redemption | None
    adjustment: Adjustment | None
    handover: Handover | None
    sealing: Sealing | None


USES_SHOWN = 200


def story_of(transfer_id: int) -> Story | None:
    """The story of a transfer; None where there is none of that number. 5 statements."""
    rows = Transfer.objects.select_related(
        "source__unit__program",
        "source__member__customer",
        "target__member__customer",
        "target__unit",
        "rule",
        "accrual__purchase__store",
        "accrual__member",
        "redemption__store",
        "redemption__employee",
        "redemption__purchase",
    )
    transfer = rows.filter(pk=transfer_id).first()
    if transfer is None:
        return None
    lots = Lot.objects.select_related("handover__giver", "handover__taker", "origin__transfer")
    made = lots.filter(transfer=transfer).first()
    uses = LotUse.objects.filter(transfer=transfer).select_related("lot__transfer")
    asked = Adjustment.objects.select_related("asked_by", "decided_by", "api_key")
    return Story(
        transfer,
        made,
        tuple(uses.order_by("lot_id")[:USES_SHOWN]),
        transfer.accrual,
        transfer.redemption,
        asked.filter(transfer=transfer).first(),
        made.handover if made else None,
        sealing_of(transfer_id),
    )


def sealing_of(transfer_id: int) -> Sealing | None:
    """The block that seals a transfer, hashed again; None while it is not sealed yet.

    All blocks up to it have to follow each other; the content of those before is for the audit.
    """
    seal = Seal.objects.filter(upto_id__gte=transfer_id).order_by("upto_id").first()
    if seal is None or seal.from_id > transfer_id:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT encode(sha256(convert_to(%(before)s, 'UTF8') || sha256({CONTENT[seal.form]})), 'hex')
                = %(digest)s AND count(*) = %(transfers)s
            FROM loyalty_transfer t WHERE t.id BETWEEN %(from)s AND %(upto)s
            """,
            {
                "before": seal.before,
                "digest": seal.digest,
                "transfers": seal.transfers,
                "from": seal.from_id,
                "upto": seal.upto_id,
            },
        )
        is_unchanged = bool(cursor.fetchone()[0])
        cursor.execute(
            """
            SELECT count(*) FROM (
                SELECT before, from_id, lag(digest, 1, '') OVER chain AS digest_before,
                    lag(upto_id, 1, 0::bigint) OVER chain AS upto_before
                FROM loyalty_seal WHERE number <= %s WINDOW chain AS (ORDER BY number)
            ) link WHERE before <> digest_before OR from_id <> upto_before + 1
            """,
            [seal.number],
        )
        is_linked = int(cursor.fetchone()[0]) == 0
    return Sealing(seal.number, seal.sealed_at, seal.digest, is_unchanged and is_linked)
