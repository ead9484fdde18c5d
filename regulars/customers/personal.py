"""What the customers domain holds of people."""

from django.utils.translation import gettext_lazy as _

from regulars.core.holdings import Holding, hold, impersonal

hold(
    Holding(
        "customers_customer",
        _("Profile"),
        whose="id = ANY(%(ids)s)",
        shows="""SELECT id, merged_into_id, name, name_ru, email, phone, gender, birth_year,
            birthday, address, occupation, interests, traits, language, known_since
            FROM customers_customer WHERE id = ANY(%(ids)s) ORDER BY id""",
        clears={
            **dict.fromkeys(
                ("name", "name_ru", "email", "phone", "gender", "address", "occupation"), "''"
            ),
            "language": "''",
            "interests": "'[]'",
            "traits": "'{}'",
            **dict.fromkeys(("birth_year", "birthday", "home_store_id"), "NULL"),
            "withdrawn_at": "coalesce(withdrawn_at, now())",
        },
        names="""SELECT unnest(ARRAY[name, name_ru, email, phone, address])
            FROM customers_customer WHERE id = ANY(%(ids)s)""",
    ),
    Holding(
        "customers_sourcerecord",
        _("What sources say"),
        shows="""SELECT source, outside_id, body, received_at, said_at
            FROM customers_sourcerecord WHERE customer_id = ANY(%(ids)s) ORDER BY id""",
        clears=None,
        names="""SELECT outside_id FROM customers_sourcerecord WHERE customer_id = ANY(%(ids)s)
            UNION SELECT fact.value #>> '{}' FROM customers_sourcerecord record,
                jsonb_each(record.body) fact
            WHERE record.customer_id = ANY(%(ids)s)
                AND fact.key IN ('name', 'name_ru', 'email', 'phone', 'address')""",
    ),
    Holding(
        "customers_claim",
        _("Identities that records name"),
        shows="""SELECT identity.kind, identity.value, claim.source, claim.said_at
            FROM customers_claim claim JOIN customers_identity identity
                ON identity.id = claim.identity_id
            WHERE claim.customer_id = ANY(%(ids)s) ORDER BY claim.id""",
        clears=None,
    ),
    Holding(
        "customers_relationmember",
        _("Households and shared devices"),
        whose="""customer_id = ANY(%(ids)s) OR relation_id IN (SELECT relation.id
            FROM customers_relation relation JOIN customers_identity identity
                ON identity.id = relation.identity_id WHERE identity.customer_id = ANY(%(ids)s))""",
        shows="""SELECT relation.kind, relation.at FROM customers_relationmember member
            JOIN customers_relation relation ON relation.id = member.relation_id
            WHERE member.customer_id = ANY(%(ids)s) ORDER BY relation.id""",
        clears=None,
    ),
    Holding(
        "customers_relation",
        _("Households and shared devices"),
        whose="""identity_id IN (SELECT id FROM customers_identity
            WHERE customer_id = ANY(%(ids)s))""",
        clears=None,
    ),
    Holding(
        "customers_evidence",
        _("Why records are held to be one person"),
        whose="left_id = ANY(%(ids)s) OR right_id = ANY(%(ids)s)",
        shows="""SELECT left_id, right_id, kind, probability, steps, source, at
            FROM customers_evidence WHERE left_id = ANY(%(ids)s) OR right_id = ANY(%(ids)s)
            ORDER BY id""",
        clears=None,
    ),
    Holding(
        "customers_identity",
        _("Identities"),
        shows="""SELECT kind, value FROM customers_identity
            WHERE customer_id = ANY(%(ids)s) ORDER BY kind, value""",
        clears=None,
        names="SELECT value FROM customers_identity WHERE customer_id = ANY(%(ids)s)",
    ),
    Holding("customers_comparable", _("What is compared of records"), clears=None),
    Holding("customers_blockkey", _("What is compared of records"), clears=None),
    Holding(
        "customers_merging",
        _("Merged records"),
        shows="""SELECT kind, customer_id, lead_id, reason, at FROM customers_merging
            WHERE customer_id = ANY(%(ids)s) OR lead_id = ANY(%(ids)s) ORDER BY id""",
    ),
    Holding(
        "customers_purchase",
        _("Purchases"),
        shows="""SELECT purchase.id, purchase.source, purchase.number, store.name AS store,
            purchase.bought_at, purchase.total_minor, purchase.discount_minor,
            (SELECT jsonb_agg(jsonb_build_object('product', product.name,
                'quantity_milli', line.quantity_milli, 'total_minor', line.total_minor)
                ORDER BY line.position)
            FROM customers_line line LEFT JOIN company_product product
                ON product.id = line.product_id
            WHERE line.purchase_id = purchase.id) AS lines
            FROM customers_purchase purchase LEFT JOIN company_store store
                ON store.id = purchase.store_id
            WHERE purchase.customer_id = ANY(%(ids)s) AND purchase.voided_at IS NULL
            ORDER BY purchase.bought_at, purchase.id""",
    ),
    Holding(
        "customers_return",
        _("Returned goods"),
        whose="""purchase_id IN (SELECT id FROM customers_purchase
            WHERE customer_id = ANY(%(ids)s))""",
        shows="""SELECT back.id, back.purchase_id, back.returned_at, back.total_minor, back.reason
            FROM customers_return back JOIN customers_purchase purchase
                ON purchase.id = back.purchase_id
            WHERE purchase.customer_id = ANY(%(ids)s) ORDER BY back.id""",
        clears={"reason": "''"},
    ),
    Holding(
        "customers_timelineentry",
        _("Timeline"),
        shows="""SELECT at, kind, body FROM customers_timelineentry
            WHERE customer_id = ANY(%(ids)s) ORDER BY at, id""",
        clears=None,
        mentions=("body",),
    ),
    Holding(
        "customers_segmentmember",
        _("Segments"),
        shows="""SELECT segment.name, stay.entered_at, stay.left_at
            FROM customers_segmentmember stay JOIN customers_segment segment
                ON segment.id = stay.segment_id
            WHERE stay.customer_id = ANY(%(ids)s) ORDER BY stay.id""",
        clears=None,
    ),
    Holding("customers_segmenttouch", _("Segments"), clears=None),
    Holding("customers_segmentclock", _("Segments"), clears=None),
    Holding(
        "customers_consent",
        _("Consents"),
        shows="""SELECT said.purpose, said.channel, said.state, said.basis, said.at,
            said.valid_until, said.source, words.text, said.proof
            FROM customers_consent said LEFT JOIN customers_consenttext words
                ON words.id = said.text_id
            WHERE said.customer_id = ANY(%(ids)s) ORDER BY said.id""",
        clears={"proof": "'{}'", "key": "'erased:' || id"},
        mentions=("key",),
    ),
    Holding(
        "customers_trackedevent",
        _("Web and app events"),
        whose="""customer_id = ANY(%(ids)s) OR (user_id <> '' AND user_id = ANY(%(values)s))
            OR (anonymous_id <> '' AND anonymous_id = ANY(%(values)s))""",
        shows="""SELECT source, type, name, at, properties, context FROM customers_trackedevent
            WHERE customer_id = ANY(%(ids)s) ORDER BY at, id""",
        clears={
            "user_id": "''",
            "anonymous_id": "''",
            "name": "CASE WHEN type IN ('group', 'alias') THEN '' ELSE name END",
            "properties": "'{}'",
            "context": "'{}'",
        },
        mentions=("properties", "context", "name", "user_id", "anonymous_id"),
        names="""SELECT user_id FROM customers_trackedevent WHERE customer_id = ANY(%(ids)s)
            UNION SELECT anonymous_id FROM customers_trackedevent
            WHERE customer_id = ANY(%(ids)s)""",
    ),
    Holding(
        "customers_privacyrequest",
        _("Privacy requests"),
        shows="""SELECT kind, state, asked_by, verified, asked_at, due_at, done_at, note
            FROM customers_privacyrequest WHERE customer_id = ANY(%(ids)s) ORDER BY id""",
        clears={"note": "''", "verified": "''", "wishes": "NULL"},
        mentions=("note", "verified"),
    ),
    Holding(
        "customers_privacyfile",
        _("Files of privacy requests"),
        whose="""kind <> 'certificate' AND request_id IN (SELECT id FROM customers_privacyrequest
            WHERE customer_id = ANY(%(ids)s))""",
        clears=None,
    ),
    Holding(
        "customers_restriction",
        _("Restrictions"),
        shows="""SELECT scope, reason, since, lifted_at, lift_reason FROM customers_restriction
            WHERE customer_id = ANY(%(ids)s) ORDER BY id""",
        clears={"reason": "''", "lift_reason": "''"},
        mentions=("reason", "lift_reason"),
    ),
)
hold(
    Holding(
        "customers_accessentry",
        _("Who looked"),
        whose="customer_ids && %(ids)s::bigint[]",
        shows="""SELECT looked.at, coalesce(worker.name, looked.actor) AS who, looked.what
            FROM customers_accessentry looked LEFT JOIN company_employee worker
                ON looked.actor = 'employee' AND worker.id = looked.actor_number
            WHERE looked.customer_ids && %(ids)s::bigint[] ORDER BY looked.id""",
        mentions=("reason",),
    ),
)
impersonal(
    "products and amounts of receipts, without their buyer",
    "customers_line",
    "customers_returnline",
)
impersonal("values that the company says point to nobody", "customers_blockedvalue")
impersonal("erased people as numbers and keyed digests", "customers_tombstone")
impersonal(
    "purposes and texts as the company wrote them", "customers_purpose", "customers_consenttext"
)
impersonal(
    "what segments ask, and when they are looked after",
    "customers_segment",
    "customers_segmentupkeep",
)
