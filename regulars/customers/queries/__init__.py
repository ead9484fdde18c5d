"""What can be asked of customers."""

from regulars.customers.queries.consents import purposes, spoken_by, states_of
from regulars.customers.queries.people import (
    PURCHASE,
    Cursor,
    Favourite,
    Happening,
    Reason,
    Summary,
    favourite_categories,
    favourite_stores,
    find_customers,
    history_of,
    kinds_on_timeline,
    lines_without_receipt,
    store_sales,
    summaries_of,
    why_profile,
)
from regulars.customers.queries.persons import (
    leaders_of,
    persons_of,
    records_of,
    records_touched_by,
)

__all__ = [
    "PURCHASE",
    "Cursor",
    "Favourite",
    "Happening",
    "Reason",
    "Summary",
    "favourite_categories",
    "favourite_stores",
    "find_customers",
    "history_of",
    "kinds_on_timeline",
    "leaders_of",
    "lines_without_receipt",
    "persons_of",
    "purposes",
    "records_of",
    "records_touched_by",
    "spoken_by",
    "states_of",
    "store_sales",
    "summaries_of",
    "why_profile",
]
