"""Who brought the members of a batch."""

from collections.abc import Collection

from django.db import connection

from regulars.core.sql import int_array


def referrers_of(program_id: int, customer_ids: Collection[int]) -> dict[int, int]:
    """The customer of who brought each of these customers, for those who were brought; 1 statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT friend.customer_id, referrer.customer_id FROM loyalty_referral referral
            JOIN loyalty_member friend ON friend.id = referral.friend_id
            JOIN loyalty_member referrer ON referrer.id = referral.referrer_id
            WHERE friend.program_id = %s AND friend.customer_id = ANY(%s::bigint[])
            """,
            [program_id, int_array(customer_ids)],
        )
        return dict(cursor.fetchall())
