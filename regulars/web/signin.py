"""Sign-in: nobody signs up by themselves."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignUp(DefaultAccountAdapter):  # type: ignore[misc]
    """Employees are invited by an owner; the sign-up form is closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
