"""`regulars audit`: every balance, lot and tier derived again from the transfers."""

import time

import typer

from regulars.cli.console import AsJson, answer, prepare


def mount(app: typer.Typer) -> None:
    """Add `audit`."""

    @app.command()
    def audit(as_json: AsJson = False) -> None:
        """Derive every balance, lot and tier again and print each mismatch; exit 1 if any."""
        prepare()
        from django.utils.timezone import now

        from regulars.loyalty.queries import audit as audit_of_ledger

        started = time.monotonic()
        found = audit_of_ledger(now())
        result = {
            "mismatches": len(found.mismatches),
            **found.counts,
            "seconds": round(time.monotonic() - started, 2),
            "details": list(found.mismatches),
        }
        words = "\n".join([*found.mismatches, f"{len(found.mismatches)} mismatches"])
        answer(result, as_json=as_json, words=words)
        raise typer.Exit(1 if found.mismatches else 0)
