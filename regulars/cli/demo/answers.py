"""Writing the invented opinions through the product's own door for answers."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from django.db import connection

from regulars.cli.demo.names import person_name
from regulars.cli.demo.opinions import Opinion, Visit, opinions
from regulars.company.actions import AgentInput, add_agents
from regulars.feedback.actions.answers import AnswerInput, receive_answers
from regulars.feedback.models import Survey, SurveyVersion
from regulars.feedback.queries.surveys import latest_version

AT_ONCE = 1000
STAFFED = 12
"""So many stores, the busiest, have tills that say who served."""

TEAMS = ("Team A", "Team B")
HOTLINE_EVERY = 9
"""Every so many opinions are told to the hotline as well, and asked for effort there."""


def generate_answers(surveys: dict[str, Survey], *, now: datetime) -> int:
    """Give every chosen purchase its answers; the same ones whenever it is repeated."""
    versions = {key: latest_version(survey) for key, survey in surveys.items()}
    visits = _visits()
    inputs = _inputs(opinions(visits, latest=now), versions, crews_of(visits))
    count = 0
    while batch := list(islice(inputs, AT_ONCE)):
        receive_answers(batch, now=now)
        count += len(batch)
    return count


def crews_of(visits: Sequence[Visit]) -> dict[int, list[int]]:
    """The ids of those who serve in the busiest stores, by store: one of each team, invented.

    They are dealt out among purchases by number, so any difference between them is chance.
    """
    busiest = Counter(visit.store_id for visit in visits).most_common(STAFFED)
    posts = [(store, place) for store, _visits in sorted(busiest) for place in range(len(TEAMS))]
    told = [
        AgentInput(f"sample-{store}-{place + 1}", name.en, name.ru, TEAMS[place])
        for store, place in posts
        for name in (person_name(10_000 + store * len(TEAMS) + place),)
    ]
    crews: dict[int, list[int]] = {}
    for (store, _place), added in zip(posts, add_agents(told, sample=True), strict=True):
        crews.setdefault(store, []).append(added.id)
    return crews


def _inputs(
    spoken: Iterator[Opinion],
    versions: dict[str, SurveyVersion],
    crews: Mapping[int, Sequence[int]],
) -> Iterator[AnswerInput]:
    for index, opinion in enumerate(spoken):
        values: dict[str, object] = {
            "nps": opinion.recommend,
            "satisfied": opinion.satisfied,
            "why": opinion.comment,
        }
        asked = _input(opinion, versions["after_purchase"], values, is_passage=False)
        crew = crews.get(opinion.visit.store_id)
        server = crew[opinion.visit.purchase_id % len(crew)] if crew else None
        yield replace(asked, served_by_id=server)
        if index % HOTLINE_EVERY == 0:
            effort: dict[str, object] = {"effort": opinion.easy, "solved": opinion.easy > 3}
            yield _input(opinion, versions["after_service"], effort, is_passage=True)


def _input(
    opinion: Opinion, version: SurveyVersion, values: dict[str, object], *, is_passage: bool
) -> AnswerInput:
    visit = opinion.visit
    return AnswerInput(
        key=f"sample:{version.survey_id}:{visit.purchase_id}",
        version=version,
        values={name: value for name, value in values.items() if value != ""},
        language=opinion.language,
        channel="web",
        answered_at=opinion.answered_at,
        customer_id=visit.customer_id,
        store_id=visit.store_id,
        is_passage=is_passage,
        sample=True,
    )


def _visits() -> Sequence[Visit]:
    """Every real purchase with how its household shops, in the order of time."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH span AS (
                SELECT min(bought_at) AS began_at, max(bought_at) AS ended_at,
                       min(bought_at) + (max(bought_at) - min(bought_at)) / 2 AS middle_at
                FROM customers_purchase WHERE voided_at IS NULL
            ), habit AS (
                SELECT customer_id, count(*) / 52.0 AS per_week,
                       (1 + sum(total_minor) FILTER (WHERE bought_at >= middle_at))
                       / (1.0 + coalesce(sum(total_minor) FILTER (WHERE bought_at < middle_at), 0))
                       AS ratio
                FROM customers_purchase, span WHERE voided_at IS NULL GROUP BY customer_id
            )
            SELECT purchase.id, customer_id, store_id, bought_at, per_week::float,
                   coalesce(ratio, 0)::float
            FROM customers_purchase AS purchase JOIN habit USING (customer_id)
            WHERE purchase.voided_at IS NULL AND store_id IS NOT NULL
            ORDER BY bought_at, purchase.number
            """
        )
        return [Visit(*row) for row in cursor.fetchall()]
