from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.connectors.rules.encodings import delimiter_of, encoding_of
from regulars.connectors.rules.mapping import distinct_headers, guess_mapping
from regulars.connectors.rules.numbers import milli_from, minor_from
from regulars.connectors.rules.texts import harmless
from regulars.connectors.rules.times import moment_from
from regulars.connectors.rules.unreadable import REASONS, Unreadable
from regulars.connectors.targets import targets
from regulars.core.errors import Refused

FIRST, LAST = datetime(1901, 1, 1), datetime(2099, 12, 31)  # noqa: DTZ001
RUSSIAN = "чек;сумма;товар\n1;12,50;Молоко\n2;10,00;Сыр российский\n"


@pytest.mark.parametrize(
    ("text", "mark", "minor"),
    [
        ("1 234,56", ",", 123456),
        ("1\u00a0234,56 ₽", ",", 123456),
        ("1,234.56", ".", 123456),
        ("$12", ".", 1200),
        ("12 руб.", ",", 1200),
        ("-3.1", ".", -310),
        ("(3.10)", ".", -310),
        ("0.30000000000000004", ".", 30),
        ("1.5e2", ".", 15000),
        ("1.234.567,8", ",", 123456780),
        ("12,5", ".", 1250),
    ],
)
def test_amounts_are_read_exactly(text: str, mark: str, minor: int) -> None:
    assert minor_from(text, decimal_mark=mark) == minor


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1e400", "too_large"),
        ("1e9999", "too_large"),
        ("9" * 40, "too_large"),
        ("12.345", "too_many_decimals"),
        ("twelve", "not_a_number"),
        ("inf", "not_a_number"),
        ("nan", "not_a_number"),
        ("1,2,3", "not_a_number"),
        ("", "not_a_number"),
        ("-", "not_a_number"),
    ],
)
def test_what_is_no_amount_is_named(text: str, code: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        minor_from(text)
    assert unreadable.value.code == code


@given(st.integers(min_value=-(10**13), max_value=10**13))
def test_every_amount_survives_being_written(minor: int) -> None:
    plain = f"{Decimal(minor).scaleb(-2):f}"
    grouped = f"{Decimal(minor).scaleb(-2):,}"
    russian = grouped.replace(",", "\u00a0").replace(".", ",")
    assert minor_from(plain) == minor_from(grouped) == minor
    assert minor_from(russian, decimal_mark=",") == minor


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (minor_from, milli_from, lambda one: moment_from(one, zone=UTC)):
        codes = [""]
        try:
            read(text.strip())
        except Unreadable as unreadable:
            codes.append(unreadable.code)
        assert codes[-1] in {"", *REASONS}


@given(st.datetimes(min_value=FIRST, max_value=LAST))
def test_times_survive_the_usual_formats(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    for pattern in ("%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y%m%dT%H%M%S"):
        text = moment.strftime(pattern)
        assert moment_from(text, zone=UTC) == moment.replace(tzinfo=UTC), text
    american = moment.strftime("%m/%d/%Y %I:%M:%S %p")
    assert moment_from(american, zone=UTC, day_first=False) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "31.02.2026",
        "20.13.2026",
        "2026-02-30",
        "0000-00-00",
        "yesterday",
        "99999",
        "12:30",
        "1/2",
        "20.11.3026",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        moment_from(text, zone=UTC)


def test_a_time_without_offset_is_local_to_the_zone() -> None:
    moscow = ZoneInfo("Europe/Moscow")
    assert moment_from("20.11.2026 18:05", zone=moscow) == datetime(2026, 11, 20, 15, 5, tzinfo=UTC)
    assert moment_from("2026-11-20T18:05+00:00", zone=moscow).hour == 18
    assert moment_from("20 ноября 2026", zone=moscow) == datetime(2026, 11, 19, 21, tzinfo=UTC)
    assert moment_from("Nov 20, 2026", zone=UTC) == datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "cp1251", "koi8_r", "cp866", "utf-16", "utf-16-le", "utf-16-be"],
)
def test_encodings_are_told_apart(encoding: str) -> None:
    assert encoding_of(RUSSIAN.encode(encoding)) == encoding


def test_western_accents_are_no_cyrillic() -> None:
    assert encoding_of("name;total\nCafé crème;1\nMüller;2\n".encode("cp1252")) == "cp1252"


@pytest.mark.parametrize(
    "content", [bytes(range(256)) * 40, b"\0" * 100, b"\x89PNG\r\n\x1a\n" + b"\1\2\3" * 99]
)
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        encoding_of(content)


def test_delimiters_in_quotes_do_not_count() -> None:
    assert delimiter_of('a|b\n"1,1,1,1"|2\n') == "|"
    assert delimiter_of("a\tb\n1\t2\n") == "\t"
    assert delimiter_of("one\n1\n") == ","


def test_repeated_headers_are_told_apart() -> None:
    assert distinct_headers(["a", "a", "a", "", "A"]) == ["a", "a (2)", "a (3)", "column 4", "A"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            ["receipt", "household", "store", "bought_at", "sku", "quantity", "total", "discount"],
            {
                "receipt": "receipt",
                "customer": "household",
                "store": "store",
                "bought_at": "bought_at",
            }
            | {"sku": "sku", "quantity": "quantity", "total": "total", "discount": "discount"},
        ),
        (
            [
                "Номер чека",
                "Дата",
                "Карта",
                "Магазин",
                "Артикул",
                "Наименование",
                "Кол-во",
                "Сумма",
            ],
            {"receipt": "Номер чека", "bought_at": "Дата", "card": "Карта", "store": "Магазин"}
            | {"sku": "Артикул", "product": "Наименование", "quantity": "Кол-во", "total": "Сумма"},
        ),
    ],
)
def test_usual_headers_are_understood(headers: list[str], expected: dict[str, str]) -> None:
    assert guess_mapping(headers, targets.get("purchases").synonyms()) == expected


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_become_harmless(cell: str) -> None:
    assert harmless(cell).startswith("'")


@pytest.mark.parametrize("cell", ["-12,50", "+7 916 123 45 67", "milk", "", "1=1"])
def test_plain_cells_stay(cell: str) -> None:
    assert harmless(cell) == cell
