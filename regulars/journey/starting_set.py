"""The touchpoints a retailer starts with, in English and Russian; plain data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StartingTouchpoint:
    """One touchpoint of the starting set, with its first target model."""

    code: str
    stage: str
    channel: str
    name: str
    name_ru: str
    expectation: str
    expectation_ru: str
    fed_by: str = ""
    measure: str = ""
    goal: int | None = None


RETAIL: tuple[StartingTouchpoint, ...] = (
    StartingTouchpoint(
        "neighbourhood", "no_knowledge", "advertising",
        "Sign and window", "Вывеска и витрина",
        "People who pass the shop see what it sells and that it is open.",
        "Прохожий видит, что продаёт магазин и что он открыт.",
    ),
    StartingTouchpoint(
        "advertising", "awareness", "advertising",
        "Advertisement", "Реклама",
        "One clear offer, true to what the shop has.",
        "Одно понятное предложение, и оно совпадает с тем, что есть в магазине.",
        fed_by="first_visit",
    ),
    StartingTouchpoint(
        "mention", "awareness", "social",
        "Mention by others", "Упоминание другими",
        "Others speak of us and we know what they say.",
        "О нас говорят, и мы знаем, что именно.",
        fed_by="first_visit",
    ),
    StartingTouchpoint(
        "first_visit_web", "awareness", "web",
        "First visit to the website", "Первый визит на сайт",
        "In ten seconds it is clear what the shop sells and why it is worth staying.",
        "За десять секунд понятно, что продаёт магазин и зачем остаться.",
        fed_by="first_visit",
    ),
    StartingTouchpoint(
        "visit_web", "search", "web",
        "Visit to the website", "Визит на сайт",
        "The pages open at once, and what was looked at last time is at hand.",
        "Страницы открываются сразу, просмотренное в прошлый раз под рукой.",
        fed_by="visit",
    ),
    StartingTouchpoint(
        "website_search", "search", "web",
        "Looking for goods on the website", "Поиск товара на сайте",
        "Found in three steps, with price and stock of the nearest shop.",
        "Товар найден за три шага, видны цена и наличие в ближайшем магазине.",
        fed_by="products_searched", measure="ces", goal=5,
    ),
    StartingTouchpoint(
        "product_page", "search", "web",
        "Product page", "Страница товара",
        "Price, stock, delivery and reviews without scrolling.",
        "Цена, наличие, доставка и отзывы видны без прокрутки.",
        fed_by="product_viewed",
    ),
    StartingTouchpoint(
        "reviews", "search", "social",
        "Reading reviews", "Чтение отзывов",
        "Fresh reviews with answers from the company.",
        "Свежие отзывы, на которые компания ответила.",
    ),
    StartingTouchpoint(
        "advice_in_shop", "search", "shop",
        "Advice on the sales floor", "Совет в торговом зале",
        "An employee is near, greets and knows the goods.",
        "Сотрудник рядом, здоровается и знает товар.",
        measure="csat", goal=80,
    ),
    StartingTouchpoint(
        "purchase_shop", "purchase", "shop",
        "Purchase in a shop", "Покупка в магазине",
        "Goods are where they are looked for; the queue takes under three minutes; the till says the points.",
        "Товар на месте; очередь короче трёх минут; на кассе называют баллы.",
        fed_by="purchase", measure="nps", goal=40,
    ),
    StartingTouchpoint(
        "basket_web", "purchase", "web",
        "Basket on the website", "Корзина на сайте",
        "Nothing is lost between visits; the total with delivery is seen before paying.",
        "Ничего не теряется между визитами; итог с доставкой виден до оплаты.",
        fed_by="product_added",
    ),
    StartingTouchpoint(
        "purchase_web", "purchase", "web",
        "Order on the website", "Заказ на сайте",
        "Paid in two minutes, with a true delivery time.",
        "Оплата за две минуты и честный срок доставки.",
        fed_by="purchase", measure="nps", goal=40,
    ),
    StartingTouchpoint(
        "first_purchase_shop", "getting_started", "shop",
        "First purchase in a shop", "Первая покупка в магазине",
        "A new customer hears what the card gives and leaves with one.",
        "Новый клиент узнаёт, что даёт карта, и уходит с ней.",
        fed_by="first_purchase", measure="csat", goal=85,
    ),
    StartingTouchpoint(
        "first_purchase_web", "getting_started", "web",
        "First order on the website", "Первый заказ на сайте",
        "A new customer is led through the order and welcomed by a letter.",
        "Нового клиента ведут по заказу и встречают письмом.",
        fed_by="first_purchase", measure="csat", goal=85,
    ),
    StartingTouchpoint(
        "delivery", "use", "delivery",
        "Delivery", "Доставка",
        "On time, whole, with a call before.",
        "Вовремя, в целости, со звонком заранее.",
        measure="csat", goal=85,
    ),
    StartingTouchpoint(
        "product_quality", "use", "shop",
        "Using the goods", "Использование товара",
        "Fresh, as described, worth its price.",
        "Свежий, как описан, стоит своих денег.",
        measure="csat", goal=85,
    ),
    StartingTouchpoint(
        "hotline", "service", "phone",
        "Call to the hotline", "Звонок на горячую линию",
        "Answered in 30 seconds and solved in one call.",
        "Ответ за 30 секунд, вопрос решён за один звонок.",
        measure="ces", goal=5,
    ),
    StartingTouchpoint(
        "messenger", "service", "messenger",
        "Question in a messenger", "Вопрос в мессенджере",
        "First answer within five minutes.",
        "Первый ответ в течение пяти минут.",
        measure="ces", goal=5,
    ),
    StartingTouchpoint(
        "return_shop", "service", "shop",
        "Return of goods in a shop", "Возврат товара в магазине",
        "Settled in five minutes, without an argument.",
        "Оформлен за пять минут, без споров.",
        fed_by="return", measure="ces", goal=5,
    ),
    StartingTouchpoint(
        "return_web", "service", "web",
        "Return of an order", "Возврат заказа",
        "Started online, the money is back within three days.",
        "Оформлен онлайн, деньги вернулись за три дня.",
        fed_by="return", measure="ces", goal=5,
    ),
    StartingTouchpoint(
        "card", "loyalty", "app",
        "Loyalty card on the phone", "Карта лояльности в телефоне",
        "Balance, tier and the way to the next one at a glance.",
        "Баланс, уровень и путь к следующему видны сразу.",
        measure="csat", goal=80,
    ),
    StartingTouchpoint(
        "letter", "loyalty", "email",
        "Letter to members", "Письмо участникам",
        "Rare and useful; leaving the list takes one click.",
        "Редко и по делу; отписаться можно одним нажатием.",
        fed_by="visit",
    ),
    StartingTouchpoint(
        "farewell", "leaving", "email",
        "Letter after a long silence", "Письмо после долгого молчания",
        "One question: what made you stop coming?",
        "Один вопрос: почему вы перестали приходить?",
        measure="nps", goal=0,
    ),
)  # fmt: skip
