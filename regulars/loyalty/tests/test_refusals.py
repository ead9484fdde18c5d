"""What an action refuses is said in the language of the reader, beside the field it is about."""

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from regulars.core.errors import Refused
from regulars.loyalty.actions.campaigns import CampaignInput, open_campaign
from regulars.loyalty.actions.promotions import PromotionInput, set_promotion
from regulars.loyalty.models import Campaign, Program, Unit
from regulars.loyalty.reasons import REASONS, refusal_in_words
from regulars.loyalty.tests.test_pages import signed_in
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
THRESHOLDS = {"tier_silver": "100", "tier_gold": "500", "life-points-kind": "never"}


def answer(path: str, told: dict[str, Any]) -> str:
    client: Client = signed_in("owner")
    client.cookies["django_language"] = "ru"
    shown = client.post(path, told)
    assert shown.status_code == 422
    return shown.content.decode()


@pytest.fixture
def program() -> Program:
    return make.program()


def test_a_draft_that_changes_nothing(program: Program) -> None:
    told = dict(THRESHOLDS)
    assert Unit.objects.get(code="points").life.latest.kind == "never"
    shown = answer(f"/loyalty/{program.code}/what-if/thresholds", told)
    assert "Черновик должен что-то менять." in shown


def test_words_are_for_the_reader_and_what_has_none_stays(program: Program) -> None:
    with pytest.raises(Refused) as refused:
        set_promotion(program, PromotionInput("X", "X", percent_bp=10, amount_minor=5), now=NOW)
    with translation.override("ru"):
        assert refusal_in_words(refused.value) == "Укажите или процент, или сумму."
        assert refusal_in_words(Refused("never_heard", "as it is")) == "as it is"


def test_a_budget_below_what_is_spent(program: Program) -> None:
    row = open_campaign(program, "spring", CampaignInput("Spring", budget=10), now=NOW)
    Campaign.objects.update(spent=9)
    told = {"name": "Spring", "unit": "points", "budget": "5"}
    shown = answer(f"/loyalty/{program.code}/campaigns/{row.pk}", told)
    assert "Потрачено уже больше." in shown


def test_every_reason_is_a_sentence() -> None:
    assert all(
        str(words)[0].isupper() and str(words).endswith((".", "….")) for words in REASONS.values()
    )
