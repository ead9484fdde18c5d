import csv
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from regulars.connectors.exporting import EXPORTS, export_table
from regulars.core.errors import Refused
from tests import make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_every_table_can_be_exported(name: str, tmp_path: Path) -> None:
    make.program()
    make.customer("=HYPERLINK(1)", card="5")
    make.purchase("R1", card="5")
    exported = export_table(name, tmp_path / "out.csv")
    with exported.path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == exported.rows + 1
    assert not any(cell.startswith("=") for row in rows for cell in row)
    sheet = export_table(name, tmp_path / "out.xlsx")
    read = CalamineWorkbook.from_path(str(sheet.path)).get_sheet_by_index(0).to_python()
    assert len(read) == len(rows)


def test_what_cannot_be_exported_is_said(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        export_table("secrets", tmp_path / "out.csv")
    with pytest.raises(Refused):
        export_table("customers", tmp_path / "out.pdf")
