"""What the company does when others publish."""

from regulars.company.events import SampleDataRemoved
from regulars.company.models import Agent, Employee
from regulars.core.events import on


@on(SampleDataRemoved)
def deactivate_invented_employees(event: SampleDataRemoved) -> None:
    """Invented employees may not sign in any more; their rows stay for what names them."""
    Employee.objects.filter(sample=True).update(is_active=False)


@on(SampleDataRemoved)
def forget_invented_agents(event: SampleDataRemoved) -> None:
    """Invented people who serve go, and what names them names nobody."""
    Agent.objects.filter(sample=True).delete()
