"""`regulars reseal`: what older keys sealed is sealed with the newest one."""

import typer

from regulars.cli.console import AsJson, answer, prepare, refusals_as_exit


def mount(app: typer.Typer) -> None:
    """Add `reseal`."""

    @app.command()
    def reseal(as_json: AsJson = False) -> None:
        """Seal again with the newest key; after it the old key may be taken off ENCRYPTION_KEY."""
        prepare()
        from regulars.core.sealing import keyring, seal_again

        with refusals_as_exit():
            count = seal_again()
        answer({"sealed": count, "key": keyring()[0].id.hex()}, as_json=as_json)
