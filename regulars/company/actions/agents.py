"""Those who serve customers, by the codes that tills and files name them with."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from django.db import connection, transaction

from regulars.company.actions.places import Added
from regulars.company.models import Agent
from regulars.company.rules import AgentInput, problem_of_agent
from regulars.core.errors import Refused
from regulars.core.sql import text_array

FIELDS = ("code", "name", "name_ru", "team")


@transaction.atomic
def add_agents(batch: Sequence[AgentInput], *, sample: bool = False) -> list[Added]:
    """Those who serve are new or described anew, by code; answers stand in the order of the batch.

    What a description leaves empty stays as it is. Of two rows with one code the later counts. One
    statement, in the order of codes. `sample` says that new ones are invented.
    """
    problems = [problem_of_agent(one) for one in batch]
    rows = {
        one.code.strip(): one
        for one, problem in zip(batch, problems, strict=True)
        if problem is None
    }
    written = _write([rows[code] for code in sorted(rows)], sample=sample) if rows else {}
    return [
        Added(0, created=False, refused=Refused(problem.code, str(problem.message), problem.field))
        if problem
        else Added(*written[one.code.strip()])
        for one, problem in zip(batch, problems, strict=True)
    ]


def _write(agents: Sequence[AgentInput], *, sample: bool) -> dict[str, tuple[int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO company_agent AS agent (code, name, name_ru, team, sample)
            SELECT code, name, name_ru, team, %s
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
                AS given (code, name, name_ru, team)
            ON CONFLICT (code) DO UPDATE SET
                name = coalesce(nullif(EXCLUDED.name, ''), agent.name),
                name_ru = coalesce(nullif(EXCLUDED.name_ru, ''), agent.name_ru),
                team = coalesce(nullif(EXCLUDED.team, ''), agent.team),
                sample = agent.sample AND EXCLUDED.sample
            RETURNING code, id, xmax = 0""",
            [
                sample,
                *(text_array([getattr(one, name).strip() for one in agents]) for name in FIELDS),
            ],
        )
        return {code: (id_, created) for code, id_, created in cursor.fetchall()}


def change_agent(agent: Agent, told: AgentInput) -> Agent:
    """Whoever serves as a person describes them now, empty fields included; the code stays."""
    told = replace(told, code=agent.code)
    if problem := problem_of_agent(told):
        raise Refused(problem.code, str(problem.message), problem.field)
    for name in FIELDS[1:]:
        setattr(agent, name, getattr(told, name).strip())
    agent.sample = False
    agent.save()
    return agent


@transaction.atomic
def remove_agent(agent: Agent) -> None:
    """Forget who this is and whom they served; purchases and answers stay without it.

    A code that tills go on naming comes back bare with the next receipt.
    """
    Agent.objects.select_for_update().filter(pk=agent.pk).first()
    agent.delete()


@transaction.atomic(savepoint=False)
def meet_agents(codes: Collection[str]) -> dict[str, int]:
    """The ids of those who serve under these codes; a code that is new is put down bare.

    At most three statements, and none where nobody is named. Inserted in order, so that concurrent
    batches wait for each other and never deadlock. Nobody can be forgotten before the caller's
    transaction has ended.
    """
    named = {code for code in codes if code}
    if not named:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(MET, [text_array(sorted(named))])
        known: dict[str, int] = dict(cursor.fetchall())
        if not (unknown := named - known.keys()):
            return known
        cursor.execute(
            """INSERT INTO company_agent (code, name, name_ru, team, sample)
            SELECT code, '', '', '', false FROM unnest(%s::text[]) AS given (code)
            ON CONFLICT (code) DO NOTHING""",
            [text_array(sorted(unknown))],
        )
        cursor.execute(MET, [text_array(sorted(named))])
        return dict(cursor.fetchall())


MET = """SELECT code, id FROM company_agent WHERE code = ANY(%s::text[])
    ORDER BY id FOR KEY SHARE"""
