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

        from regulars.customers.queries import lines_without_receipt
        from regulars.loyalty.queries import audit as audit_of_ledger

        started = time.monotonic()
        found = audit_of_ledger(now())
        details = [str(mismatch) for mismatch in found.mismatches]
        if strays := lines_without_receipt():
            details.append(f"{strays} lines name a receipt or a product that does not exist")
        result = {
            "mismatches": len(details),
            **found.counts,
            "seconds": round(time.monotonic() - started, 2),
            "details": details,
        }
        answer(result, as_json=as_json, words="\n".join([*details, f"{len(details)} mismatches"]))
        raise typer.Exit(1 if details else 0)
