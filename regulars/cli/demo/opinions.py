"""Invented opinions about real purchases: from a seed, and in step with behaviour.

The published data hold no answers. These are generated so that the pages have something to show:
a household that buys more than before is happier on average than one that drifts away, stores
differ, and most people stay silent. Every row is marked as sample and goes with one button.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SEED = 2017
ANSWERS_PER_MILLE = 45
"""How many purchases in a thousand draw an answer, before moods make people speak or be silent."""

PRAISE = (
    ("Fresh vegetables, and the shelves were full.", "Свежие овощи и полные полки."),
    ("The cashier remembered me. That is why I come here.", "Кассир меня узнала. Поэтому и хожу."),
    ("In and out in ten minutes, no queue at all.", "Десять минут на всё, очереди не было."),
    ("Good prices on meat this week.", "Хорошие цены на мясо на этой неделе."),
    ("Someone helped me find the spices at once.", "Мне сразу помогли найти специи."),
    ("Clean, bright, easy to find things.", "Чисто, светло, всё легко найти."),
    ("The bread was still warm!", "Хлеб был ещё тёплый!"),
    ("I like that the points show on the receipt.", "Удобно, что баллы видны в чеке."),
)
PASSABLE = (
    ("All fine, nothing special.", "Всё нормально, ничего особенного."),
    ("Usual shopping. Parking was tight.", "Обычные покупки. С парковкой тесно."),
    ("Good choice, but cheese has become dear.", "Выбор хороший, но сыр подорожал."),
    ("The self-checkout asked for help twice.", "Касса самообслуживания дважды звала помощь."),
    ("They moved the cereals again.", "Опять переставили хлопья."),
)
COMPLAINTS = (
    (
        "Waited twenty minutes, one till open out of six.",
        "Ждал двадцать минут: из шести касс одна.",
    ),
    ("Strawberries were mouldy at the bottom of the box.", "Клубника на дне коробки с плесенью."),
    ("The price on the shelf was not the price at the till.", "Цена на полке не та, что на кассе."),
    (
        "Nobody on the floor to ask, I left without half my list.",
        "Спросить некого, ушла без половины.",
    ),
    (
        "My coupon did not work and nobody could say why.",
        "Купон не сработал, и никто не знает почему.",
    ),
    ("Milk was past its date. Please check the shelves.", "Молоко просрочено. Проверяйте полки."),
    ("The floor was dirty and the carts are broken.", "Пол грязный, тележки сломаны."),
    ("Rude answer when I wanted to return a pan.", "Нагрубили, когда возвращал сковороду."),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A real purchase, and how its household shops: purchases a week, and the change of spending."""

    purchase_id: int
    customer_id: int
    store_id: int
    bought_at: datetime
    visits_per_week: float
    spend_ratio: float
    """Spending of the later half of the year over the earlier half; 1 is steady."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody is supposed to have answered after a purchase."""

    visit: Visit
    answered_at: datetime
    recommend: int
    satisfied: int
    easy: int
    comment: str
    language: str


def opinions(visits: Sequence[Visit], *, latest: datetime, seed: int = SEED) -> Iterator[Opinion]:
    """Answers to a share of the visits, the same for the same seed and visits."""
    chance = random.Random(seed)
    of_customer: dict[int, float] = {}
    of_store: dict[int, float] = {}
    for visit in visits:
        mood = (
            of_customer.setdefault(visit.customer_id, chance.gauss(0, 0.6))
            + of_store.setdefault(visit.store_id, chance.gauss(0, 0.35))
            + _of_behaviour(visit)
            + chance.gauss(0, 0.7)
        )
        spoke = ANSWERS_PER_MILLE * (0.6 + 0.5 * min(abs(mood), 2)) / 1000
        answered_at = visit.bought_at + timedelta(hours=chance.expovariate(1 / 9) + 0.5)
        if chance.random() < spoke and answered_at < latest:
            yield _opinion(visit, mood, answered_at, chance)


def _of_behaviour(visit: Visit) -> float:
    """Habit and growth make a household happier, by up to one step either way."""
    habit = 0.4 * math.tanh(visit.visits_per_week - 1)
    growth = 0.7 * math.tanh(2 * math.log(max(visit.spend_ratio, 0.05)))
    return habit + growth


def _opinion(visit: Visit, mood: float, answered_at: datetime, chance: random.Random) -> Opinion:
    recommend = _scaled(8.4 + 1.7 * mood, 0, 10)
    satisfied = _scaled(4.2 + 0.7 * mood + chance.gauss(0, 0.3), 1, 5)
    easy = _scaled(5.6 + 0.8 * mood + chance.gauss(0, 0.5), 1, 7)
    language = "ru" if visit.customer_id % 7 == 0 else "en"
    return Opinion(
        visit=visit,
        answered_at=answered_at,
        recommend=recommend,
        satisfied=satisfied,
        easy=easy,
        comment=_comment(recommend, language, chance),
        language=language,
    )


def _comment(recommend: int, language: str, chance: random.Random) -> str:
    """Words fit for the score; the unhappy write more often than the content."""
    texts, talkative = (
        (COMPLAINTS, 0.75)
        if recommend <= 6
        else (PRAISE, 0.4)
        if recommend >= 9
        else (PASSABLE, 0.3)
    )
    if chance.random() > talkative:
        return ""
    return chance.choice(texts)[1 if language == "ru" else 0]


def _scaled(value: float, low: int, high: int) -> int:
    return max(low, min(high, round(value)))
