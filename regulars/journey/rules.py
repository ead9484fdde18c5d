"""Stages, channels, and how a fact stands to its goal; no database and no clock here."""

from collections.abc import Iterable
from dataclasses import dataclass


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


@dataclass(frozen=True)
class Stage:
    """One of the nine stages of a customer's life, with its English name and a line about it."""

    key: str
    name: str
    about: str


STAGES: tuple[Stage, ...] = (
    Stage(
        "no_knowledge",
        gettext_noop("No knowledge of the brand"),
        gettext_noop("The person does not know that the company exists."),
    ),
    Stage(
        "awareness",
        gettext_noop("Awareness"),
        gettext_noop("The person has heard of the brand or seen it."),
    ),
    Stage(
        "search",
        gettext_noop("Finding a solution"),
        gettext_noop("The person looks for what meets a need and compares."),
    ),
    Stage(
        "purchase",
        gettext_noop("Purchase"),
        gettext_noop("The customer chooses, pays and takes the goods."),
    ),
    Stage(
        "getting_started",
        gettext_noop("Getting started"),
        gettext_noop("The first steps of a new customer: first purchase, card, first use."),
    ),
    Stage(
        "use",
        gettext_noop("Using the product or service"),
        gettext_noop("The customer lives with what was bought."),
    ),
    Stage(
        "service",
        gettext_noop("Service"),
        gettext_noop("The customer needs help, or brings something back."),
    ),
    Stage(
        "loyalty",
        gettext_noop("Loyalty"),
        gettext_noop("The customer comes back, collects points, recommends."),
    ),
    Stage(
        "leaving",
        gettext_noop("Leaving"),
        gettext_noop("The customer drifts away or says goodbye."),
    ),
)
"""The nine stages in their order; the key is what the database stores."""

CHANNELS: dict[str, str] = {
    "shop": gettext_noop("Shop"),
    "web": gettext_noop("Web"),
    "app": gettext_noop("App"),
    "email": gettext_noop("E-mail"),
    "messenger": gettext_noop("Messenger"),
    "phone": gettext_noop("Telephone"),
    "social": gettext_noop("Social media and reviews"),
    "advertising": gettext_noop("Advertising"),
    "delivery": gettext_noop("Delivery"),
}
"""Where company and customer meet, in the order of the map's columns."""

FED_BY: dict[str, str] = {
    "": gettext_noop("Other domains and the API"),
    "purchase": gettext_noop("Every purchase on this channel"),
    "first_purchase": gettext_noop("The first purchase of a customer"),
    "return": gettext_noop("Every return of goods"),
    "first_visit": gettext_noop("The first visit of a person, by what led to it"),
    "visit": gettext_noop("Every visit to the site or the app, by what led to it"),
    "products_searched": gettext_noop("Visits with a search for goods"),
    "product_viewed": gettext_noop("Visits with a look at a product"),
    "product_added": gettext_noop("Visits with something put into the basket"),
    "checkout_started": gettext_noop("Visits with a checkout begun"),
}
"""What writes the passages of a touchpoint by itself."""

FED_BY_EVENT: dict[str, str] = {
    "Products Searched": "products_searched",
    "Product List Filtered": "products_searched",
    "Product Viewed": "product_viewed",
    "Product Clicked": "product_viewed",
    "Product Added": "product_added",
    "Checkout Started": "checkout_started",
}
"""What an event of Segment's e-commerce specification feeds, by its name."""

CHANNEL_OF_VISIT: dict[str, str] = {
    "advertising": "advertising",
    "email": "email",
    "messenger": "messenger",
    "social": "social",
}
"""The channel of the map on which a visit came; from elsewhere it came on the site's own."""

ENOUGH_ANSWERS = 30
"""Below this many answers a score is shown but not judged, and its touchpoint stays grey."""


@dataclass(frozen=True)
class Number:
    """A score with the bounds of its 95 % confidence interval, and the count of answers behind it.

    `effective` is how many even answers these are worth; `asked` and `replied` tell of invitations
    and are None where nobody counted them; `weighting` says how answers were weighted.
    """

    value: float
    n: int
    low: float
    high: float
    effective: float | None = None
    asked: int | None = None
    replied: int | None = None
    weighting: str = ""

    @property
    def answers(self) -> int:
        """The answers behind it, by the name that components know."""
        return self.n


def standing(number: Number | None, goal: float | None, *, measured: bool = True) -> str:
    """How the fact stands to the goal, as one word.

    `not_measured`: nothing measures this. `too_few`: fewer answers than `ENOUGH_ANSWERS`.
    `no_goal`: a valid score without a goal. `met`, `below`: the whole interval lies at or above the
    goal, or under it. `open`: the goal lies inside the interval, so the answers do not decide.

    >>> standing(Number(52.0, 400, 46.1, 57.3), 40)
    'met'
    >>> standing(Number(52.0, 400, 46.1, 57.3), 50)
    'open'
    >>> standing(Number(80.0, 5, 20.0, 100.0), 50)
    'too_few'
    """
    if not measured or number is None or number.n == 0:
        return "not_measured"
    if number.n < ENOUGH_ANSWERS:
        return "too_few"
    if goal is None:
        return "no_goal"
    if number.low >= goal:
        return "met"
    return "below" if number.high < goal else "open"


def is_grey(passages: int, number: Number | None) -> bool:
    """Whether people pass here and nothing validly measures it.

    >>> is_grey(100, None), is_grey(0, None), is_grey(100, Number(5.0, 30, 4.0, 6.0))
    (True, False, False)
    """
    return passages > 0 and (number is None or number.n < ENOUGH_ANSWERS)


@dataclass(frozen=True)
class Coverage:
    """How much of the journey is seen: touchpoints that people pass, and those of them in the grey."""

    passed: int
    grey: int
    passages: int
    grey_passages: int

    @property
    def grey_share(self) -> float | None:
        """The share of passages, from 0 to 1, that went through grey zones; None without passages."""
        return self.grey_passages / self.passages if self.passages else None


def coverage(cells: Iterable[tuple[int, Number | None]]) -> Coverage:
    """The coverage of touchpoints given as pairs of passages and score.

    >>> coverage([(900, Number(40.0, 50, 30.0, 50.0)), (100, None), (0, None)])
    Coverage(passed=2, grey=1, passages=1000, grey_passages=100)
    """
    passed = [(passages, number) for passages, number in cells if passages > 0]
    grey = [passages for passages, number in passed if is_grey(passages, number)]
    return Coverage(len(passed), len(grey), sum(each for each, _ in passed), sum(grey))
