"""`regulars user`: people who may sign in."""

from typing import Annotated

import typer

from regulars.cli.console import AsJson, answer, prepare, stop


def mount(app: typer.Typer) -> None:
    """Add `user add`, `user link` and `user list`."""
    user = typer.Typer(help="People who may sign in.", no_args_is_help=True)
    app.add_typer(user, name="user")

    @user.command("add")
    def add(
        email: str,
        role: Annotated[str, typer.Option(help="owner, cx_manager, marketer, ...")] = "owner",
        name: str = "",
        as_json: AsJson = False,
    ) -> None:
        """Add a person and print their one-time sign-in link."""
        prepare()
        from regulars.company.models import Employee
        from regulars.company.rules import ROLES

        if role not in ROLES:
            stop(f"there is no role {role!r}; roles are {', '.join(ROLES)}", code=2)
        employee, _created = Employee.objects.get_or_create(
            email=email.strip().lower(), defaults={"role": role, "name": name}
        )
        link = sign_in_link(employee.email)
        answer({"email": employee.email, "role": employee.role, "link": link}, as_json=as_json)

    @user.command("link")
    def link(email: str, as_json: AsJson = False) -> None:
        """Print a new one-time sign-in link for a person."""
        prepare()
        answer({"email": email, "link": sign_in_link(email)}, as_json=as_json)

    @user.command("list")
    def list_(as_json: AsJson = False) -> None:
        """Print everyone who may sign in."""
        prepare()
        from regulars.company.models import Employee

        people = list(Employee.objects.order_by("email").values("email", "name", "role"))
        words = "\n".join(f"{one['email']}  {one['role']}  {one['name']}" for one in people)
        answer({"users": people}, as_json=as_json, words=words)


def sign_in_link(email: str) -> str:
    """A link that signs this person in once, within the hour."""
    from regulars.company.models import Employee
    from regulars.web.signin import create_link

    employee = Employee.objects.filter(email=email.strip().lower(), is_active=True).first()
    if employee is None:
        stop(f"nobody here has the e-mail {email}", code=2)
    return create_link(employee, minutes=60)
