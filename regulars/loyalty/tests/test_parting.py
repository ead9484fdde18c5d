"""The worked tables of docs/algorithms/merging.md, as they stand there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from regulars.loyalty.rules.parting import Alone, Granted, Spent, parted

PAGE = Path(__file__).parents[3] / "docs/algorithms/merging.md"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def rows() -> list[list[str]]:
    """The rows of the table of spending."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("| a earned"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


@pytest.mark.parametrize("row", rows())
def test_what_each_gets_when_they_part(row: list[str]) -> None:
    a, b, card, amount, left_a, left_b, short = row
    alone = Alone()
    alone.tell(Granted(1, 1, int(a), NOW, NOW + timedelta(days=9)))
    alone.tell(Granted(2, 2, int(b), NOW, NOW + timedelta(days=5)))
    alone.tell(Spent(7, 1 if card == "a" else 2, int(amount), NOW))
    first = min(int(b), int(amount))
    held = {1: int(a) - (int(amount) - first), 2: int(b) - first}
    share = parted(alone, held, {1: 1, 2: 2}, NOW)
    assert share.wanted == {1: int(left_a), 2: int(left_b)}
    assert sum(one.amount for one in share.borne) == int(short)
