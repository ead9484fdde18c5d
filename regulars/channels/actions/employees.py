"""Letters to employees: the one way to write to people who work here, at their account's address.

They are no contacts with customers: they ask for no consent and use up no budget. So nobody can
name an address here, only an employee, and the door lets out nothing else under this purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.channels.actions.sending import OutgoingMessage, Sent, send
from regulars.channels.models import UnwantedLetter
from regulars.channels.queries.employees import readers_among
from regulars.channels.rules import TO_EMPLOYEE
from regulars.company.models import Employee


@dataclass(frozen=True, slots=True)
class LetterToEmployee:
    """What an employee is to read; `key` names its cause, so that a repeat changes nothing."""

    key: str
    employee_id: int
    subject: str
    text: str
    html: str = ""
    link: str = ""


def write_to_employees(
    topic: str, letters: Sequence[LetterToEmployee], *, now: datetime
) -> list[Sent]:
    """Send letters about a topic to those employees who get any; an answer for each of these.

    Each leaves once for its key, by a job after the transaction commits; a worker that dies in the
    middle sends it again under the same Message-ID. A constant number of statements.
    """
    readers = readers_among({one.employee_id for one in letters}, topic)
    return send(
        [
            OutgoingMessage(
                key=one.key,
                purpose=TO_EMPLOYEE,
                subject=one.subject,
                text=one.text,
                html=one.html,
                link=one.link,
                address=readers[one.employee_id].address,
                channel="email",
                language=readers[one.employee_id].language,
            )
            for one in letters
            if one.employee_id in readers
        ],
        now=now,
    )


def choose_letters(employee: Employee, topic: str, *, wanted: bool) -> None:
    """An employee wants letters about a topic, or does not; said again it changes nothing."""
    if wanted:
        UnwantedLetter.objects.filter(employee=employee, topic=topic).delete()
    else:
        UnwantedLetter.objects.get_or_create(employee=employee, topic=topic)
