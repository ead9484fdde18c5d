"""A bound connection to a message centre: texts go out in a window, and what comes in is answered
once it is on record."""

import hashlib
import secrets
import socket
import ssl
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from regulars.channels.kind import Delivery, Heard, HeardPart, Letter, Receipt, Told
from regulars.channels.smpp import pdu as wire
from regulars.channels.smpp.flight import Flight
from regulars.channels.smpp.pdu import Address, Garbled, Pdu, ShortMessage, first_text, pdus_in
from regulars.channels.smpp.statuses import why_not_bound
from regulars.channels.smpp.texts import (
    DELIVERED,
    GSM,
    LATIN1,
    UNDELIVERED,
    decoded,
    parts_of,
    place_of,
    receipt_in,
)
from regulars.core.errors import Permanent, Retry

CONNECT_S = 10
ANSWER_S = 30
"""So long an answer is waited for; a silent connection is asked after as long, and then given up."""

LOOK_S = 0.05
AGAIN_S = 300
"""For so long after the bind a centre may bring again what it had no answer for."""

READ_AT_ONCE = 65_536
NO_ANSWER = gettext_noop("The message centre does not answer.")
ENDED = gettext_noop("The message centre ended the connection.")
NO_SMPP = gettext_noop("What answers there speaks no SMPP.")
ALREADY_BOUND = 0x05
REJECTED = 0x66


class Broken(Retry):
    """The connection ended or cannot be read; a new one is needed."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Where the centre is, who we are there, and how it wants its messages."""

    host: str
    port: int
    system_id: str
    password: str
    is_encrypted: bool = False
    system_type: str = ""
    sender: str = ""
    alphabet: int = GSM
    way: str = "udh"
    window: int = 10
    per_second: float = 10
    has_hex_ids: bool = False


class SmppLine:
    """One bound connection, for one thread.

    `again` are marks of what the connection before brought and perhaps never saw answered; what
    comes with such a mark soon after is answered and told no second time.
    """

    def __init__(self, terms: Terms, *, again: Collection[str] = ()) -> None:
        # About a second's worth: so long those who write to us wait to be heard.
        self.room = max(int(terms.per_second), 1)
        self._terms, self._name = terms, secrets.token_hex(6)
        self._sequence, self._buffer = 0, bytearray()
        self._inbox: list[Pdu] = []
        self._told: list[tuple[Pdu, int]] = []
        self._unconfirmed: list[str] = []
        self._confirmed_by, self._asked_at = 0, 0.0
        self._free_at = 0.0
        self._socket = self._connected()
        try:
            self._bind()
        except BaseException:
            self._socket.close()
            raise
        self._again, self._again_until = list(again), time.monotonic() + AGAIN_S
        self._heard_at = time.monotonic()

    @property
    def unconfirmed(self) -> list[str]:
        """Marks of what was brought, and of which we do not know yet that our answer arrived."""
        return self._unconfirmed + [_mark(pdu) for pdu, _status in self._told]

    def submit(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        """Sends letters and yields the receipt of each as its last part is answered."""
        terms = self._terms
        for letter in batch:
            if not Address.of(letter.address).value.isdecimal():
                yield Receipt(letter.message_id, "failed", "this is no telephone number")
        flight = Flight(
            (
                one,
                parts_of(
                    one.text, reference=one.message_id, alphabet=terms.alphabet, way=terms.way
                ),
            )
            for one in batch
            if Address.of(one.address).value.isdecimal()
        )
        while not flight.is_over:
            self._submit_to_window(flight)
            for answer in self._read(LOOK_S):
                yield from flight.land(answer, id=self._id_in(answer))
            if flight.throttled:
                pause_s = 0.25 * 2 ** min(flight.throttled, 4)
                self._free_at, flight.throttled = time.monotonic() + pause_s, 0
            yield from self._given_up(flight)

    def _given_up(self, flight: Flight) -> Iterator[Receipt]:
        """Receipts of what was not answered in time; a centre that said nothing at all is gone."""
        asked_before = time.monotonic() - ANSWER_S
        given_up = list(flight.give_up(before=asked_before))
        yield from given_up
        if given_up and self._heard_at < asked_before:
            self._socket.close()
            raise Broken(NO_ANSWER)

    def listen(self, wait_s: float) -> Told:
        """What was brought meanwhile, or comes within `wait_s`; `acknowledge` once it is on record."""
        self._keep_alive()
        if not self._inbox:
            self._read(wait_s)
        brought, self._inbox = self._inbox, []
        heard: list[Heard] = []
        parts: list[HeardPart] = []
        deliveries: list[Delivery] = []
        for pdu in brought:
            status = self._sort(pdu, heard, parts, deliveries)
            self._told.append((pdu, status))
        return Told(tuple(heard), tuple(deliveries), parts=tuple(parts))

    def acknowledge(self) -> None:
        """Answers all that `listen` told."""
        self._unconfirmed = self.unconfirmed
        told, self._told = self._told, []
        for pdu, status in told:
            self._write(pdu.answer(body=b"\0", status=status))
        self._confirmed_by = self._sequence + 1

    def close(self) -> None:
        """Says goodbye, where the centre still listens."""
        try:
            self._ask(wire.UNBIND, b"")
        except Broken:
            pass
        finally:
            self._socket.close()

    def _connected(self) -> socket.socket:
        terms = self._terms
        try:
            plain = socket.create_connection((terms.host, terms.port), timeout=CONNECT_S)
            if not terms.is_encrypted:
                return plain
            return ssl.create_default_context().wrap_socket(plain, server_hostname=terms.host)
        except (OSError, UnicodeError) as error:
            # Some names of hosts are none that can be asked for.
            raise Broken(f"{NO_ANSWER}\n{error}") from error

    def _bind(self) -> None:
        terms = self._terms
        asked = self._ask(
            wire.BIND_TRANSCEIVER,
            wire.bind_body(
                system_id=terms.system_id, password=terms.password, system_type=terms.system_type
            ),
        )
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            for answer in self._read(LOOK_S):
                if answer.sequence != asked:
                    continue
                if answer.status:
                    kind = Retry if answer.status == ALREADY_BOUND else Permanent
                    raise kind(why_not_bound(answer.status))
                return
        raise Broken(NO_ANSWER)

    def _submit_to_window(self, flight: Flight) -> None:
        while flight.has_room(self._terms.window) and (now := time.monotonic()) >= self._free_at:
            step = flight.leave(self._sequence + 1, now=now)
            # What one look came too late for is caught up with; a rest is not.
            self._free_at = max(self._free_at, now - LOOK_S) + 1 / self._terms.per_second
            message = ShortMessage(
                Address.of(self._terms.sender),
                Address.of(step.way.letter.address),
                step.part.content,
                step.part.coding,
                step.part.esm_class,
                wants_receipt=True,
                tags=step.part.tags,
            )
            self._ask(wire.SUBMIT_SM, message.packed())

    def _id_in(self, answer: Pdu) -> str:
        """The centre's id of a message as its receipt will name it."""
        named = first_text(answer.body)
        if not self._terms.has_hex_ids:
            return named
        try:
            return str(int(named, 16))
        except ValueError:
            return named

    def _sort(
        self, pdu: Pdu, heard: list[Heard], parts: list[HeardPart], deliveries: list[Delivery]
    ) -> int:
        """Puts what was brought where it belongs; gives the status that answers it."""
        if time.monotonic() < self._again_until and (mark := _mark(pdu)) in self._again:
            self._again.remove(mark)
            return 0
        try:
            message = ShortMessage.read(pdu.body)
        except ValueError:
            return REJECTED
        if message.esm_class & wire.MESSAGE_KIND == wire.RECEIPT_KIND:
            deliveries.extend(_delivery(message))
        elif message.esm_class & wire.MESSAGE_KIND == 0:
            self._hear(pdu, message, heard, parts)
        return 0

    def _hear(
        self, pdu: Pdu, message: ShortMessage, heard: list[Heard], parts: list[HeardPart]
    ) -> None:
        place, octets = place_of(message)
        text = decoded(octets, message.coding, alphabet=self._terms.alphabet)
        address = message.source.written
        if place is None:
            heard.append(Heard(f"{self._name}:{pdu.sequence}", address, text))
            return
        # Halves of a character that was cut in two meet again only as they came.
        content = octets if message.coding == 8 else text.encode("utf-16-be")
        parts.append(HeardPart(address, place.reference, place.total, place.number, content))

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if self._asked_at:
            if now - self._asked_at > ANSWER_S:
                raise Broken(NO_ANSWER)
        elif self._unconfirmed or now - self._heard_at > ANSWER_S:
            self._ask(wire.ENQUIRE_LINK, b"")
            self._asked_at = now

    def _read(self, wait_s: float) -> list[Pdu]:
        """Answers that came within `wait_s`; requests are answered, or kept until they are told."""
        try:
            self._socket.settimeout(max(wait_s, 0.001))
            read = self._socket.recv(READ_AT_ONCE)
        except TimeoutError:
            return []
        except OSError as error:
            raise Broken(f"{ENDED}\n{error}") from error
        if not read:
            raise Broken(ENDED)
        self._heard_at = time.monotonic()
        self._buffer += read
        try:
            return [pdu for pdu in pdus_in(self._buffer) if self._is_answer(pdu)]
        except Garbled as garbled:
            raise Broken(f"{NO_SMPP}\n{garbled}") from garbled

    def _is_answer(self, pdu: Pdu) -> bool:
        if pdu.is_response:
            if pdu.sequence >= self._confirmed_by:
                self._unconfirmed = []
            if pdu.command == wire.ENQUIRE_LINK | wire.RESPONSE:
                self._asked_at = 0.0
            return True
        if pdu.command == wire.DELIVER_SM:
            self._inbox.append(pdu)
        elif pdu.command in (wire.ENQUIRE_LINK, wire.UNBIND):
            self._write(pdu.answer())
        else:
            self._write(Pdu(wire.GENERIC_NACK, pdu.sequence, wire.INVALID_COMMAND))
        return False

    def _ask(self, command: int, body: bytes) -> int:
        self._sequence += 1
        self._write(Pdu(command, self._sequence, body=body))
        return self._sequence

    def _write(self, pdu: Pdu) -> None:
        try:
            self._socket.settimeout(ANSWER_S)
            self._socket.sendall(pdu.packed())
        except OSError as error:
            raise Broken(f"{ENDED}\n{error}") from error


def _mark(pdu: Pdu) -> str:
    return hashlib.sha256(pdu.body).hexdigest()[:32]


def _delivery(message: ShortMessage) -> Iterator[Delivery]:
    receipt = receipt_in(message)
    if receipt.state in DELIVERED:
        yield Delivery(receipt.id, "delivered")
    elif receipt.state in UNDELIVERED:
        yield Delivery(receipt.id, "failed", f"{receipt.state} {receipt.error}".strip())


ALPHABETS = {"gsm": GSM, "latin1": LATIN1}
