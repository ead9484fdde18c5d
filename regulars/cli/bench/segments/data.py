"""A company of any size, made by a few statements: profiles, purchases, visits, answers, consents.

The figures are drawn from hashes of the row's number, so every run makes the same company. Most
customers buy seldom and some often; prices, stores and categories are unequal, as they are.
"""

from django.db import connection

from regulars.cli.console import speech

PRODUCTS = 500
STORES = 20
YEAR_S = 365 * 86_400

CATEGORIES = ("Food", "Food/Coffee", "Food/Dairy", "Food/Bread", "Food/Sweets", "Home", "Home/Care")

_RANDOM = """
CREATE FUNCTION pg_temp.random_of(number bigint, salt int) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (hashint8extended(number, salt) & 4294967295) / 4294967296.0 $$
"""


STEPS: tuple[tuple[str, str], ...] = (
    (
        "customers",
        """
        INSERT INTO customers_customer (name, name_ru, email, phone, gender, birth_year, address,
            occupation, interests, traits, language, home_store_id, known_since)
        SELECT 'Customer ' || n, '', 'c' || n || '@example.com',
            CASE WHEN r(n, 1) < 0.7 THEN '+7900' || lpad(n::text, 7, '0') ELSE '' END,
            (ARRAY['f', 'm', ''])[1 + (r(n, 2) * 2.4)::int],
            CASE WHEN r(n, 3) < 0.8 THEN 1940 + (r(n, 4) * 68)::int END, '', '', '[]',
            jsonb_build_object('city', (ARRAY['Moscow', 'Omsk', 'Perm', 'Kazan'])
                [1 + floor(r(n, 5) * 4)::int], 'plan', (ARRAY['base', 'silver', 'gold'])
                [1 + floor(power(r(n, 19), 2) * 3)::int], 'children', floor(r(n, 20) * 4)::int,
                'pets', r(n, 21) < 0.4, 'renews',
                (%(now)s::timestamptz + (r(n, 22) - 0.5) * interval '400 days')::date),
            'en', (SELECT min(id) FROM company_store) + floor(r(n, 6) * %(stores)s)::int,
            %(now)s::timestamptz - r(n, 7) * interval '1500 days'
        FROM generate_series(1, %(people)s) n""",
    ),
    (
        "purchases",
        """
        INSERT INTO customers_purchase (source, number, customer_id, store_id, bought_at,
            total_minor, discount_minor, fingerprint, recorded_at)
        SELECT 'bench', 'B' || n,
            (SELECT min(id) FROM customers_customer) + floor(power(r(n, 1), 1.8) * %(people)s)::int,
            (SELECT min(id) FROM company_store) + floor(power(r(n, 2), 1.5) * %(stores)s)::int,
            %(now)s::timestamptz - (60 + power(r(n, 3), 1.2) * %(year_s)s) * interval '1 second',
            200 + floor(power(r(n, 4), 3) * 9000)::int, 0, decode(md5(n::text), 'hex'), %(now)s
        FROM generate_series(1, %(people)s * 2) n""",
    ),
    (
        "lines",
        """
        INSERT INTO customers_line (purchase_id, position, product_id, quantity_milli, total_minor,
            discount_minor)
        SELECT bought.id, place, (SELECT min(id) FROM company_product)
                + floor(power(r(bought.id * 2 + place, 5), 1.6) * %(products)s)::int,
            1000, bought.total_minor / 2, 0
        FROM customers_purchase bought CROSS JOIN generate_series(1, 2) place""",
    ),
    (
        "events",
        """
        INSERT INTO customers_trackedevent (source, message_id, type, name, customer_id, user_id,
            anonymous_id, at, received_at, properties, context, is_flawed)
        SELECT 'site', 'm' || n, CASE WHEN r(n, 8) < 0.6 THEN 'page' ELSE 'track' END,
            CASE WHEN r(n, 8) < 0.6 THEN 'Catalogue' WHEN r(n, 8) < 0.9 THEN 'Product Viewed'
                ELSE 'Cart Viewed' END,
            (SELECT min(id) FROM customers_customer) + floor(power(r(n, 9), 2) * %(people)s)::int,
            '', '', %(now)s::timestamptz - (60 + r(n, 10) * 90 * 86400) * interval '1 second',
            %(now)s, jsonb_build_object('category', (ARRAY['coffee', 'tea', 'sweets', 'home'])
                [1 + floor(r(n, 23) * 4)::int], 'value', round((r(n, 24) * 120)::numeric, 2),
                'sku', 'P' || floor(r(n, 25) * 200)::int, 'gift', r(n, 26) < 0.2, 'due',
                %(now)s::timestamptz + (r(n, 27) - 0.5) * interval '100 days'),
            jsonb_build_object('sessionId', n / 3, 'campaign',
                jsonb_build_object('source', (ARRAY['yandex', 'vk', 'news'])
                    [1 + floor(r(n / 3, 11) * 3)::int], 'medium', 'cpc')), false
        FROM generate_series(1, %(people)s) n""",
    ),
    (
        "answers",
        """
        INSERT INTO feedback_signal (cause, method, channel, at, measure, native_score, share, text,
            language, is_unhappy, sample, customer_id)
        SELECT 'bench' || n, 'survey', 'web', %(now)s::timestamptz - r(n, 12) * interval '300 days',
            'nps', floor(power(r(n, 13), 0.6) * 11), 0.5, '', 'en', r(n, 13) < 0.2, false,
            (SELECT min(id) FROM customers_customer) + floor(r(n, 14) * %(people)s)::int
        FROM generate_series(1, %(people)s / 5) n""",
    ),
    (
        "consents",
        """
        INSERT INTO customers_consent (key, customer_id, purpose, channel, state, basis, at,
            valid_until, source, language, covers, proof, recorded_at, sample)
        SELECT 'bench' || id, id, 'marketing', (ARRAY['email', 'sms'])[1 + floor(r(id, 15) * 2)::int],
            CASE WHEN r(id, 16) < 0.8 THEN 'given' ELSE 'refused' END, 'consent',
            known_since + interval '1 day',
            CASE WHEN r(id, 17) < 0.3 THEN %(now)s::timestamptz + r(id, 17) * interval '900 days' END,
            'bench', 'en', '{}', '{}', %(now)s, false
        FROM customers_customer WHERE r(id, 18) < 0.5
            AND known_since < %(now)s::timestamptz - interval '2 days'""",
    ),
)


def make_company(*, people: int, now: str) -> dict[str, int]:
    """Fill an empty database; says how many rows of each kind there are."""
    told: dict[str, int | str] = {
        "people": people,
        "now": now,
        "stores": STORES,
        "products": PRODUCTS,
        "year_s": YEAR_S,
    }
    counts = {}
    with connection.cursor() as cursor:
        # The rows fit by the way they are made; asking for each foreign key takes most of the time.
        cursor.execute("SET synchronous_commit = off; SET session_replication_role = replica")
        cursor.execute(_RANDOM)
        _open_shop()
        for name, statement in STEPS:
            cursor.execute(
                statement.replace(" r(", " pg_temp.random_of(").replace(
                    "(r(", "(pg_temp.random_of("
                ),
                told,
            )
            counts[name] = cursor.rowcount
            speech.print(f"{name}: {cursor.rowcount}")
        cursor.execute("SET session_replication_role = DEFAULT; SET synchronous_commit = on")
        cursor.execute("VACUUM ANALYZE")
    return counts


def _open_shop() -> None:
    from regulars.company.models import Brand, Category, Product, Store

    Brand.objects.get_or_create(pk=1, defaults={"name": "Bench", "timezone": "Europe/Moscow"})
    Store.objects.bulk_create(Store(code=f"S{n}", name=f"Store {n}") for n in range(STORES))
    branches = Category.objects.bulk_create(
        Category(name=path.rpartition("/")[2], path=path) for path in CATEGORIES
    )
    Product.objects.bulk_create(
        Product(sku=f"P{n}", name=f"Product {n}", category=branches[n % len(branches)])
        for n in range(PRODUCTS)
    )
