import io
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.company.models import Product, Store
from regulars.connectors.actions import (
    Wish,
    check_batch,
    continue_or_open_batch,
    open_batch,
    resume_import,
    run_import,
    run_undo,
    running,
    start_import,
    stop_import,
    undo_import,
)
from regulars.connectors.models import Batch, RowError
from regulars.connectors.queries import error_rows, state_of
from regulars.core.errors import Conflict, Refused
from regulars.customers.models import Customer, Identity, Line, Purchase, SourceRecord
from regulars.loyalty.models import Transfer
from tests import make

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOCAL = datetime(2026, 11, 20, 9, 30)  # noqa: DTZ001 (cells of files know no zone)
HEADER = "receipt,bought_at,card,store,sku,quantity,total,discount"
ROWS = (
    "R1,2026-11-20 10:00,11,S1,milk,1,1.50,0.10",
    "R1,2026-11-20 10:00,11,S1,bread,2,3.00,0",
    "R2,2026-11-21 11:30,12,S2,milk,0.5,0.75,",
)


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def csv_of(rows: Sequence[str] = ROWS, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def opened(content: bytes, name: str = "file.csv", target: str = "purchases", **told) -> Batch:
    return open_batch(io.BytesIO(content), name, wish=Wish(target, **told), now=NOW)


def ran(content: bytes, name: str = "file.csv", target: str = "purchases", **told) -> Batch:
    batch = opened(content, name, target, **told)
    start_import(batch, now=NOW)
    return run_import(batch.pk, now=NOW)


def counts(batch: Batch) -> tuple[int, int, int]:
    return batch.units_created, batch.units_known, batch.units_refused


def reasons(batch: Batch) -> list[tuple[int, str, str]]:
    rows = RowError.objects.filter(batch=batch).order_by("line", "id")
    return [(row.line, row.column, row.reason) for row in rows]


def test_purchases_arrive_with_their_lines() -> None:
    batch = ran(csv_of())
    assert state_of(batch) == "done"
    assert counts(batch) == (2, 0, 0)
    first = Purchase.objects.get(number="R1")
    assert (first.total_minor, first.discount_minor) == (450, 10)
    assert first.bought_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert first.work_id == batch.work_id
    lines = Line.objects.filter(purchase=first).order_by("position")
    assert [(one.product.sku, one.quantity_milli, one.total_minor) for one in lines] == [
        ("milk", 1000, 150),
        ("bread", 2000, 300),
    ]
    assert Identity.objects.filter(kind="card", value="11").exists()


def test_the_same_file_again_changes_nothing() -> None:
    make.program()
    ran(csv_of())
    before = Purchase.objects.count(), Line.objects.count(), Transfer.objects.count()
    assert counts(ran(csv_of())) == (0, 2, 0)
    assert (Purchase.objects.count(), Line.objects.count(), Transfer.objects.count()) == before


def test_rows_of_a_receipt_need_not_stand_together() -> None:
    batch = ran(csv_of((ROWS[0], ROWS[2], ROWS[1])))
    assert counts(batch) == (2, 0, 0)
    assert Purchase.objects.get(number="R1").total_minor == 450


def test_receipts_are_written_in_the_order_of_time() -> None:
    ran(csv_of((ROWS[2], ROWS[0])))
    assert list(Purchase.objects.order_by("id").values_list("number", flat=True)) == ["R1", "R2"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16", "koi8_r"])
def test_russian_files_are_understood_without_a_word(encoding: str) -> None:
    text = (
        "Номер чека;Дата;Карта;Магазин;Артикул;Наименование;Категория;Кол-во;Сумма;Скидка\n"
        "А-1;20.11.2026 18:05;77;М1;501;Молоко отборное;Продукты/Молочные;1;1 234,56 руб.;-10,00\n"
    )
    batch = ran(text.encode(encoding))
    assert counts(batch) == (1, 0, 0), reasons(batch)
    purchase = Purchase.objects.get(number="А-1")
    assert (purchase.total_minor, purchase.discount_minor) == (123456, 1000)
    product = Product.objects.get(sku="501")
    assert (product.name, product.category.path) == ("Молоко отборное", "Продукты/Молочные")


def test_a_spreadsheet_with_real_dates_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "till.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Sales")
        day = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        sheet.write_row(0, 0, ["Чек", "Дата", "Карта", "Артикул", "Количество", "Сумма"])
        sheet.write_row(1, 0, [1001, None, 5, 42, 1.5, 99.9])
        sheet.write_datetime(1, 1, LOCAL, day)
        sheet.write_row(2, 0, [1002, 46346.5, 5, 42, 1, 10])
    batch = ran(path.read_bytes(), "till.xlsx")
    assert counts(batch) == (2, 0, 0), reasons(batch)
    assert Purchase.objects.get(number="1001").bought_at == datetime(
        2026, 11, 20, 9, 30, tzinfo=UTC
    )
    assert Purchase.objects.get(number="1002").bought_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert Purchase.objects.get(number="1001").total_minor == 9990


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "sales.parquet"
    table = {
        "basket_id": [1, 1, 2],
        "transaction_timestamp": [LOCAL] * 3,
        "household_id": [7, 7, None],
        "product_id": [5, 6, 5],
        "sales_value": [1.39, 0.1 + 0.2, 2.0],
        "quantity": [1, 2, 3],
    }
    pq.write_table(pa.table(table), path)
    batch = ran(path.read_bytes(), "sales.parquet")
    assert counts(batch) == (2, 0, 0), reasons(batch)
    assert Purchase.objects.get(number="1").total_minor == 169
    assert Purchase.objects.get(number="2").customer is None


def test_customers_with_traits_products_and_stores() -> None:
    people = "household;name;phone;email;birth_year;income\n1;Ann;+15550000001;ann@example.com;1980;50-74K\n2;Bob;;;;\n"
    batch = ran(people.encode(), target="customers")
    assert counts(batch) == (2, 0, 0), reasons(batch)
    ann = Customer.objects.get(name="Ann")
    assert (ann.birth_year, ann.traits) == (1980, {"income": "50-74K"})
    assert counts(ran(people.encode(), target="customers")) == (0, 2, 0)
    ran(b"sku,name,category\n5,Milk,Food/Dairy\n", target="products")
    assert Product.objects.get(sku="5").category.path == "Food/Dairy"
    ran(b"code;name;city;kind\nS9;Nine;Town;web\n", target="stores")
    assert Store.objects.get(code="S9").kind == "web"
    ran(b"code;name;team\n1042;Ann Ivanova;Bakery\n", target="agents")
    sale = ran(csv_of(("R9,2026-11-20,1,5,1.00,1042",), "receipt,date,household,sku,total,cashier"))
    assert counts(sale) == (1, 0, 0)
    bought = Purchase.objects.get(number="R9")
    assert (bought.customer, str(bought.served_by)) == (ann, "Ann Ivanova")


def test_a_dry_run_writes_nothing() -> None:
    batch = opened(csv_of((*ROWS, "R3,never,1,S1,milk,1,1.00,")))
    preview = check_batch(batch, now=NOW)
    assert (preview.counts.rows, preview.counts.units, preview.counts.errors) == (4, 2, 1)
    assert preview.first[0]["receipt"] == "R1"
    assert not Purchase.objects.exists()
    assert not Product.objects.exists()
    assert state_of(batch) == "checked"


def test_each_wrong_line_says_why_and_spoils_its_receipt_only() -> None:
    rows = (
        *ROWS,
        "R3,20.13.2026,1,S1,milk,1,1.00,",
        "R3,2026-11-20,1,S1,milk,1,1.00,",
        "R4,2026-11-20,1,S1,milk,1,1e400,",
        ",2026-11-20,1,S1,milk,1,1.00,",
        "R5,2026-11-20,1,S1,milk,1,-1.00,",
        "R6,2026-11-20,1,S1,milk,1",
        "R7,2026-11-20,1,S1,milk,1,1.00,,extra",
        "R8,2026-11-20,1,S1,milk,1,1.00,",
        "R8,2026-11-20,2,S1,milk,1,1.00,",
        "R9,2026-11-20,1,S1,mi\0lk,1,1.00,",
        "R10,2027-11-20,1,S1,milk,1,1.00,",
    )
    batch = ran(csv_of(rows))
    assert counts(batch)[:2] == (2, 0)
    assert reasons(batch) == [
        (5, "bought_at", "not_a_time"),
        (7, "total", "too_large"),
        (8, "receipt", "missing"),
        (9, "total", "negative"),
        (10, "", "too_few_cells"),
        (11, "", "too_many_cells"),
        (13, "card", "differs"),
        (14, "sku", "control_characters"),
        (15, "", "in_the_future"),
    ] or reasons(batch)[-1][:2] == (15, "bought_at")
    assert batch.errors_found == 9
    written = list(error_rows(batch))
    assert written[0][:3] == ["line", "reason", "receipt"]
    assert written[1][2:4] == ["R3", "20.13.2026"]


def test_downloaded_errors_run_no_formulas() -> None:
    batch = ran(csv_of(('=cmd|calc,never,1,S1,"=HYPERLINK(""x"")",1,1.00,',)))
    (_header, row) = error_rows(batch)
    assert all(not cell.startswith(("=", "@")) for cell in row)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "a.csv"),
        (b"\n\n  \n", "a.csv"),
        (b"\0" * 500, "a.csv"),
        (bytes(range(256)) * 8, "a.csv"),
        (b"", "a.xlsx"),
        (b"PK\x03\x04 no archive", "a.xlsx"),
        (b"PAR1 no parquet PAR1", "a.parquet"),
        (b"", "a.parquet"),
        (b"MZ\x90", "a.exe"),
        (b"x", ""),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, name: str, settings) -> None:
    with pytest.raises(Refused) as refused:
        opened(content, name)
    assert refused.value.field == "file"
    folder = Path(settings.MEDIA_ROOT) / "imports"
    assert not folder.exists() or not list(folder.iterdir())


def test_a_header_alone_imports_nothing() -> None:
    batch = ran(csv_of(()))
    assert (state_of(batch), counts(batch)) == ("done", (0, 0, 0))


def test_an_open_quotation_mark_is_found() -> None:
    batch = ran(csv_of(('R1,2026-11-20,1,S1,"milk,1,1.00,', "x" * 120_000)))
    assert state_of(batch) == "failed"
    assert "quotation" in batch.work.failure


def test_doubled_headers_are_offered_apart() -> None:
    batch = opened(b"receipt,date,total,total\nR1,2026-11-20,1.00,2.00\n")
    assert batch.headers == ["receipt", "date", "total", "total (2)"]
    assert batch.mapping["total"] == "total"


def test_a_mapping_is_held_to_the_file() -> None:
    with pytest.raises(Refused, match="no column"):
        opened(csv_of(), mapping={"receipt": "nowhere"})
    with pytest.raises(Refused, match="no field"):
        opened(csv_of(), mapping={"colour": "sku"})
    with pytest.raises(Refused, match="no column is"):
        start_import(opened(b"a,b\n1,2\n"), now=NOW)


def test_stop_and_resume(monkeypatch) -> None:
    monkeypatch.setattr(running, "CHUNK_UNITS", 1)
    batch = opened(csv_of())
    start_import(batch, now=NOW)

    def stop_early(phase: str, done: int, total: int) -> None:
        if phase == "writing" and done == 1:
            stop_import(batch, now=NOW)

    batch = run_import(batch.pk, now=NOW, on_progress=stop_early)
    assert (state_of(batch), batch.work.done, Purchase.objects.count()) == ("stopped", 1, 1)
    assert run_import(batch.pk, now=NOW).work.done == 1
    resume_import(batch)
    batch = run_import(batch.pk, now=NOW)
    assert (state_of(batch), counts(batch)) == ("done", (2, 0, 0))
    with pytest.raises(Conflict):
        resume_import(batch)


def test_undo_takes_purchases_and_points_back() -> None:
    make.program()
    batch = ran(csv_of())
    undo_import(batch)
    batch = run_undo(batch.pk, now=NOW)
    assert (state_of(batch), batch.units_undone) == ("undone", 2)
    assert not Purchase.objects.filter(voided_at__isnull=True).exists()
    again = ran(csv_of())
    assert counts(again) == (2, 0, 0)
    with pytest.raises(Conflict):
        undo_import(batch)


def test_undo_of_people_and_of_what_is_in_use() -> None:
    people = ran(b"customer,name\n1,Ann\n", target="customers")
    goods = ran(b"sku,name\nmilk,Milk\ntea,Tea\n", target="products")
    ran(csv_of())
    for batch in (people, goods):
        undo_import(batch)
        run_undo(batch.pk, now=NOW)
    goods.refresh_from_db()
    assert (goods.units_undone, goods.units_kept) == (1, 1)
    assert set(Product.objects.values_list("sku", flat=True)) == {"milk", "bread"}
    assert not SourceRecord.objects.exists()


def test_statements_do_not_grow_with_the_chunk() -> None:
    def spent(rows: int, tag: str) -> int:
        lines = [f"{tag}{n},2026-11-20,c{n},S1,milk,1,1.00," for n in range(rows)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            ran(csv_of(lines))
        return len(queries)

    make.program()
    ran(csv_of())
    assert spent(3, "a") == spent(300, "b")


def test_a_killed_import_goes_on_exactly(transactional_db, tmp_path: Path, settings) -> None:
    make.program()
    path = tmp_path / "big.csv"
    rows = [
        f"K{n},2026-11-{1 + n % 20:02d},{n % 50},S{n % 3},p{(n + m) % 90},1,{n % 100}.25,"
        for n in range(3_000)
        for m in range(3)
    ]
    path.write_bytes(csv_of(rows))
    child = f"""
import os, signal, django
from django.conf import settings as s
django.setup()
s.MEDIA_ROOT = {str(settings.MEDIA_ROOT)!r}
from datetime import UTC, datetime
from pathlib import Path
from regulars.connectors.actions import Wish, continue_or_open_batch, running, run_import, start_import
running.CHUNK_UNITS = 200
now = datetime(2026, 11, 22, 12, tzinfo=UTC)
batch = continue_or_open_batch(Path({str(path)!r}), wish=Wish("purchases"), now=now)
start_import(batch, now=now)
take = running.targets.get("purchases").__class__.write
def write_and_die(self, units, writing):
    outcomes = take(self, units, writing)
    if running.Work.objects.get(pk=writing.work_id).done >= 800:
        os.kill(os.getpid(), signal.SIGKILL)
    return outcomes
running.targets.get("purchases").__class__.write = write_and_die
run_import(batch.pk, now=now)
"""
    here = connection.settings_dict
    url = f"postgresql://{here['USER']}@/{here['NAME']}?host={here['HOST']}"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "regulars.settings", "DATABASE_URL": url}
    killed = subprocess.run(
        [sys.executable, "-c", child], env=env, check=False, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    assert Purchase.objects.count() == 800
    batch = continue_or_open_batch(path, wish=Wish("purchases"), now=NOW)
    assert batch.work.state == "running"
    batch = run_import(batch.pk, now=NOW)
    assert (state_of(batch), counts(batch)) == ("done", (3_000, 0, 0))
    assert Purchase.objects.count() == 3_000
    assert Line.objects.count() == 9_000
    assert counts(ran(path.read_bytes())) == (0, 3_000, 0)
