"""Histories told by today's rules and a draft give the same wherever they are told."""

import importlib.util
import json
import shutil

import pytest
from typer.testing import CliRunner

from regulars.cli.bench.whatif.histories import EVERYDAY, SCHEMES, UPTO, draft_of, histories
from regulars.cli.bench.whatif.measure import measure_whatif, rows_on_spark, trial_of
from regulars.cli.main import app
from regulars.loyalty.actions import take_purchases
from regulars.loyalty.actions.drafting import DraftInput, run_replay, save_draft, start_replay
from regulars.loyalty.models import Draft
from regulars.loyalty.rules.replay import Scheme, replay
from regulars.loyalty.rules.replay.stories import sales_in
from regulars.loyalty.rules.replay.tallies import Tally
from regulars.loyalty.rules.replay.trials import pairs_of, rows_of
from tests import make
from tests.make import NOW

DOUBLE = {"rules": [{"code": "base", "kind": "share_of_purchase", "settings": {"points": "2"}}]}


def drafted() -> Draft:
    program = make.program()
    for card, total in (("1", 9_000), ("2", 20_000), ("1", 5_000), ("3", 50)):
        lines = [make.line(total_minor=total)]
        take_purchases([make.receipt(card=card, lines=lines, bought_at=NOW)], now=NOW)
    return save_draft(program, DraftInput("Try", DOUBLE), by=None, now=NOW)


def found_twice(*, processes: int = 1, on: str = "") -> tuple[Tally, Tally]:
    """What a draft changes for three members, replayed elsewhere and in this process."""
    draft = drafted()
    there = run_replay(start_replay(draft).pk, now=NOW, processes=processes, on=on).outcome
    here = run_replay(start_replay(draft).pk, now=NOW, processes=1).outcome
    assert there is not None
    assert here is not None
    assert here["persons"] == here["checked"] == 3
    return Tally.read(there), Tally.read(here)


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_a_trial_is_both_replays_of_each_history(name: str) -> None:
    today, draft = Scheme(SCHEMES[name]), Scheme(draft_of(SCHEMES[name]))
    told = list(histories(0, 6))
    pairs = list(pairs_of(trial_of(name), iter(told)))
    assert [pair.today for pair in pairs] == [replay(today, one, UPTO) for one in told]
    assert [pair.draft for pair in pairs] == [replay(draft, one, UPTO) for one in told]
    assert sum(pair.receipts for pair in pairs) == sales_in(told)
    assert all(sums.is_closed for pair in pairs for sums in pair.draft.sums.values())
    assert any(pair.today != pair.draft for pair in pairs)


def test_made_up_histories_are_the_same_in_every_partition() -> None:
    parts = [
        row for span in ((0, 2), (2, 5)) for row in rows_of(trial_of("rich"), histories(*span))
    ]
    assert parts == list(rows_of(trial_of("rich"), histories(0, 5)))
    units = len(EVERYDAY.units)
    assert len({row[:2] for row in parts}) * units == len(parts) == 5 * 2 * units


def test_the_bench_counts_receipts_of_one_and_of_two_processes() -> None:
    found = measure_whatif(members=8, processes=(1, 2), turns=1, on_spark=0)
    for rules in found["rules"].values():
        assert rules["receipts"] == sales_in(histories(0, 8))
        assert [row["processes"] for row in rules["processes"]] == [1, 2]
        assert all(row["per_core_second"] > 0 for row in rules["processes"])
    assert found["on_spark"]["equal"] is None


@pytest.mark.django_db(transaction=True)
def test_the_command_replays_a_draft_and_prints_what_changes() -> None:
    draft = drafted()
    told = ["whatif", str(draft.pk), "--processes", "1", "--json"]
    result = CliRunner().invoke(app, told)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["persons"], found["receipts"], found["differing"]) == (3, 4, 0)
    assert found["after"]["points"]["issued"] == 2 * found["today"]["points"]["issued"] > 0
    assert CliRunner().invoke(app, ["whatif", "987654", "--json"]).exit_code == 2


@pytest.fixture(scope="module")
def spark() -> str:
    """A Spark on this machine; the tests are skipped, with the reason, where it cannot be."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("PySpark is not installed: pip install 'regulars[spark]'")
    return "local[2]"


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore")
def test_spark_gives_the_same_rows(spark: str) -> None:
    for name in SCHEMES:
        here = list(rows_of(trial_of(name), histories(0, 20)))
        assert rows_on_spark(name, [(0, 7), (7, 15), (15, 20)], master=spark) == here


@pytest.mark.django_db(transaction=True)
def test_processes_of_a_pool_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regulars.loyalty.actions.drafting.PARTITION", 1)
    found_by_two, found_by_one = found_twice(processes=2)
    assert found_by_two == found_by_one


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore")
@pytest.mark.django_db(transaction=True)
def test_a_draft_replayed_on_spark_finds_the_same(
    spark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regulars.loyalty.actions.drafting.PARTITION", 1)
    found_there, found_here = found_twice(on=spark)
    assert found_there == found_here
