"""Values as they are compared: one spelling for what people write in many ways."""

import re
import unicodedata
from functools import lru_cache

from regulars.customers.matching.nicknames import FORMAL
from regulars.customers.rules.identities import NOBODY, normal_value

_LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "",
    "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "і": "i", "є": "e", "ґ": "g",
    "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d",
}  # fmt: skip
_APOSTROPHES = re.compile(r"['’‘`ʼ]")
_PATRONYMIC = re.compile(r".{3,}(vich|vna|ichna|inichna)")
_TITLES = frozenset("mr mrs ms miss dr sir lady lord prof professor rev".split())
_FEMALE = frozenset({"f", "female", "w", "woman", "zh", "zhen", "zhenskii", "zhenskiy"})
_MALE = frozenset({"m", "male", "man", "muzh", "muzhskoi", "muzhskoy"})
NO_DAYS = frozenset({"00000000", "19000101", "99991231", "11111111", "99999999"})


@lru_cache(maxsize=65_536)
def folded(text: str) -> str:
    """Lower case, without accents, in Latin letters, with single spaces for all that is no letter.

    >>> folded("Артём  Соловьёв-Ким"), folded("O'Brien & Søn")
    ('artem solovev kim', 'obrien son')
    """
    # Most values are plain ASCII and need no table.
    if not text.isascii():
        marked = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text).lower())
        bare = "".join(c for c in marked if not unicodedata.combining(c))
        text = "".join(_LATIN.get(c, c) for c in bare)
    lower = _APOSTROPHES.sub("", text.lower())
    return " ".join("".join(c if c.isalnum() else " " for c in lower).split())


def word(value: str) -> str | None:
    """A name, a city, a trade as it is compared, or None where it tells nothing.

    >>> word("São Paulo"), word(" n/a "), word("000")
    ('sao paulo', None, None)
    """
    text = folded(value)
    if text.replace(" ", "") in NOBODY or not text.strip("0 "):
        return None
    return text


def formal_name(given: str) -> str:
    """The full form of a first name, where one is known for a short form.

    >>> formal_name("tom"), formal_name("sasha"), formal_name("thomas")
    ('thomas', 'aleksandr', 'thomas')
    """
    return FORMAL.get(given, given)


def name_parts(name: str) -> tuple[str | None, str | None, tuple[str, ...]]:
    """First name, surname and all other names of a whole name; a patronymic is among the others.

    >>> name_parts("Пушкин Александр Сергеевич")
    ('aleksandr', 'pushkin', ('sergeevich',))
    >>> name_parts("Dr. Mary Ann Smith"), name_parts("Smith, Mary")
    (('mary', 'smith', ('ann',)), ('mary', 'smith', ()))
    """
    before, comma, after = name.partition(",")
    first, rest = _names_of(before), _names_of(after)
    if comma and len(first) == 1 and len(rest) in {1, 2}:
        return rest[0], first[0], tuple(rest[1:])
    if not first:
        first, rest = rest, []
    if len(first) == 3 and _PATRONYMIC.fullmatch(first[2]):
        return first[1], first[0], (first[2], *rest)
    given = first[0] if first else None
    surname = first[-1] if len(first) > 1 else None
    return given, surname, (*first[1:-1], *rest)


def _names_of(text: str) -> list[str]:
    names = [name for name in folded(text).split() if name not in NOBODY]
    while len(names) > 1 and names[0] in _TITLES:
        names = names[1:]
    return names


def day(value: str) -> str | None:
    """Eight digits, year first, of a day in any common spelling; None where it is no whole day.

    A day that cannot be, such as month 13, is kept: one mistyped digit still tells much.

    >>> day("1990-12-31"), day("31.12.1990"), day("12/31/1990"), day("19901231"), day("1990")
    ('19901231', '19901231', '19901231', '19901231', None)
    """
    numbers = re.findall(r"[0-9]+", value.split("T", maxsplit=1)[0].removesuffix(".0"))
    if numbers and len(numbers[0]) == 8:
        found = str(numbers[0])
    elif len(numbers) >= 3 and len(numbers[0]) == 4:
        found = f"{numbers[0]}{numbers[1]:0>2}{numbers[2]:0>2}"
    elif len(numbers) >= 3 and len(numbers[2]) == 4:
        first, second = numbers[0], numbers[1]
        if int(second) > 12 >= int(first):
            first, second = second, first
        found = f"{numbers[2]}{second:0>2}{first:0>2}"
    else:
        return None
    return found if len(found) == 8 and found not in NO_DAYS else None


def year(value: str) -> str | None:
    """Four digits of a birth year, from a year or from a day.

    >>> year("1987"), year("1987.0"), year("31.12.1987"), year("87")
    ('1987', '1987', '1987', None)
    """
    whole = day(value)
    if whole is not None:
        return whole[:4]
    found = re.match(r"\s*([12][0-9]{3})(?![0-9])", value)
    return found[1] if found and found[1] != "1900" else None


def gender(value: str) -> str | None:
    """'f' or 'm', or None for anything else.

    >>> gender("Female"), gender("муж"), gender("?")
    ('f', 'm', None)
    """
    text = folded(value)
    return "f" if text in _FEMALE else "m" if text in _MALE else None


def code(value: str) -> str | None:
    """A postcode, a number of a card or a document: capitals and digits without gaps.

    >>> code("sw1a 1aa"), code("0000"), code("12345.0")
    ('SW1A1AA', None, '12345')
    """
    text = normal_value("code", value)
    if text is None:
        return None
    text = folded(text.removesuffix(".0")).replace(" ", "").upper()
    return text if text.strip("0") and text.lower() not in NOBODY else None


def email(value: str) -> str | None:
    """An e-mail address in lower case, or None where it points to nobody.

    >>> email(" Ann@Example.com"), email("test@test.com"), email("none")
    ('ann@example.com', None, None)
    """
    text = normal_value("email", value)
    local, _, domain = (text or "").partition("@")
    return None if local in NOBODY and domain.partition(".")[0] in {"example", "mail"} else text


def phone(value: str) -> str | None:
    """A phone in E.164, or None where it points to nobody, such as eight times the same digit.

    >>> phone("8 916 123-45-67"), phone("+7 000 000 00 00")
    ('+79161234567', None)
    """
    return normal_value("phone", value.removesuffix(".0"))
