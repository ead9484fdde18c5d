"""Opening a batch: the file is kept, looked at, and its columns are mapped."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from pydantic import ValidationError

from regulars.company.models import Employee
from regulars.company.queries import get_brand
from regulars.connectors.kinds import FileKind, kind_for, kinds
from regulars.connectors.models import Batch, RememberedMapping
from regulars.connectors.rules.mapping import guess_mapping, header_fingerprint
from regulars.connectors.staging.stage import headers_of
from regulars.connectors.targets import Target, is_trait, targets
from regulars.core.errors import Conflict, Refused
from regulars.core.models import Work
from regulars.core.money import minor_per_unit

PART_BYTES = 1 << 20
MONTH_FIRST = frozenset({"USD", "PHP"})
"""Currencies of countries that write the month before the day."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """What somebody wants a file to become; `mapping` and `read_as` are guessed where empty.

    The mapping names the header for each field. `source` names the system that the file comes
    from: numbers of receipts and customers are unique within it.
    """

    target: str
    source: str = "import"
    mapping: Mapping[str, str] = field(default_factory=dict)
    read_as: Mapping[str, str] = field(default_factory=dict)
    habits: Mapping[str, Any] = field(default_factory=dict)


def open_batch(
    file: BinaryIO, name: str, *, wish: Wish, now: datetime, by: Employee | None = None
) -> Batch:
    """A batch for this file, which is kept in the media folder; nothing is imported yet."""
    if not 0 < len(wish.source) <= 40 or not wish.source.isprintable():
        raise Refused("bad_source", "a source is a short name", "source")
    target = targets.get(wish.target)
    kind = kind_for(name)
    path = _folder() / uuid4().hex / f"file{Path(name).suffix.lower()}"
    path.parent.mkdir(parents=True)
    try:
        sha256 = _keep(file, path)
        reader = _reader(kind, path, wish.read_as)
        headers = headers_of(reader, path)
        mapping = dict(wish.mapping) or _guess(target, wish.target, headers)
        if wish.mapping:
            refuse_bad_mapping(target, mapping, headers)
    except Refused:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise
    with transaction.atomic():
        return Batch.objects.create(
            name=Path(name).name[-200:],
            kind=kind,
            target=wish.target,
            source=wish.source,
            path=str(path.relative_to(settings.MEDIA_ROOT)),
            size_bytes=path.stat().st_size,
            sha256=sha256,
            headers=headers,
            settings=reader.model_dump(),
            habits={**_usual_habits(), **wish.habits},
            mapping=mapping,
            work=Work.objects.create(kind="import"),
            created_by=by,
            created_at=now,
        )


def continue_or_open_batch(path: Path, *, wish: Wish, now: datetime) -> Batch:
    """The unfinished batch of the same content and wish, to be gone on with, or else a new one."""
    with path.open("rb") as file:
        batch = open_batch(file, path.name, wish=wish, now=now)
    unfinished = (
        Batch.objects.filter(
            sha256=batch.sha256,
            target=batch.target,
            source=batch.source,
            mapping=batch.mapping,
            started_at__isnull=False,
            undo__isnull=True,
        )
        .exclude(work__state="done")
        .exclude(pk=batch.pk)
        .order_by("-id")
        .first()
    )
    if unfinished is None:
        return batch
    forget_batch(batch)
    return unfinished


def forget_batch(batch: Batch) -> None:
    """Remove a batch that was never started, with its file."""
    if batch.started_at is not None:
        raise Conflict("import_has_started", "the import has started; undo it instead")
    shutil.rmtree(file_of(batch).parent, ignore_errors=True)
    with transaction.atomic():
        work = batch.work
        batch.delete()
        work.delete()


@transaction.atomic
def map_batch(
    batch: Batch,
    mapping: Mapping[str, str],
    *,
    read_as: Mapping[str, str] | None = None,
    habits: Mapping[str, Any] | None = None,
    now: datetime,
) -> Batch:
    """The batch with another mapping, encoding or delimiter; remembered for files like it."""
    if batch.started_at is not None:
        raise Conflict("import_has_started", "the import has started; undo it first")
    if read_as:
        reader = _reader(batch.kind, file_of(batch), {**batch.settings, **read_as})
        batch.settings = reader.model_dump()
        batch.headers = headers_of(reader, file_of(batch))
    target = targets.get(batch.target)
    refuse_bad_mapping(target, mapping, batch.headers)
    batch.mapping = dict(mapping)
    batch.habits = {**_usual_habits(), **(habits or {})}
    batch.checked_at = None
    batch.save()
    RememberedMapping.objects.update_or_create(
        target=batch.target,
        fingerprint=header_fingerprint(batch.headers),
        defaults={"mapping": batch.mapping, "used_at": now},
    )
    return batch


def refuse_bad_mapping(target: Target, mapping: Mapping[str, str], headers: list[str]) -> None:
    """Raise `Refused` where a mapping names what is not there, or lacks what is needed."""
    known = {one.name for one in target.fields}
    for name, header in mapping.items():
        if name not in known and not (target.takes_traits and is_trait(name)):
            raise Refused("unknown_field", f"there is no field {name}", "mapping")
        if header not in headers:
            raise Refused("unknown_column", f"the file has no column {header}", "mapping")
    missing = [str(one.label) for one in target.fields if one.required and one.name not in mapping]
    if missing:
        raise Refused("field_is_missing", f"no column is {', '.join(missing)}", "mapping")
    if target.needs_one_of and not mapping.keys() & set(target.needs_one_of):
        named = ", ".join(
            str(one.label) for one in target.fields if one.name in target.needs_one_of
        )
        raise Refused("field_is_missing", f"one column has to be: {named}", "mapping")


def file_of(batch: Batch) -> Path:
    """Where the file of a batch is kept."""
    return Path(settings.MEDIA_ROOT) / batch.path


def reader_of(batch: Batch) -> FileKind:
    """How the file of a batch is read."""
    return kinds.get(batch.kind)(**batch.settings)


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports"


def _keep(file: BinaryIO, path: Path) -> str:
    """Copy the file, and say its SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as kept:
        while part := file.read(PART_BYTES):
            digest.update(part)
            kept.write(part)
    return digest.hexdigest()


def _reader(kind: str, path: Path, read_as: Mapping[str, str]) -> FileKind:
    guessed = kinds.get(kind).guess(path)
    chosen = {name: value for name, value in read_as.items() if value}
    try:
        return kinds.get(kind)(**{**guessed.model_dump(), **chosen})
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise Refused("bad_setting", error.errors()[0]["msg"], name) from error


def _guess(target: Target, name: str, headers: list[str]) -> dict[str, str]:
    """The mapping that was used for this header before, or one guessed from the names."""
    remembered = RememberedMapping.objects.filter(
        target=name, fingerprint=header_fingerprint(headers)
    ).first()
    if remembered is not None and set(remembered.mapping.values()) <= set(headers):
        return dict(remembered.mapping)
    mapping = guess_mapping(headers, target.synonyms())
    if target.takes_traits:
        used = set(mapping.values())
        mapping |= {f"trait:{header}": header for header in headers if header not in used}
    return mapping


def _usual_habits() -> Json:
    brand = get_brand()
    digits = len(str(minor_per_unit(brand.currency))) - 1
    return {
        "zone": brand.timezone,
        "digits": digits,
        "day_first": brand.currency not in MONTH_FIRST,
    }
