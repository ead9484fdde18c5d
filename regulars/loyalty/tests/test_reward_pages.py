"""The pages and the API of rewards, codes and gift cards, as people and tills use them."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from regulars.core.api.keys import create_key
from regulars.loyalty.actions.promotions import PromotionInput, set_promotion
from regulars.loyalty.actions.rewards import RewardInput, order_reward, set_reward
from regulars.loyalty.actions.values import ValueInput, issue_values
from regulars.loyalty.models.promotions import PromoCode, Promotion
from regulars.loyalty.models.rewards import Reward, RewardOrder
from regulars.loyalty.models.values import StoredValue
from regulars.loyalty.queries import audit
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Client:
    make.program()
    client = Client()
    client.force_login(make.employee("loyalty_manager"))
    return client


def mug(**told: Any) -> Reward:
    entry = RewardInput("mug", **{"kind": "gift", "name": "Mug", "price": 100, **told})
    return set_reward(make.program(), entry, now=NOW)


def sent(page: Any) -> dict[str, Any]:
    """What a browser would send of a form that nobody touched."""
    form = page.context["form"]
    found = {field.html_name: field.value() for field in form}
    return {name: value for name, value in found.items() if value not in (None, False, "")}


class TestManager:
    def test_a_reward_is_made_and_changed(self, manager: Client) -> None:
        address = reverse("loyalty.new_reward", args=["club"])
        told = {
            **sent(manager.get(address)),
            "kind": "voucher",
            "name": "Five off",
            "unit": "points",
            "price": 50,
            "amount": "5.50",
            "lives_days": 30,
            "last_day": "2026-12-31",
            "tier__gold": 40,
            "not_for": ["", "silver"],
            "picture": SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n"),
        }
        assert manager.post(address, told).status_code == 302
        made = Reward.objects.get()
        assert made.amount_minor == 550
        assert made.tier_prices == {"": None, "silver": None, "gold": 40}
        edit = reverse("loyalty.edit_reward", args=["club", made.pk])
        told = {**sent(manager.get(edit)), "price": 60}
        told.pop("picture", None)
        assert manager.post(edit, told).status_code == 302
        changed = Reward.objects.get()
        assert (changed.price, changed.valid_to) == (60, made.valid_to)
        assert changed.tier_prices == made.tier_prices
        picture = Client().get(reverse("loyalty.reward_picture", args=[made.pk]))
        assert b"".join(picture) == b"\x89PNG\r\n\x1a\n"

    def test_a_wrong_reward_keeps_what_was_written(self, manager: Client) -> None:
        address = reverse("loyalty.new_reward", args=["club"])
        told = {"kind": "voucher", "name": "Five off", "unit": "points", "price": 5, "position": 1}
        answer = manager.post(address, told)
        assert answer.status_code == 422
        assert "Five off" in answer.text
        assert not Reward.objects.exists()

    def test_an_order_is_handed_over_and_taken_back(self, manager: Client) -> None:
        anna = make.member(points=150)
        order = order_reward(anna, mug(), key="k", now=NOW)
        move = reverse("loyalty.move_reward_order", args=[order.pk])
        for state in ("ready", "delivered", "cancelled"):
            manager.post(move, {"state": state, "note": "at the desk"})
            order.refresh_from_db()
            assert order.state == state
        page = manager.get(reverse("loyalty.reward_order", args=[order.pk]))
        assert page.text.count("at the desk") == 3
        assert audit(NOW).mismatches == ()

    def test_a_promotion_is_made_and_its_codes_in_three_ways(self, manager: Client) -> None:
        address = reverse("loyalty.new_promotion", args=["club"])
        told = {**sent(manager.get(address)), "name": "Spring", "percent_bp": "12.5"}
        assert manager.post(address, told).status_code == 302
        spring = Promotion.objects.get()
        assert spring.percent_bp == 1_250

        def post(name: str, **told: Any) -> int:
            return manager.post(reverse(f"loyalty.{name}", args=[spring.pk]), told).status_code

        assert post("generate", count=5, length=8) == 302
        assert post("give_code", code="spring-12") == 302
        file = SimpleUploadedFile("codes.csv", b"code;note\nABC-1;x\nABC-2;y\n")
        assert post("import_codes", text="ABC-3", file=file) == 302
        assert post("import_codes", text="?") == 422
        assert post("block", code="SPRING12") == 302
        lines = b"".join(manager.get(reverse("loyalty.codes_csv", args=[spring.pk]))).split()
        assert len(lines) == 1 + 5 + 1 + 3
        assert PromoCode.objects.get(code="SPRING12").blocked_at is not None

    def test_a_gift_card_is_sold_once_loaded_and_blocked(self, manager: Client) -> None:
        address = reverse("loyalty.new_gift_card", args=["club"])
        told = {**sent(manager.get(address)), "amount": "25", "pin": "1234"}
        for _ in range(2):
            shown = manager.post(address, told)
        card = StoredValue.objects.get()
        assert card.code[:4] in shown.text
        page = manager.get(reverse("loyalty.gift_card", args=[card.pk]))
        assert card.code not in page.text
        load = {**sent(page), "amount": "5"}
        for _ in range(2):
            manager.post(reverse("loyalty.load_gift_card", args=[card.pk]), load)
        manager.post(reverse("loyalty.change_gift_card", args=[card.pk]), {"act": "block"})
        card.refresh_from_db()
        assert (card.balance_minor, card.blocked_at is None) == (3_000, False)
        listed = manager.get(reverse("loyalty.gift_cards", args=["club"]), {"q": card.code})
        assert card.code[-4:] in listed.text


class TestChoosing:
    def test_a_member_chooses_on_the_card_once(self) -> None:
        anna = make.member(points=150)
        reward = mug(kind="voucher", amount_minor=500)
        address = reverse("loyalty.card_rewards", args=[anna.token])
        client = Client()
        (_, key, why) = client.get(address).context["rewards"][0]
        assert why == ""
        for _ in range(2):
            client.post(address, {"reward": reward.pk, "key": key})
        (value,) = StoredValue.objects.all()
        page = client.get(address)
        assert value.code in page.text
        assert page.context["rewards"][0][0].missing == 50

    def test_a_cashier_chooses_for_a_member(self) -> None:
        store = make.store("A")
        anna = make.member(points=150)
        client = Client()
        client.force_login(make.employee("cashier", stores=[store]))
        reward = mug()
        address = reverse("loyalty.till_rewards", args=[anna.number])
        client.post(address, {"reward": reward.pk, "key": "k"})
        assert RewardOrder.objects.get().store == store
        answer = client.post(address, {"reward": "²", "key": "k"}, follow=True)
        assert answer.status_code == 200


class TestApi:
    def lines(self, path: str, *lines: dict[str, Any], language: str = "en") -> Sequence[Any]:
        made = create_key(name="till", scopes=["*"], now=timezone.now())
        answer = Client().post(
            f"/api/v1/{path}",
            "".join(json.dumps(line) + "\n" for line in lines),
            content_type="application/x-ndjson",
            headers={"Authorization": f"Bearer {made.secret}", "Accept-Language": language},
        )
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.text.splitlines()]

    def test_a_basket_is_priced_reserved_and_redeemed(self) -> None:
        program = make.program()
        spring = set_promotion(program, PromotionInput("s", "S", percent_bp=1_000), now=NOW)
        path = f"promotions/{spring.pk}/codes/bulk"
        (ok, bad) = self.lines(path, {"code": "SPRING"}, {"code": "?!"})
        assert (ok["status"], bad["code"]) == (200, "not_a_code")
        basket = {"key": "b", "lines": [{"total_minor": 1_000}], "codes": ["spring", "none"]}
        (priced,) = self.lines("baskets/price", basket)
        assert priced["result"]["total_minor"] == 900
        (held,) = self.lines("baskets/reserve", basket)
        assert [one["reason"] for one in held["result"]["codes"]] == ["", "unknown_code"]
        assert self.lines("baskets/redeem", {"key": "b"})[0]["result"]["state"] == "redeemed"
        assert self.lines("baskets/roll-back", {"key": "b"})[0]["result"]["state"] == "rolled_back"
        assert self.lines("baskets/redeem", {"key": "x"})[0]["status"] == 404

    def test_a_gift_card_pays_by_the_api(self) -> None:
        make.program()
        told = {"key": "c", "program": "club", "kind": "gift_card", "amount_minor": 5_000}
        (made, wrong) = self.lines("stored-values/bulk", told, {**told, "program": "none"})
        assert wrong["code"] == "unknown_program"
        code = made["result"]["code"]
        self.lines("stored-values/loads", {"key": "l", "code": code, "amount_minor": 500})
        hold = {"key": "p", "code": code, "amount_minor": 4_000, "hold": True}
        assert self.lines("value-payments/bulk", hold)[0]["result"]["state"] == "held"
        capture = {"key": "p", "amount_minor": 3_000}
        (captured,) = self.lines("value-payments/captures", capture)
        assert captured["result"]["captured_minor"] == 3_000
        refund = {"key": "r", "payment_key": "p", "amount_minor": 1_000}
        self.lines("value-payments/refunds", refund)
        (declined,) = self.lines("value-payments/bulk", {**hold, "key": "q"})
        assert declined["result"]["reason"] == "not_enough_money"
        assert StoredValue.objects.get().balance_minor == 3_500

    def test_rewards_by_the_api(self) -> None:
        anna = make.member(points=150)
        made = create_key(name="shop", scopes=["*"], now=timezone.now())
        held = {"Authorization": f"Bearer {made.secret}"}
        client = Client()

        def post(path: str, body: dict[str, Any], key: str) -> Any:
            answer = client.post(
                f"/api/v1/{path}",
                json.dumps(body),
                content_type="application/json",
                headers={**held, "Idempotency-Key": key},
            )
            assert answer.status_code in {200, 201}, answer.text
            return answer.json()

        told = {"program": "club", "code": "mug", "kind": "gift", "name": "Mug", "price": 100}
        reward = post("rewards", told, "1")
        shown = client.get(f"/api/v1/rewards?member={anna.number}", headers=held).json()
        assert [one["obstacle"] for one in shown] == [""]
        wish = {"key": "o", "member": anna.number, "reward_id": reward["id"]}
        order = post("reward-orders", wish, "2")
        (step,) = self.lines("reward-orders/steps", {"order_id": order["id"], "state": "ready"})
        assert step["result"]["state"] == "ready"
        assert post(f"reward-orders/{order['id']}/cancel", {}, "3")["state"] == "cancelled"
        assert audit(NOW).mismatches == ()


def test_vouchers_of_a_program_are_masked(manager: Client) -> None:
    anna = make.member()
    told = ValueInput("v", "voucher", 500, member_id=anna.pk)
    (voucher,) = issue_values(make.program(), [told], now=NOW)
    assert isinstance(voucher, StoredValue)
    page = manager.get(reverse("loyalty.gift_cards", args=["club"]))
    assert voucher.code not in page.text
    assert voucher.code[-4:] in page.text
