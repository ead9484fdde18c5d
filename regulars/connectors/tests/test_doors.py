"""Imports through pages and the API, as people and programs use them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from regulars.connectors.actions import run_import, run_undo
from regulars.connectors.models import Batch
from regulars.customers.models import Purchase
from tests import make

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONTENT = b"receipt;date;card;sku;total\nR1;20.11.2026;5;milk;1,50\nR2;never;5;=milk;2,00\n"


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def owner() -> Client:
    client = Client()
    client.force_login(make.employee("owner"), backend="regulars.company.access.RoleBackend")
    return client


def upload(client: Client, content: bytes = CONTENT, name: str = "till.csv"):
    file = SimpleUploadedFile(name, content)
    form = {"target": "purchases", "source": "till", "file": file}
    return client.post("/settings/import", form)


def mapped(client: Client) -> Batch:
    upload(client)
    batch = Batch.objects.get()
    columns = ("receipt", "bought_at", "card", "sku", "total")
    form = {f"column_{position}": name for position, name in enumerate(columns)}
    form |= {"encoding": "utf-8", "delimiter": ";", "day_order": "", "decimal_mark": ""}
    answer = client.post(f"/settings/import/{batch.pk}/map", form)
    assert answer.status_code == 302, answer.content.decode()
    batch.refresh_from_db()
    return batch


def test_a_file_goes_all_the_way_by_page(owner: Client) -> None:
    assert "will be here" in owner.get("/settings/import").content.decode()
    answer = upload(owner)
    assert answer.status_code == 302
    page = owner.get(answer["Location"]).content.decode()
    assert "20.11.2026" in page
    assert 'value="receipt" selected' in page
    Batch.objects.all().delete()
    batch = mapped(owner)
    address = f"/settings/import/{batch.pk}"
    page = owner.get(address).content.decode()
    assert "is no date that can be read" in page
    assert owner.post(f"{address}/start").status_code == 302
    assert "hx-get" in owner.get(address).content.decode()
    run_import(batch.pk, now=NOW)
    assert owner.get(f"{address}/progress", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert Purchase.objects.get().number == "R1"
    errors = b"".join(owner.get(f"{address}/errors.csv").streaming_content).decode()
    assert "'=milk" in errors
    assert "1" in owner.get(f"{address}/undo").content.decode()
    assert owner.post(f"{address}/undo").status_code == 302
    run_undo(batch.pk, now=NOW)
    assert "taken back" in owner.get(address).content.decode()


def test_wrong_uploads_and_mappings_are_refused_beside_the_field(owner: Client) -> None:
    assert upload(owner, b"").status_code == 422
    assert upload(owner, bytes(range(256)) * 9).status_code == 422
    assert upload(owner, name="till.exe").status_code == 422
    upload(owner)
    batch = Batch.objects.get()
    form = {"column_0": "receipt", "column_1": "receipt", "encoding": "utf-8", "delimiter": ";"}
    answer = owner.post(f"/settings/import/{batch.pk}/map", form)
    assert answer.status_code == 422
    assert "Another column is this already" in answer.content.decode()
    form["column_1"] = ""
    assert owner.post(f"/settings/import/{batch.pk}/map", form).status_code == 422


def test_pages_speak_russian(owner: Client) -> None:
    batch = mapped(owner)
    owner.cookies["django_language"] = "ru"
    page = owner.get(f"/settings/import/{batch.pk}").content.decode()
    assert "Строки с ошибками" in page
    assert "не дата" in page


def test_cashiers_stay_outside() -> None:
    client = Client()
    client.force_login(make.employee("cashier"), backend="regulars.company.access.RoleBackend")
    assert client.get("/settings/import").status_code in {302, 403}


def test_programs_import_too() -> None:
    from regulars.core.api.keys import create_key

    secret = create_key(name="etl", scopes=["imports:write", "imports:read"], now=NOW).secret
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    file = SimpleUploadedFile("till.csv", CONTENT)
    answer = client.post(
        "/api/v1/imports",
        {"target": "purchases", "file": file},
        headers={"Idempotency-Key": "one"},
    )
    assert answer.status_code == 201, answer.content
    told = answer.json()
    run_import(told["id"], now=NOW)
    told = client.get(f"/api/v1/imports/{told['id']}").json()
    assert (told["state"], told["created"], told["refused"]) == ("done", 1, 1)
    undone = client.post(f"/api/v1/imports/{told['id']}/undo", headers={"Idempotency-Key": "two"})
    assert undone.status_code == 200, undone.content
    run_undo(told["id"], now=NOW)
    assert client.get(f"/api/v1/imports/{told['id']}").json()["state"] == "undone"
