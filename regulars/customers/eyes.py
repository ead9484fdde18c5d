"""What somebody may see of people: contacts as they are, or masked. This is the one place."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from regulars.core.models import ApiKey
from regulars.customers.models import Customer
from regulars.customers.rules.masking import masked_fact, masked_identity

SCOPE = "customers:personal"
"""What an API key needs to read names and contacts."""

PERMISSION = "personal.view_contacts"
REVEALED_FOR = timedelta(minutes=15)
_KEPT = "revealed_customers"


@dataclass(frozen=True)
class Eyes:
    """How one viewer sees people: all of them unmasked, only those revealed, or none."""

    sees_all: bool
    revealed: frozenset[int] = frozenset()

    def sees(self, customer_id: int) -> bool:
        """Whether this customer's contacts are shown as they are."""
        return self.sees_all or customer_id in self.revealed

    def fact(self, customer_id: int, name: str, value: Any) -> Any:
        """A fact of a customer's profile, masked where it has to be."""
        return value if self.sees(customer_id) else masked_fact(name, value)

    def identity(self, customer_id: int, kind: str, value: str) -> str:
        """An identity of a customer, masked where it has to be."""
        return value if self.sees(customer_id) else masked_identity(kind, value)

    def name(self, customer: Customer) -> str:
        """What a customer is called: the name in the reader's language, initials, or the number."""
        if self.sees(customer.pk) or not customer.name:
            return str(customer)
        return str(masked_fact("name", str(customer)))

    def contact(self, customer: Customer) -> str:
        """The phone, or the e-mail of a customer; empty where neither is known."""
        name = "phone" if customer.phone else "email"
        return str(self.fact(customer.pk, name, getattr(customer, name)))


def eyes_of(request: HttpRequest) -> Eyes:
    """How whoever sent a request sees people."""
    auth = getattr(request, "auth", None)
    if isinstance(auth, ApiKey):
        return Eyes(auth.allows(SCOPE))
    user = request.user
    if user.is_authenticated and user.has_perm(PERMISSION):
        return Eyes(sees_all=True)
    now = timezone.now().timestamp()
    kept = request.session.get(_KEPT, {})
    return Eyes(
        sees_all=False, revealed=frozenset(int(key) for key, until in kept.items() if until > now)
    )


def reveal(request: HttpRequest, customer_id: int, *, now: datetime) -> None:
    """Shows this viewer the contacts of one customer for a while; the caller notes why."""
    kept = {
        key: until
        for key, until in request.session.get(_KEPT, {}).items()
        if until > now.timestamp()
    }
    request.session[_KEPT] = {**kept, str(customer_id): (now + REVEALED_FOR).timestamp()}
