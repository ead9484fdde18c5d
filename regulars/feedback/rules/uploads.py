"""What a file is that somebody sends: judged by its first bytes and by its name, never by what is claimed."""

from collections.abc import Mapping
from pathlib import PurePath

SIZE_MAX = 5 * 1024 * 1024
EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
    "text/plain": (".txt",),
}
"""The types that are taken, with the endings that their names may have."""
_MAGIC = (
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/gif", b"GIF87a"),
    ("image/gif", b"GIF89a"),
    ("application/pdf", b"%PDF-"),
)
_NO_TEXT = bytes(one for one in range(32) if one not in b"\t\n\f\r") + b"\x7f"
_NAME_MAX = 100


def sniffed_type(content: bytes) -> str:
    r"""The type that the content itself tells; empty for one that is not taken.

    >>> sniffed_type(b"\x89PNG\r\n\x1a\n..."), sniffed_type(b"words\n"), sniffed_type(b"MZ\x00")
    ('image/png', 'text/plain', '')
    """
    for media_type, magic in _MAGIC:
        if content.startswith(magic):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    is_text = bool(content) and len(content.translate(None, _NO_TEXT)) == len(content)
    return "text/plain" if is_text else ""


def judged_type(name: str, content: bytes) -> str:
    """The type of a file whose name and content agree; empty where they do not.

    >>> judged_type("a.PDF", b"%PDF-1.7"), judged_type("a.png", b"%PDF-1.7")
    ('application/pdf', '')
    """
    media_type = sniffed_type(content)
    fits = PurePath(name).suffix.lower() in EXTENSIONS.get(media_type, ())
    return media_type if fits else ""


def media_types_in(accepted: str) -> tuple[str, ...]:
    """The types that SurveyJS's `acceptedTypes` lets through; nothing said lets all through.

    >>> media_types_in("image/png, .pdf")
    ('image/png', 'application/pdf')
    """
    wanted = [one.strip().lower() for one in accepted.split(",") if one.strip()]
    return tuple(
        media_type
        for media_type, endings in EXTENSIONS.items()
        if not wanted or any(_lets_through(one, media_type, endings) for one in wanted)
    )


def _lets_through(wanted: str, media_type: str, endings: tuple[str, ...]) -> bool:
    if wanted.endswith("/*"):
        return wanted == "*/*" or media_type.startswith(wanted[:-1])
    return wanted == media_type or wanted in endings


def short_name(name: str) -> str:
    """A name that is not too long, with its ending.

    >>> short_name("a" * 200 + ".png")[-5:], len(short_name("a" * 200 + ".png"))
    ('a.png', 104)
    """
    path = PurePath(name)
    return path.stem[:_NAME_MAX] + path.suffix[:10]
