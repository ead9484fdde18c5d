"""Promo codes: made, judged, reserved, redeemed, rolled back; each limit holds under load."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from regulars.core.errors import Conflict, NotFound, Refused
from regulars.loyalty.actions.promo_uses import (
    BasketVerdict,
    lapse_reservations,
    redeem_reservations,
    reserve_codes,
    roll_back_reservations,
    validate_codes,
)
from regulars.loyalty.actions.promotions import (
    CodeInput,
    PromotionInput,
    add_codes,
    block_code,
    generate_codes,
    set_promotion,
)
from regulars.loyalty.models.promotions import PromoCode, Promotion
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.promo import Basket, GoodsLine
from regulars.loyalty.rules.codes import ALPHABET, check_character, is_checked, new_codes
from tests import make
from tests.make import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def clean_books(db: None) -> Iterator[None]:
    make.program()
    yield
    assert audit(NOW).mismatches == ()


def promotion(code: str = "spring", **told: Any) -> Promotion:
    entry = PromotionInput(code, code.title(), **{"percent_bp": 1_000, **told})
    return set_promotion(make.program(), entry, now=NOW)


def given_code(code: str, of: Promotion | None = None, **told: Any) -> PromoCode:
    entry = CodeInput(code, **{"uses_max": None, **told})
    (made,) = add_codes(of or promotion(), [entry], origin="given", now=NOW)
    assert isinstance(made, PromoCode)
    return made


def basket(key: str = "b", *codes: str, total_minor: int = 10_000, **told: Any) -> Basket:
    return Basket(key, [GoodsLine("milk", total_minor)], codes or ("SPRING",), **told)


def reserved(*baskets: Basket, now: datetime = NOW) -> list[BasketVerdict | Refused]:
    return reserve_codes(baskets or [basket()], now=now)


def reasons(verdict: BasketVerdict | Refused) -> list[str]:
    assert isinstance(verdict, BasketVerdict)
    return [one.reason for one in verdict.codes]


@pytest.mark.usefixtures("clean_books")
class TestReserving:
    def test_a_code_takes_its_share_and_counts_once(self) -> None:
        given_code("SPRING")
        first = reserved()
        assert reserved() == first
        (verdict,) = first
        assert isinstance(verdict, BasketVerdict)
        assert (verdict.total_minor, verdict.state) == (9_000, "reserved")
        assert Promotion.objects.get().used == PromoCode.objects.get().used == 1

    def test_the_same_key_with_another_basket_is_a_conflict(self) -> None:
        given_code("SPRING")
        reserved()
        (answer,) = reserved(basket(total_minor=5_000))
        assert isinstance(answer, Conflict)
        assert Promotion.objects.get().used == 1

    def test_a_roll_back_restores_the_count_exactly_once(self) -> None:
        given_code("SPRING", uses_max=1)
        reserved()
        assert reasons(reserved(basket("c"))[0]) == ["code_is_used_up"]
        for _ in range(2):
            (rolled,) = roll_back_reservations(["b"], now=NOW)
            assert isinstance(rolled, BasketVerdict)
            assert rolled.state == "rolled_back"
        assert reasons(reserved(basket("d"))[0]) == [""]
        assert Promotion.objects.get().used == 1

    def test_a_redeemed_code_stays_used_until_it_is_rolled_back(self) -> None:
        given_code("SPRING", uses_max=1)
        reserved()
        first = redeem_reservations(["b"], now=NOW)
        assert redeem_reservations(["b"], now=NOW + HOUR) == first
        assert lapse_reservations(now=NOW + HOUR) == 0
        assert reasons(reserved(basket("c"), now=NOW + HOUR)[0]) == ["code_is_used_up"]
        roll_back_reservations(["b"], now=NOW + HOUR)
        assert PromoCode.objects.get().used == 0
        (answer,) = redeem_reservations(["b"], now=NOW + HOUR)
        assert isinstance(answer, Refused)
        assert answer.code == "is_rolled_back"

    @pytest.mark.parametrize("is_swept", [True, False])
    def test_a_reservation_lapses_whether_it_was_swept_or_not(self, is_swept: bool) -> None:
        given_code("SPRING", uses_max=1)
        reserved()
        late = NOW + timedelta(minutes=30)
        if is_swept:
            assert lapse_reservations(now=late) == 1
        (answer,) = redeem_reservations(["b"], now=late)
        assert isinstance(answer, Refused)
        assert answer.code == "has_lapsed"
        assert reasons(validate_codes([basket("c")], now=late)[0]) == [""]
        assert reasons(reserved(basket("c"), now=late)[0]) == [""]
        assert PromoCode.objects.get().used == 1

    def test_of_two_baskets_in_a_batch_the_second_sees_the_first(self) -> None:
        given_code("SPRING", uses_max=1)
        first, second = reserved(basket("a"), basket("b"))
        assert (reasons(first), reasons(second)) == ([""], ["code_is_used_up"])

    def test_a_customer_has_a_limit_over_all_records_of_the_person(self) -> None:
        given_code("SPRING", promotion(per_customer_max=1))
        anna, alias = make.customer("Anna"), make.customer("A.")
        make.merged(anna, alias)
        assert reasons(reserved(basket("a", customer_id=anna.pk))[0]) == [""]
        assert reasons(reserved(basket("b", customer_id=alias.pk))[0]) == [
            "customer_limit_is_reached"
        ]
        assert reasons(reserved(basket("c"))[0]) == ["customer_is_unknown"]

    def test_statements_do_not_depend_on_the_size_of_the_batch(self) -> None:
        given_code("SPRING", promotion(per_customer_max=5, condition={"all": []}))
        anna = make.customer("Anna")

        def spent(count: int, name: str) -> int:
            baskets = [basket(f"{name}{n}", customer_id=anna.pk) for n in range(count)]
            with CaptureQueriesContext(
                connection,
            ) as taken:
                reserve_codes(baskets, now=NOW)
                validate_codes(baskets, now=NOW)
                redeem_reservations([one.key for one in baskets], now=NOW)
            return len(taken)

        assert spent(2, "a") == spent(30, "b")


@pytest.mark.usefixtures("clean_books")
class TestJudging:
    @pytest.mark.parametrize(
        ("told", "reason"),
        [
            ({"valid_from": NOW + HOUR}, "not_yet_valid"),
            ({"valid_to": NOW}, "no_longer_valid"),
            ({"is_open": False}, "promotion_is_closed"),
            ({"basket_min_minor": 10_001}, "basket_too_small"),
            ({"scope": "category:Toys"}, "nothing_to_discount"),
            (
                {"condition": {"field": "spend_minor", "is": "at_least", "value": 1}},
                "condition_not_met",
            ),
        ],
    )
    def test_each_reason_is_told(self, told: dict[str, Any], reason: str) -> None:
        given_code("SPRING", promotion(**told))
        anna = make.customer("Anna")
        assert reasons(validate_codes([basket(customer_id=anna.pk)], now=NOW)[0]) == [reason]

    def test_reasons_of_codes(self) -> None:
        make.member()
        other = make.member()
        mine = given_code("MINE", member_id=other.pk)
        block_code(given_code("LOST", mine.promotion), now=NOW)
        asked = basket("b", "lost", "NONE", "m-ine", customer_id=make.customer("Eve").pk)
        assert reasons(validate_codes([asked], now=NOW)[0]) == [
            "code_is_blocked",
            "unknown_code",
            "other_customer",
        ]
        asked = basket("b", "MINE", customer_id=other.customer_id)
        assert reasons(validate_codes([asked], now=NOW)[0]) == [""]

    def test_a_global_limit_holds_over_all_codes(self) -> None:
        spring = promotion(uses_max=1)
        given_code("ONE", spring)
        given_code("TWO", spring)
        reserved(basket("a", "ONE"))
        assert reasons(reserved(basket("b", "TWO"))[0]) == ["promotion_is_used_up"]

    def test_what_stacks_and_what_does_not(self) -> None:
        given_code("ANY", promotion("any"))
        given_code("ANY2", promotion("any2"))
        given_code("ALONE", promotion("alone", stacking="alone"))
        for name in ("GR1", "GR2"):
            given_code(name, promotion(name, stacking="group", stack_group="g"))
        asked = [basket("a", "ANY", "ANY2", "ALONE", "GR1", "GR2", "any")]
        (verdict,) = validate_codes(asked, now=NOW)
        assert reasons(verdict) == ["", "", "does_not_stack", "", "does_not_stack", "entered_twice"]
        assert verdict.total_minor == 7_290

    def test_the_scope_is_what_is_taken_off(self) -> None:
        make.product("milk", category_path="Food/Dairy")
        given_code("FOOD", promotion(scope="category:Food", amount_minor=700, percent_bp=0))
        lines = [GoodsLine("milk", 500, 2_000), GoodsLine("toy", 5_000)]
        (verdict,) = validate_codes([Basket("b", lines, ["FOOD"])], now=NOW)
        assert verdict.total_minor == 5_000
        given_code("CHEAP", promotion("cheap", scope="cheapest:all", percent_bp=10_000))
        (verdict,) = validate_codes([Basket("b", lines, ["CHEAP"])], now=NOW)
        assert verdict.total_minor == 5_250


@pytest.mark.usefixtures("clean_books")
class TestMaking:
    def test_generated_codes_are_checked_and_good_once(self) -> None:
        made = generate_codes(promotion(), 50, now=NOW, prefix="sp")
        assert len({one.code for one in made}) == 50
        assert all(one.code.startswith("SP") and is_checked(one.code[2:]) for one in made)
        assert {one.uses_max for one in made} == {1}

    def test_imported_codes_are_answered_one_by_one(self) -> None:
        spring = promotion()
        given_code("TAKEN", promotion("other"))
        told = [CodeInput("new-1"), CodeInput("NEW1"), CodeInput("taken"), CodeInput("?")]
        one, same, taken, wrong = add_codes(spring, told, origin="imported", now=NOW)
        assert isinstance(one, PromoCode)
        assert one == same
        assert isinstance(taken, Conflict)
        assert isinstance(wrong, Refused)
        assert wrong.code == "not_a_code"

    @pytest.mark.parametrize(
        ("told", "field"),
        [
            ({"percent_bp": 0}, "percent_bp"),
            ({"percent_bp": 10_001}, "percent_bp"),
            ({"scope": "moon"}, "scope"),
            ({"stacking": "group"}, "stack_group"),
            ({"valid_from": NOW, "valid_to": NOW}, "valid_to"),
            ({"condition": {"field": "nonsense"}}, "condition.field"),
        ],
    )
    def test_bad_terms_name_their_field(self, told: dict[str, Any], field: str) -> None:
        with pytest.raises(Refused) as refused:
            promotion(**told)
        assert refused.value.field == field

    def test_a_limit_is_not_set_below_what_is_used(self) -> None:
        given_code("SPRING", promotion())
        reserved(basket("a"), basket("b"))
        with pytest.raises(Refused, match="2 uses"):
            promotion(uses_max=1)

    def test_an_unknown_reservation_is_not_found(self) -> None:
        (answer,) = redeem_reservations(["nobody"], now=NOW)
        assert isinstance(answer, NotFound)


@given(st.text(ALPHABET, min_size=3, max_size=12), st.data())
def test_one_wrong_character_or_two_that_changed_places_are_noticed(
    body: str, data: st.DataObject
) -> None:
    code = body + check_character(body)
    at = data.draw(st.integers(0, len(code) - 1))
    wrong = code[:at] + data.draw(st.sampled_from(ALPHABET)) + code[at + 1 :]
    assert is_checked(wrong) == (wrong == code)
    to = data.draw(st.integers(0, len(code) - 1))
    letters = list(code)
    letters[at], letters[to] = letters[to], letters[at]
    swapped = "".join(letters)
    assert is_checked(swapped) == (swapped == code)


def test_codes_have_no_letters_that_are_mistaken() -> None:
    assert not set("0O1IL") & {letter for code in new_codes(200) for letter in code}


def in_threads(count: int, act: Callable[[int], Any]) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
def test_eight_tills_take_the_last_three_uses() -> None:
    given_code("SPRING", promotion(uses_max=3))
    answers = in_threads(8, lambda n: reserve_codes([basket(f"b{n}")], now=NOW))
    held = [one.key for (one,) in answers if not one.codes[0].reason]
    assert len(held) == 3
    in_threads(8, lambda n: roll_back_reservations(held, now=NOW))
    assert Promotion.objects.get().used == PromoCode.objects.get().used == 0
    assert audit(NOW).mismatches == ()
