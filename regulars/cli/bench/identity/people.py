"""People made up for measuring: records of a retailer with the errors that such records have.

Three kinds. *Retail*: shops, mail and web know people by name, birthday, phone, e-mail and address;
with typing errors, gaps, households and shared phones. *Contacts*: a short list with heavy gaps.
*Biographies*: about ten records a person, under titles and short names, with relatives.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from regulars.customers.matching.nicknames import FORMAL

Row = dict[str, Any]

_SYLLABLES = """al an bar ber bur can car chal clar cor dal den dor el fair far fen gar glen gran hal ham har
hol kel ken kirk lan lang law mar mer mil mor nor os pal pen ral ran red ros sal sel shel stan stock
sut tal thorn tor wal war wel whit win wood""".split()
_ENDINGS = """by combe cott den don er ers field ford gate ham hurst ing land ley lin man mer more ridge
rick sby sen shaw son stead ster stone ton ville wall ward well wick wood worth""".split()
_STREETS = "street road lane avenue close drive way court gardens terrace".split()
_DOMAINS = "gmail.com yahoo.com outlook.com hotmail.com mail.ru icloud.com proton.me".split()
_TRADES = """politician writer cricketer painter soldier lawyer engineer botanist clergyman actor
physician banker architect composer physicist historian journalist merchant poet explorer""".split()
_KEYBOARD = "qwertyuiopasdfghjklzxcvbnm"
_SHORT: dict[str, list[str]] = {}
for _short, _full in FORMAL.items():
    _SHORT.setdefault(_full, []).append(_short)
GIVEN = sorted(
    {*_SHORT, *"oscar noah alfie amelia olivia ava mia isla poppy freya evie ruby".split()}
)


class World:
    """Names and places with frequencies as in life: few common ones, many rare ones."""

    def __init__(self, seed: int, *, surnames: int, cities: int) -> None:
        self.random = Random(seed)  # noqa: S311 (repeatable people)
        made = {self._word() for _ in range(surnames * 2)}
        self.surnames = sorted(made)[:surnames]
        self.random.shuffle(self.surnames)
        self.cities = [self._word() for _ in range(cities)]

    def _word(self) -> str:
        random = self.random
        middle = random.choice(_SYLLABLES) if random.random() < 0.5 else ""
        return random.choice(_SYLLABLES) + middle + random.choice(_ENDINGS)

    def frequent(self, values: list[str], power: float = 2.2) -> str:
        """One of the values; the first ones are the most common."""
        return values[int(len(values) * self.random.random() ** power)]

    def birthday(self, first: int, last: int) -> date:
        """A day of these years."""
        days = (date(last, 12, 31) - date(first, 1, 1)).days
        return date(first, 1, 1) + timedelta(days=self.random.randrange(days))

    def postcode(self, city: int) -> str:
        """One of a city's postcodes."""
        random = self.random
        area = f"{chr(65 + city % 26)}{chr(65 + city // 26 % 26)}{random.randrange(1, 30)}"
        return f"{area} {random.randrange(10)}{random.choice('ABDEFGHJ')}{random.choice('LNPQRS')}"

    def mistyped(self, text: str) -> str:
        """The text with one letter wrong, lost, doubled or swapped with the next."""
        if len(text) < 2:
            return text
        place = self.random.randrange(len(text) - 1)
        letter = self.random.choice("0123456789" if text[place].isdigit() else _KEYBOARD)
        ways = (
            text[:place] + letter + text[place + 1 :],
            text[:place] + text[place + 1 :],
            text[:place] + letter + text[place:],
            text[:place] + text[place + 1] + text[place] + text[place + 2 :],
        )
        return self.random.choice(ways)

    def short(self, given: str) -> str:
        """A short form of a first name, where there is one."""
        return self.random.choice(_SHORT.get(given, [given]))

    def wrong_day(self, day: str) -> str:
        """The ISO day with day and month swapped or a digit wrong."""
        year, month, of_month = day.split("-")
        if self.random.random() < 0.3 and int(of_month) <= 12:
            return f"{year}-{of_month}-{month}"
        place = self.random.choice((2, 3, 5, 6, 8, 9))
        return day[:place] + str(self.random.randrange(10)) + day[place + 1 :]


def retail(records: int, seed: int = 1) -> Iterator[Row]:
    """`records` rows of `id`, `person`, names, birthday, gender, phone, e-mail, street, postcode, city."""
    world = World(seed, surnames=20_000, cities=400)
    random, made, person = world.random, 0, 0
    while made < records:
        home = _home(world)
        for _ in range(random.choice((2, 3)) if random.random() < 0.06 else 1):
            person += 1
            known = _customer(world, home)
            for copy in range(random.choices((1, 2, 3, 4, 5), (55, 23, 12, 6, 4))[0]):
                row = known if copy == 0 and random.random() < 0.7 else _retail_copy(world, known)
                yield {"id": made, "person": person, **row}
                made += 1
                if made == records:
                    return


def _home(world: World) -> Row:
    random = world.random
    city = int(len(world.cities) * random.random() ** 2)
    street = f"{random.randrange(1, 150)} {world.frequent(world.surnames, 1.3)} {random.choice(_STREETS)}"
    return {
        "surname": world.frequent(world.surnames),
        "phone": f"+447{random.randrange(10**8, 10**9)}",
        "street": street,
        "postcode": world.postcode(city),
        "city": world.cities[city],
    }


def _customer(world: World, home: Row) -> Row:
    random = world.random
    given = world.frequent(GIVEN, 1.8)
    local = random.choice(
        (
            f"{given}.{home['surname']}",
            f"{given[0]}{home['surname']}",
            f"{home['surname']}{given[:3]}",
        )
    )
    own_phone = random.random() < 0.4
    return {
        "first_name": given,
        "surname": home["surname"] if random.random() < 0.85 else world.frequent(world.surnames),
        "birthday": world.birthday(1940, 2006).isoformat(),
        "gender": random.choice("fm"),
        "phone": f"+447{random.randrange(10**8, 10**9)}" if own_phone else home["phone"],
        "email": f"{local}{random.randrange(1000)}@{random.choice(_DOMAINS)}",
        "street": home["street"],
        "postcode": home["postcode"],
        "city": home["city"],
    }


_GAPS = {"first_name": 0.02, "surname": 0.02, "birthday": 0.3, "gender": 0.3, "phone": 0.3,
         "email": 0.35, "street": 0.4, "postcode": 0.3, "city": 0.15}  # fmt: skip


def _retail_copy(world: World, known: Row) -> Row:
    row, chance = _moved_on(world, known), world.random.random
    for field in ("first_name", "surname", "phone", "email", "street", "postcode", "city"):
        if chance() < 0.07:
            row[field] = world.mistyped(row[field])
    if chance() < 0.07:
        row["birthday"] = world.wrong_day(row["birthday"])
    if chance() < 0.02:
        row["first_name"], row["surname"] = row["surname"], row["first_name"]
    return _with_gaps(world.random, row, _GAPS)


def _moved_on(world: World, known: Row) -> Row:
    """The same person some time later, or as friends call them."""
    random, row = world.random, dict(known)
    chance = random.random
    if chance() < 0.1:
        row["first_name"] = world.short(row["first_name"])
    if chance() < 0.06:
        row |= {key: _home(world)[key] for key in ("street", "postcode", "city")}
    if chance() < 0.08:
        row["phone"] = f"+447{random.randrange(10**8, 10**9)}"
    if chance() < 0.08:
        row["email"] = f"{row['surname']}{random.randrange(10**4)}@{random.choice(_DOMAINS)}"
    if chance() < 0.05 and row["gender"] == "f":
        row["surname"] = world.frequent(world.surnames)
    return row


def _with_gaps(random: Random, row: Row, gaps: dict[str, float]) -> Row:
    return {
        field: None if random.random() < gaps.get(field, 0.0) else value
        for field, value in row.items()
    }


def contacts(records: int, seed: int = 2) -> Iterator[Row]:
    """`records` rows of `id`, `person`, first name, surname, dob, city, email: many gaps and errors."""
    world = World(seed, surnames=300, cities=40)
    random, made, person = world.random, 0, 0
    gaps = {"first_name": 0.17, "surname": 0.17, "dob": 0.02, "city": 0.2, "email": 0.2}
    while made < records:
        person += 1
        given, surname = world.frequent(GIVEN, 1.5), world.frequent(world.surnames, 1.4)
        known = {
            "first_name": given,
            "surname": surname,
            "dob": world.birthday(1965, 2015).isoformat(),
            "city": world.frequent(world.cities),
            "email": f"{random.choice((given + surname, given[0] + surname, surname + given[0]))}{random.randrange(100)}@{world.frequent(world.surnames)}.com",
        }
        for _ in range(min(random.choice((1, 2, 3, 4, 5, 6, 7)), records - made)):
            row = dict(known)
            for field in ("first_name", "surname", "city", "email"):
                for _ in range(random.choice((0, 0, 0, 0, 0, 0, 1, 1, 2))):
                    row[field] = world.mistyped(row[field])
            if random.random() < 0.25:
                row["dob"] = world.wrong_day(row["dob"])
            if random.random() < 0.04:
                row["first_name"], row["surname"] = row["surname"], row["first_name"]
            yield {"id": made, "person": person, **_with_gaps(random, row, gaps)}
            made += 1


def biographies(records: int, seed: int = 3) -> Iterator[Row]:
    """`records` rows of `id`, `person`, full name, first name, surname, dob, birth place, postcode,
    gender and occupation: some ten of a person, whose relatives have records as well."""
    world = World(seed, surnames=4_000, cities=300)
    random, made, person = world.random, 0, 0
    while made < records:
        city, surname = random.randrange(300), world.frequent(world.surnames)
        for _ in range(random.choice((1, 1, 1, 1, 2, 3))):
            person += 1
            known = _notable(world, surname, city)
            for copy in range(min(random.randrange(1, 20), records - made)):
                row = _biography(world, known, wrong=0.0 if copy == 0 else random.random() * 0.3)
                yield {"id": made, "person": person, **row}
                made += 1


def _notable(world: World, surname: str, city: int) -> Row:
    random = world.random
    middle = [world.frequent(GIVEN, 1.5) for _ in range(random.choice((0, 0, 1, 1, 2)))]
    title = f", {random.randrange(1, 9)}th baron {random.choice(world.cities)}"
    born = world.birthday(1780, 1930)
    return {
        "given": world.frequent(GIVEN, 1.8),
        "middle": middle,
        "surname": surname,
        "title": title if random.random() < 0.12 else "",
        "dob": (born.replace(month=1, day=1) if random.random() < 0.15 else born).isoformat(),
        "birth_place": world.cities[city],
        "postcode": world.postcode(city),
        "city": city,
        "gender": "female" if random.random() < 0.2 else "male",
        "occupation": world.frequent(_TRADES),
    }


def _biography(world: World, known: Row, *, wrong: float) -> Row:
    random = world.random
    chance: Callable[[], float] = random.random
    given = known["given"]
    if chance() < wrong * 2:
        given = world.short(given)
    if chance() < wrong / 3:
        given = world.frequent(GIVEN)
    surname = known["surname"] if chance() > wrong / 4 else world.frequent(world.surnames)
    names = [given, *(name for name in known["middle"] if chance() > wrong * 2), surname]
    names = [world.mistyped(name) if chance() < wrong else name for name in names]
    if chance() < wrong / 3:
        names = [names[-1], *names[:-1]]
    row = {
        "full_name": " ".join(names) + known["title"],
        "first_name": names[0],
        "surname": names[-1],
        "dob": known["dob"],
        "birth_place": known["birth_place"],
        "postcode": known["postcode"] if chance() > wrong else world.postcode(known["city"]),
        "gender": known["gender"],
        "occupation": known["occupation"] if chance() > wrong else world.frequent(_TRADES),
    }
    if chance() < wrong:
        row["dob"] = world.wrong_day(row["dob"])
    for field in ("birth_place", "postcode"):
        if chance() < wrong:
            row[field] = world.mistyped(row[field])
    gaps = {"dob": wrong * 1.5, "birth_place": wrong * 1.5, "postcode": wrong * 1.5, "gender": wrong,
            "occupation": wrong * 1.5, "surname": wrong / 4}  # fmt: skip
    return _with_gaps(random, row, gaps)
