"""A backup, an erasure after it, and a restore elsewhere that brings nobody back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from regulars.cli.backup import look_through, write_backup
from regulars.core.errors import Refused
from regulars.core.vault import VaultWriter, contents
from regulars.customers.actions import CustomerRef, ProfileInput, learn_customers
from regulars.customers.actions.erasure import erase_by_request, start_erasure
from regulars.customers.actions.privacy import open_privacy_request
from regulars.customers.models import PrivacyRequest
from tests import make

KEY = "a key for backups of twenty letters"
TRACES = (b"ines.quintero@example.com", b"Ines Quintero", b"+34611222333")


def regulars(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-m", "regulars.cli", *arguments],
        env={**known, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def files_naming(folder: Path) -> list[str]:
    """Files with a trace of the person, PostgreSQL's write-ahead log aside."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file()
        and "pg_wal" not in path.parts
        and any(trace in path.read_bytes() for trace in TRACES)
    ]


def learn() -> int:
    facts = {"name": "Ines Quintero", "email": "ines.quintero@example.com", "phone": "+34611222333"}
    entry = ProfileInput("web-0000001", facts, (CustomerRef("card", "4600000000911"),))
    (learned,) = learn_customers([entry], source="web", now=make.NOW)
    return learned.customer_id


def erase(customer_id: int) -> PrivacyRequest:
    asked = open_privacy_request(
        customer_id, "erasure", asked_by="employee", verified="seen", now=make.NOW
    )
    start_erasure(asked.pk, now=make.NOW)
    erase_by_request(request_id=asked.pk)
    return PrivacyRequest.objects.get(pk=asked.pk)


@pytest.mark.django_db(transaction=True)
def test_who_was_erased_after_a_backup_is_erased_by_its_restore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, file, elsewhere = (tmp_path / name for name in ("erased.jsonl", "a.backup", "b"))
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    monkeypatch.setenv("TOMBSTONES", str(listed))
    ines = learn()
    write_backup(file)
    assert not any(trace in file.read_bytes() for trace in TRACES)
    assert look_through(file)["tables"] > 40
    assert erase(ines).result["left"] == {}

    place = {"REGULARS_DATA": str(elsewhere), "ENCRYPTION_KEY": KEY}
    without_list = regulars("restore", str(file), **place, TOMBSTONES=str(tmp_path / "none"))
    assert without_list.returncode == 2
    restored = regulars("restore", str(file), "--json", **place, TOMBSTONES=str(listed))
    assert restored.returncode == 0, restored.stderr
    told = json.loads(restored.stdout)
    assert (told["erased_again"], told["left"], told["mismatches"]) == (1, [], 0)
    assert not files_naming(elsewhere)


def test_a_torn_or_foreign_file_is_no_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    with VaultWriter(whole) as vault:
        vault.add("a", [b"x" * 3_000_000, b"y"])
        vault.add("b", [])
    read = {name: b"".join(blocks) for name, blocks in contents(whole)}
    assert {name: len(content) for name, content in read.items()} == {"a": 3_000_001, "b": 0}
    torn.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(Refused, match="damaged"):
        list(contents(torn))
    torn.write_bytes(b"PK\x03\x04")
    with pytest.raises(Refused, match="no backup"):
        list(contents(torn))
