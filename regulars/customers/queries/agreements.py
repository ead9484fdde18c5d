"""What persons agree to and refuse now, as SQL: the fold of `rules.consents` for any number of them.

A test holds it to the same answers as `rules.consents.standing_of_person`.
"""

from regulars.customers.rules.consents import CHANNELS, DEFAULT_PURPOSES

_PURPOSES = ", ".join(f"('{one.code}', {one.is_refusable})" for one in DEFAULT_PURPOSES)
_CHANNELS = ", ".join(f"('{code}')" for code in CHANNELS)


def agreements(*, scope: str, now: str) -> str:
    """A SELECT of `lead_id`, `agreed` and `refused`, a row for each person who said anything.

    `scope` is a SELECT of leading record and record, `now` an expression of the moment. The lists
    are texts of `purpose:channel` with commas between; null where they are empty.
    """
    return f"""
        WITH scope (lead_id, id) AS ({scope}),
        purpose (code, is_refusable) AS (
            SELECT code, is_refusable FROM customers_purpose
            UNION ALL
            SELECT * FROM (VALUES {_PURPOSES}) AS given (code, is_refusable)
            WHERE code NOT IN (SELECT own.code FROM customers_purpose own)),
        channel (code) AS (VALUES {_CHANNELS}),
        word AS (
            SELECT heard.lead_id, heard.id AS record_id, purpose.code AS purpose,
                channel.code AS channel, consent.id, consent.at, consent.state,
                consent.valid_until, coalesce(shown.version, 0) AS version
            FROM scope said
            JOIN customers_consent consent ON consent.customer_id = said.id
                AND consent.voided_at IS NULL AND consent.state <> 'pending'
                AND consent.at <= {now}
            JOIN scope heard ON heard.lead_id = said.lead_id
                AND (heard.id = said.id OR heard.id = ANY(consent.covers))
            JOIN purpose ON purpose.code = consent.purpose
                OR consent.purpose = '' AND purpose.is_refusable
            JOIN channel ON consent.channel IN ('', channel.code)
            LEFT JOIN customers_consenttext shown ON shown.id = consent.text_id),
        latest AS (
            SELECT DISTINCT ON (record_id, purpose, channel) * FROM word
            ORDER BY record_id, purpose, channel, at DESC, id DESC),
        standing AS (
            SELECT lead_id, purpose || ':' || channel AS pair,
                bool_or(state <> 'given') AS is_no,
                bool_or(state = 'given' AND (valid_until IS NULL OR valid_until > {now})
                    AND NOT EXISTS (SELECT FROM customers_consenttext newer
                        WHERE newer.purpose = latest.purpose AND newer.needs_new_consent
                        AND newer.published_at <= {now}
                        AND CASE WHEN latest.version > 0 THEN latest.version < newer.version
                            ELSE latest.at < newer.published_at END)) AS is_yes
            FROM latest GROUP BY lead_id, purpose, channel)
        SELECT lead_id,
            string_agg(pair, ',' ORDER BY pair COLLATE "C") FILTER (WHERE is_yes AND NOT is_no)
                AS agreed,
            string_agg(pair, ',' ORDER BY pair COLLATE "C") FILTER (WHERE is_no) AS refused
        FROM standing GROUP BY lead_id"""
