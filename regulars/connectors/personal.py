"""What connectors hold of people: lines of files that came in, and the files themselves."""

from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from regulars.core.holdings import Holding, Person, Place, hold, impersonal

hold(
    Holding(
        "connectors_batch",
        _("Imports"),
        whose="false",
        mentions=("name", "headers", "mapping"),
    ),
    Holding(
        "connectors_deadletter",
        _("Dead letters"),
        whose="""(user_id <> '' AND user_id = ANY(%(values)s))
            OR (anonymous_id <> '' AND anonymous_id = ANY(%(values)s))""",
        shows="""SELECT type, name, received_at, reason, body FROM connectors_deadletter
            WHERE (user_id <> '' AND user_id = ANY(%(values)s))
            OR (anonymous_id <> '' AND anonymous_id = ANY(%(values)s)) ORDER BY id""",
        clears=None,
        mentions=("body", "rule", "name"),
    ),
    # A parcel that was drained has done its work; its calls stand in the events.
    Holding("connectors_parcel", _("Arrivals"), whose="drained_at IS NOT NULL", clears=None),
    Holding("connectors_rowerror", _("Errors of imports"), whose="false", mentions=("value",)),
)
hold(
    Holding(
        "connectors_webhookattempt",
        _("Answers of other programs"),
        whose="false",
        mentions=("answer", "failure"),
    ),
)
impersonal(
    "addresses of other programs, and our numbers of customers",
    "connectors_webhook",
    "connectors_webhookmessage",
)
impersonal("headers of files, and numbers of rows", "connectors_made")
impersonal("headers of files", "connectors_rememberedmapping")
impersonal(
    "who may send events, and which",
    "connectors_eventsource",
    "connectors_trackingplan",
    "connectors_plandraft",
)

ENCODINGS = ("utf-8", "cp1251", "utf-16")
"""As which a file's bytes are read when a person is looked for."""

_TEXTS = {".csv", ".txt", ".tsv", ".json", ".ndjson", ".log"}


def files_naming(person: Person) -> list[str]:
    """The uploaded files that name a person, by their path inside the media folder."""
    root = Path(settings.MEDIA_ROOT)
    return [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*"))
        if path.is_file() and _names(path, person)
    ]


def _names(path: Path, person: Person) -> bool:
    if path.suffix.lower() in {".xlsx", ".xls", ".ods"}:
        return any(person.needles.found_in(text) for text in _cells(path))
    content = path.read_bytes()
    return any(
        person.needles.found_in(content.decode(encoding, "replace")) for encoding in ENCODINGS
    )


def _cells(path: Path) -> list[str]:
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_path(path) as book:
        return [
            " | ".join(map(_plain, row))
            for sheet in book.sheet_names
            for row in book.get_sheet_by_name(sheet).iter_rows()
        ]


def _plain(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def clean_files(person: Person) -> int:
    """Takes a person out of uploaded files: names in texts become stars, other files go."""
    root = Path(settings.MEDIA_ROOT)
    found = files_naming(person)
    for name in found:
        path = root / name
        if path.suffix.lower() in _TEXTS:
            _redact(path, person)
        if path.exists() and _names(path, person):
            path.unlink()
    return len(found)


def _redact(path: Path, person: Person) -> None:
    for encoding in ENCODINGS:
        try:
            text = path.read_bytes().decode(encoding)
        except UnicodeDecodeError:
            continue
        made = path.with_name(f".{path.name}.new")
        made.write_bytes(person.needles.redacted(text).encode(encoding))
        made.replace(path)
        return


hold(Place("media", _("Uploaded files"), erase=clean_files, search=files_naming))
