"""The box of anonymous answers: how many wait in it, and whether the promise is kept."""

from django.db import connection

from regulars.feedback.models import Ballot, Survey
from regulars.feedback.rules.anonymity import LEAST_MIN


def waiting_in_box(survey: Survey) -> int:
    """How many anonymous answers wait until there are enough to be shown."""
    return Ballot.objects.filter(survey=survey).count()


def broken_promises() -> list[str]:
    """Anonymous answers that lead to a person or were shown among too few, and traces of others."""
    with connection.cursor() as cursor:
        cursor.execute(BROKEN, {"least": LEAST_MIN})
        return [f"anonymity: {what} {which}" for what, which in cursor.fetchall()]


BROKEN = """
    WITH promised AS (
        SELECT id FROM feedback_surveyversion
        WHERE jsonb_typeof(definition -> 'regulars' -> 'anonymity') = 'object'
    ), answers AS (SELECT * FROM feedback_answer WHERE version_id IN (SELECT id FROM promised))
    SELECT 'who gave the answer is known:', id::text FROM answers
    WHERE customer_id IS NOT NULL OR invitation_id IS NOT NULL OR key NOT LIKE 'ballot:%%'
    UNION ALL
    SELECT 'who gave the signal is known:', signal.id::text FROM feedback_signal signal
    JOIN answers ON answers.id = signal.answer_id WHERE signal.customer_id IS NOT NULL
    UNION ALL
    SELECT 'a sitting that has ended keeps what was said:', id::text FROM feedback_sitting
    WHERE version_id IN (SELECT id FROM promised) AND ended_at IS NOT NULL
        AND ("values" <> '{}' OR answer_id IS NOT NULL)
    UNION ALL
    SELECT 'shown among too few:', min(id)::text FROM answers
    GROUP BY version_id, is_partial, sample, store_id, answered_at HAVING count(*) < %(least)s
    ORDER BY 1, 2
"""
