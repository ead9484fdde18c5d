"""`regulars verify`: worked cases from other people's documents, run through the product."""

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulars.cli.console import AsJson, answer, prepare

if TYPE_CHECKING:
    from regulars.loyalty.verify.running import Checked

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
"""Where the cases lie where nobody says otherwise: beside the repository."""

Cases = Annotated[Path, typer.Option(help="Folder of the case files.", envvar="REGULARS_CASES")]


def mount(app: typer.Typer) -> None:
    """Add `verify`."""
    verify = typer.Typer(no_args_is_help=True, help="Check the product against worked cases.")
    app.add_typer(verify, name="verify")

    @verify.callback()
    def subjects() -> None:
        """Check the product against worked cases."""

    @verify.command("loyalty")
    def loyalty(
        cases: Cases = CASES,
        as_json: AsJson = False,
    ) -> None:
        """Run the cases of loyalty in a database of their own; exit 1 if one differs or is not offered."""
        prepare()
        from regulars.cli.bench.posting import database_of_its_own

        with database_of_its_own():
            result = verified(cases)
        _tell(result, as_json=as_json)

    @verify.command("scores")
    def scores(
        cases: Cases = CASES,
        as_json: AsJson = False,
    ) -> None:
        """Run the cases of scores, contact rules and agreement; exit 1 if one differs or is not offered."""
        prepare()
        _tell(verified(cases, "scores"), as_json=as_json)


def _tell(result: dict[str, Any], *, as_json: bool) -> None:
    answer(result, as_json=as_json, words=_words(result))
    raise typer.Exit(0 if result["ok"] else 1)


def _areas(subject: str) -> tuple[tuple[str, ...], str]:
    """The areas of a subject, each a file of cases, and the package of their adapters."""
    from regulars.loyalty.verify.running import AREAS

    subjects = {
        "loyalty": (AREAS, "regulars.loyalty.verify"),
        "scores": (("scores", "contact_rules", "agreement"), "regulars.feedback.verify"),
    }
    return subjects[subject]


def verified(folder: Path, subject: str = "loyalty") -> dict[str, Any]:
    """A row for each case of each area of a subject, and by name what could not be run.

    It is not `ok` where a case asks for what the product does not offer. `unread` lists, by case,
    given fields that no adapter looks at.
    """
    from regulars.loyalty.verify.running import adapters_of, check_area

    rows: list[dict[str, Any]] = []
    skipped: list[str] = []
    lacking: list[str] = []
    areas, package = _areas(subject)
    for area in areas:
        adapters, path = adapters_of(area, package=package), folder / f"{area}.yaml"
        if adapters is None or not path.is_file():
            skipped.append(f"{area}: {'no adapters' if adapters is None else 'no cases'}")
            continue
        for one in check_area(path, adapters):
            if one.passed is None:
                lacking.append(f"{area} {one.id}: {one.reason}")
            else:
                rows.append({"area": area, **_row(one)})
    failed = [row["id"] for row in rows if not row["pass"]]
    return {
        "ok": bool(rows) and not failed and not lacking,
        "passed": len(rows) - len(failed),
        "failed": failed,
        "skipped": [*skipped, *lacking],
        "unread": [
            f"{row['area']} {row['id']}: {', '.join(row['unread'])}"
            for row in rows
            if row["unread"]
        ],
        "cases": rows,
    }


def _row(one: "Checked") -> dict[str, Any]:
    return {
        "id": one.id,
        "policy": one.policy,
        "expected": one.expected,
        "obtained": _told(one.obtained),
        "pass": one.passed,
        "unread": list(one.unread),
    }


def _told(obtained: Any) -> Any:
    """What was obtained as JSON tells it: moments in ISO form, and no number that is none."""
    if isinstance(obtained, dict):
        return {name: _told(value) for name, value in obtained.items()}
    if isinstance(obtained, list | tuple):
        return [_told(value) for value in obtained]
    if isinstance(obtained, datetime):
        return obtained.isoformat()
    is_none = isinstance(obtained, float) and not math.isfinite(obtained)
    return str(obtained) if is_none else obtained


def _words(result: dict[str, Any]) -> str:
    lines = [
        f"{'ok  ' if row['pass'] else 'FAIL'} {row['area']} {row['id']}"
        + ("" if row["pass"] else f": expected {row['expected']}, obtained {row['obtained']}")
        for row in result["cases"]
    ]
    lines += [f"skipped {one}" for one in result["skipped"]]
    lines += [f"not looked at in {one}" for one in result["unread"]]
    lines.append(f"{result['passed']} pass, {len(result['failed'])} fail")
    return "\n".join(lines)
