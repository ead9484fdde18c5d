"""The first five steps of a new installation, and which of them are done."""

from django.db import connection

from regulars.environment import read

STEPS = ("answer", "resolve", "card", "colleague", "channel")


def steps_done() -> dict[str, bool]:
    """Each step with whether it is done, in one statement; generated rows do not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM feedback_answer WHERE NOT sample),
                   EXISTS (SELECT FROM feedback_signal WHERE resolved_by_id IS NOT NULL),
                   EXISTS (SELECT FROM loyalty_redemption WHERE employee_id IS NOT NULL),
                   (SELECT count(*) > 1 FROM company_employee WHERE NOT sample AND is_active)
            """
        )
        done = [*cursor.fetchone(), bool(read("EMAIL_URL"))]
    return dict(zip(STEPS, done, strict=True))
