"""Writing the invented opinions through the product's own door for answers."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from django.db import connection

from regulars.cli.demo.opinions import Opinion, Visit, opinions
from regulars.feedback.actions.answers import AnswerInput, receive_answers
from regulars.feedback.models import Survey, SurveyVersion
from regulars.feedback.queries.surveys import latest_version

AT_ONCE = 1000
HOTLINE_EVERY = 9
"""Every so many opinions are told to the hotline as well, and asked for effort there."""


def generate_answers(surveys: dict[str, Survey], *, now: datetime) -> int:
    """Give every chosen purchase its answers; the same ones whenever it is repeated."""
    versions = {key: latest_version(survey) for key, survey in surveys.items()}
    inputs = _inputs(opinions(_visits(), latest=now), versions)
    count = 0
    while batch := list(islice(inputs, AT_ONCE)):
        receive_answers(batch, now=now)
        count += len(batch)
    return count


def _inputs(spoken: Iterator[Opinion], versions: dict[str, SurveyVersion]) -> Iterator[AnswerInput]:
    for index, opinion in enumerate(spoken):
        values: dict[str, object] = {
            "nps": opinion.recommend,
            "satisfied": opinion.satisfied,
            "why": opinion.comment,
        }
        yield _input(opinion, versions["after_purchase"], values, is_passage=False)
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
