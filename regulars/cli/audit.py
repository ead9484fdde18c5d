"""`regulars audit`: balances, lots and tiers derived again from transfers, persons from evidence."""

import time

import typer

from regulars.cli.console import AsJson, answer, prepare


def mount(app: typer.Typer) -> None:
    """Add `audit`."""

    @app.command()
    def audit(as_json: AsJson = False) -> None:
        """Derive balances, lots, tiers, memories and persons again and print mismatches; exit 1 if any."""
        prepare()
        from django.utils.timezone import now

        from regulars.customers.queries import lines_without_receipt
        from regulars.customers.queries.matches import wrong_merges
        from regulars.feedback.queries.anonymity import broken_promises
        from regulars.feedback.queries.following import out_of_step
        from regulars.feedback.queries.quotas import miscounted_quotas
        from regulars.loyalty.queries import audit as audit_of_ledger

        started = time.monotonic()
        found = audit_of_ledger(now())
        details = [str(mismatch) for mismatch in found.mismatches]
        if strays := lines_without_receipt():
            details.append(f"{strays} lines name a receipt or a product that does not exist")
        details += wrong_merges() + miscounted_quotas() + broken_promises() + out_of_step()
        result = {
            "mismatches": len(details),
            **found.counts,
            "seconds": round(time.monotonic() - started, 2),
            "details": details,
        }
        answer(result, as_json=as_json, words="\n".join([*details, f"{len(details)} mismatches"]))
        raise typer.Exit(1 if details else 0)
