"""Those who serve customers: one row for each, by the code that receipts name them with."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.company.actions import AgentInput, add_agents
from regulars.company.models import Agent
from regulars.connectors.fields import Field
from regulars.connectors.staging.stage import Unit
from regulars.connectors.targets import Outcome, Target, Undone, Writing, outcomes_of, targets
from regulars.connectors.targets.unused import remove_unused


class Agents(Target):
    """Names and teams of the employees who serve customers."""

    label = _("Who serves customers")
    hint = _("One row for each employee who serves, by the code that receipts name them with.")
    unique = "code"
    keeps_ids = True
    fields = (
        Field(
            "code",
            _("Code of the employee"),
            "key",
            required=True,
            length_max=50,
            synonyms=(
                "agent|agent id|employee id|employee number|cashier id|id|number|код|табельный номер|"
                "код сотрудника|код кассира|код продавца"
            ),
        ),
        Field(
            "name",
            _("Full name"),
            "text",
            length_max=100,
            synonyms="name|employee|agent name|имя|фио|сотрудник|кассир|продавец",
        ),
        Field(
            "name_ru",
            _("Full name in Russian"),
            "text",
            length_max=100,
            synonyms="russian name|имя по-русски|фио по-русски",
        ),
        Field(
            "team",
            _("Team"),
            "text",
            length_max=100,
            synonyms="group|department|shift|команда|бригада|смена|отдел|группа",
        ),
    )

    @override
    def write(self, units: Sequence[Unit], writing: Writing) -> list[Outcome]:
        rows = [{name: value or "" for name, value in unit.values.items()} for unit in units]
        return outcomes_of(add_agents([AgentInput(**told) for told in rows]))

    @override
    def undo(self, work_id: int, *, count: int, now: datetime) -> Undone:
        return remove_unused(Agent, work_id, count=count)


targets.add("agents")(Agents())
