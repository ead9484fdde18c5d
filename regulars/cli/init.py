"""`regulars init`: an empty installation of your own."""

from typing import Annotated

import typer

from regulars.cli.console import AsJson, answer, prepare
from regulars.cli.user import sign_in_link


def mount(app: typer.Typer) -> None:
    """Add `init`."""

    @app.command()
    def init(
        email: Annotated[str, typer.Option(help="E-mail of the owner.")] = "owner@example.com",
        name: Annotated[str, typer.Option(help="Name of the company.")] = "Our company",
        currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "USD",
        timezone: Annotated[str, typer.Option(help="Such as Europe/Moscow.")] = "UTC",
        language: Annotated[str, typer.Option(help="en or ru.")] = "en",
        as_json: AsJson = False,
    ) -> None:
        """Prepare an empty installation and print the owner's one-time sign-in link."""
        prepare()
        from regulars.company.models import Brand, Employee

        Brand.objects.get_or_create(
            pk=1,
            defaults={
                "name": name,
                "currency": currency.upper(),
                "timezone": timezone,
                "language": language,
            },
        )
        Employee.objects.get_or_create(email=email.lower(), defaults={"role": "owner"})
        answer({"owner": email, "link": sign_in_link(email)}, as_json=as_json)
