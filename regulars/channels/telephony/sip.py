"""SIP messages (RFC 3261), as far as answering and ending a call needs them. All input is untrusted."""

import re
from dataclasses import dataclass, field

MESSAGE_MAX = 8192
DIGITS_TYPE = 101
"""The payload type of RFC 4733 digits that we offer; callers may name another one."""

COPIED = ("via", "from", "to", "call-id", "cseq")
COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
}
_USER = re.compile(r"sips?:([^@;>\s]{1,60})@", re.IGNORECASE)
_URI = re.compile(r"<([^<>\s]{1,200})>|(sips?:[^\s;,<>]{1,200})", re.IGNORECASE)


@dataclass(frozen=True)
class SipMessage:
    """A request or an answer: its first line, headers by small name in their order, and the body."""

    first: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @property
    def method(self) -> str:
        """The method of a request; empty for an answer."""
        return "" if self.first.startswith("SIP/2.0") else self.first.split(" ", 1)[0]

    @property
    def status(self) -> int:
        """The status of an answer, or 0."""
        parts = self.first.split(" ", 2)
        return int(parts[1]) if not self.method and len(parts) > 1 and parts[1].isdigit() else 0

    def header(self, name: str) -> str:
        """The first header of that name, or an empty text."""
        return next((value for known, value in self.headers if known == name), "")

    def answer(self, status: str, *, tag: str = "", extra: str = "", body: str = "") -> bytes:
        """An answer to this request, with our tag on To."""
        lines = [f"SIP/2.0 {status}"]
        for name, value in self.headers:
            if name in COPIED:
                is_ours = name == "to" and tag and "tag=" not in value
                lines.append(f"{name.title()}: {value}" + (f";tag={tag}" if is_ours else ""))
        return assembled(lines, extra, body)


def assembled(lines: list[str], extra: str = "", body: str = "") -> bytes:
    """Lines, further headers and a body as they go over the wire."""
    more = [line for line in extra.split("\n") if line]
    content = body.encode()
    if body:
        more.append("Content-Type: application/sdp")
    return (
        "\r\n".join([*lines, *more, f"Content-Length: {len(content)}", "", ""]).encode() + content
    )


def parsed(data: bytes) -> SipMessage | None:
    """The message in a datagram, or None for what is none.

    >>> found = parsed(b"INVITE sip:7@h SIP/2.0\\r\\nf: <sip:8@h>;tag=1\\r\\n\\r\\n")
    >>> found.method, found.header("from")
    ('INVITE', '<sip:8@h>;tag=1')
    >>> parsed(b"hello") is None
    True
    """
    if len(data) > MESSAGE_MAX:
        return None
    head, _, body = data.decode(errors="replace").replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    if "SIP/2.0" not in first:
        return None
    headers = []
    for line in lines[:100]:
        name, colon, value = line.partition(":")
        known = name.strip().lower()
        if colon:
            headers.append((COMPACT.get(known, known), value.strip()))
    return SipMessage(first[:300], headers, body)


def user_in(text: str) -> str:
    """The user of the address in a header or a request line.

    >>> user_in("INVITE sip:club@10.0.0.1:5060 SIP/2.0"), user_in("<tel:1>")
    ('club', '')
    """
    found = _USER.search(text)
    return found[1] if found else ""


def uri_in(text: str) -> str:
    """The address in a header such as Contact."""
    found = _URI.search(text)
    return (found[1] or found[2]) if found else ""


@dataclass(frozen=True, slots=True)
class Media:
    """Where a caller wants to hear us, and as what it sends digits."""

    host: str
    port: int
    digits_type: int = DIGITS_TYPE


def media_in(sdp: str) -> Media | None:
    """What a session description offers; None where there is no PCMU in it.

    >>> media_in("c=IN IP4 10.0.0.1\\nm=audio 4000 RTP/AVP 0 96\\na=rtpmap:96 telephone-event/8000")
    Media(host='10.0.0.1', port=4000, digits_type=96)
    >>> media_in("c=IN IP4 10.0.0.1\\nm=audio 4000 RTP/AVP 8") is None
    True
    """
    host = re.search(r"^c=IN IP4 (\d{1,3}(?:\.\d{1,3}){3})", sdp, re.MULTILINE)
    audio = re.search(r"^m=audio (\d{1,5}) RTP/AVP((?: \d{1,3})+)", sdp, re.MULTILINE)
    if host is None or audio is None or "0" not in audio[2].split():
        return None
    named = re.search(r"^a=rtpmap:(\d{1,3}) telephone-event/8000", sdp, re.MULTILINE)
    port = int(audio[1])
    if not 1 <= port <= 65535:
        return None
    return Media(host[1], port, int(named[1]) if named else DIGITS_TYPE)


def offer(host: str, port: int, digits_type: int) -> str:
    """Our session description: PCMU, and digits by RFC 4733."""
    lines = (
        "v=0",
        f"o=regulars 1 1 IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0 {digits_type}",
        "a=rtpmap:0 PCMU/8000",
        f"a=rtpmap:{digits_type} telephone-event/8000",
        f"a=fmtp:{digits_type} 0-15",
        "a=ptime:20",
        "",
    )
    return "\r\n".join(lines)
