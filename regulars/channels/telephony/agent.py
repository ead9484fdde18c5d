"""The agent: takes calls, leads each through its script, and hangs up."""

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from regulars.channels.telephony.audio import Voice
from regulars.channels.telephony.media import Sound
from regulars.channels.telephony.sip import (
    SipMessage,
    assembled,
    media_in,
    offer,
    parsed,
    uri_in,
    user_in,
)

CALLS_MAX = 200
ANSWER_ENDED = 20
RESENT_S = 0.5
RESENT_MAX = 7


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is said now, what may be keyed in (empty: any row of digits), and whether it is the end."""

    text: str
    language: str
    keys: tuple[str, ...] = ()
    is_end: bool = False


class Script(Protocol):
    """What a call is about. The methods may block; each call's are called one after the other."""

    def begin(self, *, dialled: str, caller: str, call_id: str) -> Prompt | None:
        """The first prompt; None where nobody is reached by that number."""

    def hear(self, *, call_id: str, keys: str | None) -> Prompt:
        """The prompt after keys, or after silence (None)."""

    def is_whole(self, keys: tuple[str, ...], digits: str) -> bool:
        """Whether digits can mean nothing more, so that nobody waits."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the agent waits: for a first key, between keys, after a star for a second one."""

    first_s: float = 7.0
    between_s: float = 2.0
    star_s: float = 0.8


@dataclass
class CallUnderWay:
    """One call: who called, how we answered, its sound."""

    invite: SipMessage
    peer: tuple[str, int]
    tag: str
    sound: Sound
    answer: bytes = b""
    is_acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)


class Agent(asyncio.DatagramProtocol):
    """Answers calls on one UDP port; give it to `loop.create_datagram_endpoint`."""

    def __init__(self, script: Script, voice: Voice, *, host: str, patience: Patience) -> None:
        self.script, self.voice, self.host, self.patience = script, voice, host, patience
        self.calls: dict[str, CallUnderWay] = {}
        self.taken = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._beginning: set[str] = set()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""

        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Takes a message of a caller; what is no SIP is dropped."""
        message = parsed(data)
        if message is None or not message.header("call-id"):
            return
        call = self.calls.get(message.header("call-id"))
        match message.method:
            case "INVITE":
                self._invited(message, call, addr)
            case "ACK" if call is not None:
                call.is_acknowledged.set()
            case "BYE" | "CANCEL":
                self._ended(message, call, addr)
            case "OPTIONS":
                self._send(message.answer("200 OK", extra="Allow: INVITE, ACK, BYE, CANCEL"), addr)
            case "" if call is not None and message.header("cseq").endswith("BYE"):
                call.has_ended.set()
            case "ACK" | "":
                return
            case _:
                self._send(message.answer("405 Method Not Allowed"), addr)

    def _invited(
        self, message: SipMessage, call: CallUnderWay | None, addr: tuple[str, int]
    ) -> None:
        """A new call, or the same invitation once more, which gets the same answer."""
        call_id = message.header("call-id")
        if call is not None:
            if call.answer:
                self._send(call.answer, addr)
            return
        if call_id in self._beginning:
            return
        if len(self.calls) + len(self._beginning) >= CALLS_MAX:
            self._send(message.answer("486 Busy Here"), addr)
            return
        self._beginning.add(call_id)
        self._send(message.answer("100 Trying"), addr)
        self._spawn(self._take(message, addr))

    def _ended(self, message: SipMessage, call: CallUnderWay | None, addr: tuple[str, int]) -> None:
        if call is None:
            self._send(message.answer("481 Call Does Not Exist"), addr)
            return
        self._send(message.answer("200 OK", tag=call.tag), addr)
        call.has_ended.set()

    async def _take(self, invite: SipMessage, peer: tuple[str, int]) -> None:
        """A call from the first ring to its end, whatever happens on the way."""
        call_id = invite.header("call-id")
        try:
            media = media_in(invite.body)
            prompt = None if media is None else await self._begin(invite, call_id)
            if media is None or prompt is None:
                status = "488 Not Acceptable Here" if media is None else "404 Not Found"
                self._send(invite.answer(status, tag=secrets.token_hex(4)), peer)
                return
            sound = Sound(media)
            loop = asyncio.get_running_loop()
            await loop.create_datagram_endpoint(lambda: sound, local_addr=(self.host, 0))
            call = CallUnderWay(invite, peer, secrets.token_hex(4), sound)
            self.calls[call_id] = call
            self.taken += 1
            await self._lead(call, call_id, prompt)
        finally:
            self._beginning.discard(call_id)
            if (call_under_way := self.calls.pop(call_id, None)) is not None:
                call_under_way.sound.close()

    async def _begin(self, invite: SipMessage, call_id: str) -> Prompt | None:
        dialled, caller = user_in(invite.first), user_in(invite.header("from"))
        return await asyncio.to_thread(
            self.script.begin, dialled=dialled, caller=caller, call_id=call_id
        )

    async def _lead(self, call: CallUnderWay, call_id: str, prompt: Prompt) -> None:
        """Answer, talk until the script or the caller ends it, and hang up."""
        if not await self._answered(call):
            return
        talk = asyncio.ensure_future(self._talk(call, call_id, prompt))
        gone = asyncio.ensure_future(call.has_ended.wait())
        await asyncio.wait({talk, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not talk.done():
            # What was keyed in before they hung up is on record already; only the voice stops.
            talk.cancel()
        if not call.has_ended.is_set():
            await self._hang_up(call)
        await asyncio.gather(talk, gone, return_exceptions=True)

    async def _answered(self, call: CallUnderWay) -> bool:
        """Whether the caller acknowledged our answer, which is sent again until then."""
        port = call.sound.port
        body = offer(self.host, port, call.sound.media.digits_type)
        contact = f"Contact: <sip:regulars@{self.host}:{self._port()}>"
        call.answer = call.invite.answer("200 OK", tag=call.tag, extra=contact, body=body)
        return await self._until(call.is_acknowledged, call.answer, call.peer)

    async def _talk(self, call: CallUnderWay, call_id: str, prompt: Prompt) -> None:
        while True:
            text = prompt.text
            sound = await asyncio.to_thread(self.voice.say, text, prompt.language)
            await call.sound.play(sound)
            if prompt.is_end:
                return
            keys = await self._keyed(call.sound, prompt.keys)
            prompt = await asyncio.shield(
                asyncio.to_thread(self.script.hear, call_id=call_id, keys=keys)
            )

    async def _keyed(self, sound: Sound, wanted: tuple[str, ...]) -> str | None:
        """The digits of one answer, a `*`, `**` or `#`; None when nobody pressed anything."""
        first = await sound.key(self.patience.first_s)
        if not first or first == "#":
            return first or None
        if first == "*":
            return first + ("*" if await sound.key(self.patience.star_s) == "*" else "")
        digits = first
        while not self.script.is_whole(wanted, digits) and len(digits) < ANSWER_ENDED:
            more = await sound.key(self.patience.between_s)
            if not more.isdigit():
                break
            digits += more
        return digits

    async def _hang_up(self, call: CallUnderWay) -> None:
        invite = call.invite
        target = uri_in(invite.header("contact")) or uri_in(invite.header("from"))
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        bye = assembled(
            [
                f"BYE {target} SIP/2.0",
                f"Via: SIP/2.0/UDP {self.host}:{self._port()};branch={branch}",
                "Max-Forwards: 70",
                f"From: {invite.header('to')};tag={call.tag}",
                f"To: {invite.header('from')}",
                f"Call-ID: {invite.header('call-id')}",
                "CSeq: 1 BYE",
            ]
        )
        await self._until(call.has_ended, bye, call.peer)

    async def _until(self, event: asyncio.Event, data: bytes, peer: tuple[str, int]) -> bool:
        """Send again with growing pauses until the other side answers; whether it did."""
        pause_s = RESENT_S
        for _attempt in range(RESENT_MAX):
            self._send(data, peer)
            try:
                await asyncio.wait_for(event.wait(), pause_s)
            except TimeoutError:
                pause_s = min(pause_s * 2, 4.0)
            else:
                return True
        return False

    def _port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def _send(self, data: bytes, peer: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, peer)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def answer_calls(
    agent: Agent, *, port: int, until: asyncio.Event, is_ready: "asyncio.Event | None" = None
) -> int:
    """Take calls until told to stop; how many there were. Port 0 takes a free one."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: agent, local_addr=(agent.host, port))
    if is_ready is not None:
        is_ready.set()
    try:
        await until.wait()
    finally:
        transport.close()
    return agent.taken
