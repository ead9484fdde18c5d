"""Drafts: tried on the whole history, published by a second look, by page and API."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from regulars.core.api.keys import create_key
from regulars.core.errors import Conflict, Refused
from regulars.loyalty.actions import judge_due_members, set_rule, take_purchases
from regulars.loyalty.actions.drafting import (
    DraftInput,
    drop_draft,
    publish_draft,
    run_replay,
    save_draft,
    start_replay,
)
from regulars.loyalty.actions.programs import RuleInput
from regulars.loyalty.models import Draft, Member, Program, Rule, Tier, Unit
from regulars.loyalty.queries.drafts import found_in
from regulars.loyalty.rules.expiry import Expiry
from regulars.loyalty.rules.replay.drafts import Changes
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DOUBLE = {"rules": [{"code": "base", "kind": "share_of_purchase", "settings": {"points": "2"}}]}


def bought(card: str, total_minor: int, day: int) -> None:
    at = NOW + day * DAY
    lines = [make.line(total_minor=total_minor)]
    take_purchases([make.receipt(card=card, lines=lines, bought_at=at)], now=at)


@pytest.fixture
def program() -> Program:
    opened = make.program()
    for day, (card, total) in enumerate((("1", 9_000), ("2", 20_000), ("1", 5_000), ("3", 50))):
        bought(card, total, day)
    return opened


def drafted(program: Program, changes: dict[str, object] = DOUBLE, by: int | None = None) -> Draft:
    return save_draft(program, DraftInput("Try", changes), by=by, now=NOW + 9 * DAY)


def replayed(draft: Draft, processes: int = 1) -> Draft:
    return run_replay(start_replay(draft).pk, now=NOW + 9 * DAY, processes=processes)


def test_a_draft_shows_both_columns_winners_losers_and_tiers(program: Program) -> None:
    changes = DOUBLE | {"tiers": {"gold": 150}}
    found = found_in(replayed(drafted(program, changes)))
    assert found is not None
    assert found.tally.is_reproduced
    assert (found.tally.checked, found.tally.receipts) == (3, 4)
    points = found.tally.today["points"], found.tally.draft["points"]
    assert [one.issued for one in points] == [340, 680]
    assert (found.tally.gain, found.tally.lose, found.unchanged) == (2, 0, 1)
    assert [one.change.gain_minor for one in found.winners] == [200, 140]
    assert found.winners[0].member.customer_id == make.owner_of("card", "2").pk
    assert {(row.before.code if row.before else ""): row.counts for row in found.moves} == {
        "": (1, 0, 0),
        "silver": (0, 1, 1),
        "gold": (0, 0, 0),
    }


def test_a_rule_that_ends_makes_losers(program: Program) -> None:
    ended = {"rules": [{"code": "base", "ends": True}]}
    found = found_in(replayed(drafted(program, ended)))
    assert found is not None
    assert [one.change.gain_minor for one in found.losers] == [-200, -140]


def test_what_no_rule_explains_is_shown_as_a_difference(program: Program) -> None:
    member = Member.objects.order_by("id")[0]
    Member.objects.filter(pk=member.pk).update(visits=7)
    found = found_in(replayed(drafted(program)))
    assert found is not None
    assert not found.tally.is_reproduced
    ((shown, difference),) = found.differences
    assert (shown, difference.what, difference.replayed, difference.booked) == (
        member,
        "visits",
        2,
        7,
    )


def test_a_replay_goes_on_where_it_stopped(program: Program) -> None:
    draft = start_replay(drafted(program))
    whole = replayed(draft).outcome
    draft = start_replay(save_draft(program, DraftInput("Again", DOUBLE), by=None, now=NOW))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("regulars.loyalty.actions.drafting.PARTITION", 1)
        assert draft.work is not None
        type(draft.work).objects.filter(pk=draft.work.pk).update(stop_requested=True)
        draft = run_replay(draft.pk, now=NOW + 9 * DAY, processes=1)
        assert draft.work is not None
        assert (draft.work.state, draft.work.done, draft.outcome) == ("stopped", 1, None)
        draft = replayed(draft)
    assert draft.outcome == whole


def test_the_one_who_made_a_draft_does_not_publish_it_unseen(program: Program) -> None:
    ann, bob = make.employee(), make.employee()
    draft = drafted(program, by=ann.pk)
    with pytest.raises(Refused, match="replay"):
        publish_draft(draft, by=bob.pk, now=NOW + 9 * DAY)
    draft = replayed(draft)
    with pytest.raises(Refused, match="another person"):
        publish_draft(draft, by=ann.pk, now=NOW + 9 * DAY)
    published = publish_draft(draft, by=bob.pk, now=NOW + 9 * DAY)
    assert (published.state, published.is_confirmed) == ("published", False)
    versions = Rule.objects.filter(code="base").order_by("version")
    assert [(row.in_force_from, row.in_force_to) for row in versions] == [
        (None, NOW + 9 * DAY),
        (NOW + 9 * DAY, None),
    ]
    with pytest.raises(Conflict):
        drop_draft(published)
    bought("1", 1_000, 10)
    later = drafted(program, {"rules": [{"code": "base", "ends": True}]})
    found = found_in(run_replay(start_replay(later).pk, now=NOW + 20 * DAY, processes=1))
    assert found is not None
    assert found.tally.is_reproduced
    assert found.tally.today["points"].issued == 340 + 20


def test_who_is_alone_confirms_and_a_change_of_rules_asks_for_a_new_replay(
    program: Program,
) -> None:
    ann = make.employee()
    draft = replayed(drafted(program, by=ann.pk))
    set_rule(program, RuleInput("extra", "Extra", "points_per_visit"), now=NOW + 9 * DAY)
    with pytest.raises(Refused, match="replay"):
        publish_draft(draft, by=ann.pk, now=NOW + 9 * DAY, confirms=True)
    draft = replayed(draft)
    assert publish_draft(draft, by=ann.pk, now=NOW + 9 * DAY, confirms=True).is_confirmed


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "changes"),
        ({"rules": [{"code": "base"}]}, "rules.0"),
        ({"rules": [{"code": "none", "ends": True}]}, "rules"),
        ({"rules": [{"code": "a", "kind": "bonus", "settings": {"points": 0}}]}, "points"),
        ({"rules": [{"code": "a", "kind": "points_for_act"}]}, "rules"),
        ({"unknown": 1}, "unknown"),
        ({"tiers": {"ruby": 1}}, "tiers"),
        ({"expiries": [{"unit": "gems", "expiry": {"kind": "never"}}]}, "expiries"),
    ],
)
def test_bad_changes_are_refused(program: Program, changes: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refused:
        drafted(program, changes)
    assert refused.value.field == field


def test_by_page_from_todays_rules_to_a_published_version(program: Program) -> None:
    client = Client()
    client.force_login(make.employee())
    rule = Rule.objects.get(code="base")
    assert b"Share of purchase" in client.get("/loyalty/club/what-if").content
    told = {"name": "Base", "unit": "points", "points": "3", "per_minor": "1", "counting": "steps"}
    told |= {"base": "after_discounts", "rounding": "floor", "level": "purchase"}
    answer = client.post(f"/loyalty/club/what-if/rules/{rule.pk}", told)
    draft = Draft.objects.get()
    assert answer.headers["Location"] == f"/loyalty/club/what-if/{draft.pk}"
    shown = client.get(answer.headers["Location"]).content.decode()
    assert "yes, for all 3 members and 4 receipts" in shown
    assert "1,020" in shown
    client.post(f"/loyalty/club/what-if/{draft.pk}", {"act": "publish"})
    assert Rule.objects.filter(code="base").count() == 1
    client.post(f"/loyalty/club/what-if/{draft.pk}", {"act": "publish", "confirms": "yes"})
    assert Rule.objects.filter(code="base").count() == 2


def test_thresholds_and_lives_by_page(program: Program) -> None:
    client = Client()
    client.force_login(make.employee())
    told = {"tier_silver": "100", "tier_gold": "100", "life-points-kind": "never"}
    assert client.post("/loyalty/club/what-if/thresholds", told).status_code == 422
    told |= {"tier_gold": "150", "life-points-kind": "months", "life-points-months": "0"}
    client.post("/loyalty/club/what-if/thresholds", told)
    found = found_in(Draft.objects.get())
    assert found is not None
    assert found.tally.tiers["silver", "gold"] == 1
    draft = Draft.objects.get()
    client.post(f"/loyalty/club/what-if/{draft.pk}", {"act": "publish", "confirms": "yes"})
    assert Tier.objects.get(code="gold").qualifying_min == 150
    assert Unit.objects.get(code="points").life.latest == Expiry(kind="months")
    judge_due_members(now=NOW + 9 * DAY)
    assert Member.objects.filter(tier__code="gold").count() == 1


THRESHOLDS = {"tier_silver": "100", "tier_gold": "200"}
YEARLY = Expiry(kind="fixed_dates", table=({"from": "01-01", "to": "12-31", "expires": "01-02"},))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("life", "expiry", "said"),
    [
        ({"kind": "year_end", "years": "1"}, Expiry(kind="year_end", years=1), "and 1 year more"),
        (
            {"kind": "fixed_dates", "table": "01-01 12-31 01-02"},
            YEARLY,
            "Points earned from January 1 to December 31 are gone on January 2.",
        ),
        (
            {"kind": "rolling", "months": "2", "round_up": "quarter"},
            Expiry(kind="rolling", months=2, round_up="quarter"),
            "2 months after the latest purchase or spending, then to the end of the quarter.",
        ),
    ],
)
def test_every_way_in_which_points_expire_can_be_tried(
    program: Program, life: dict[str, str], expiry: Expiry, said: str
) -> None:
    client = Client()
    client.force_login(make.employee())
    told = THRESHOLDS | {f"life-points-{name}": value for name, value in life.items()}
    client.post("/loyalty/club/what-if/thresholds", told)
    draft = Draft.objects.get()
    (change,) = Changes.model_validate(draft.changes).expiries
    assert change.expiry == expiry
    assert said in client.get(f"/loyalty/club/what-if/{draft.pk}").content.decode()
    again = client.get(f"/loyalty/club/what-if/thresholds?draft={draft.pk}").content.decode()
    assert re.search(rf'value="{life["kind"]}"[^>]* checked', again)
    client.post(f"/loyalty/club/what-if/{draft.pk}", {"act": "publish", "confirms": "yes"})
    assert Unit.objects.get(code="points").life.latest == expiry


@pytest.mark.parametrize(
    "life",
    [
        {"kind": "months"},
        {"kind": "fixed_dates", "table": "01-01 02-30"},
        {"kind": "fixed_dates", "table": "01-01 12-31 13-01"},
        {"kind": "rolling", "months": "0"},
        {"kind": "year_end", "years": "-1"},
        {"kind": "whenever"},
        {},
    ],
)
def test_a_life_that_cannot_be_is_said_at_its_field(program: Program, life: dict[str, str]) -> None:
    client = Client()
    client.force_login(make.employee())
    told = THRESHOLDS | {f"life-points-{name}": value for name, value in life.items()}
    answer = client.post("/loyalty/club/what-if/thresholds", told)
    assert (answer.status_code, Draft.objects.count()) == (422, 0)
    assert "Points: say when they expire." in answer.content.decode()


def test_by_api_made_replayed_and_published(program: Program) -> None:
    key = create_key(name="manager", scopes=["*"], now=NOW).secret
    client = Client(headers={"Authorization": f"Bearer {key}"})

    def post(path: str, body: dict[str, object], name: str) -> dict[str, object]:
        answer = client.post(
            f"/api/v1/programs/club/drafts{path}",
            body,
            content_type="application/json",
            headers={"Idempotency-Key": name},
        )
        return answer.json()

    made = post("", {"name": "Two", "changes": DOUBLE}, "a")
    assert made["state"] == "open"
    assert post(f"/{made['id']}/replay", {}, "b")["replay"] == "waiting"
    draft = run_replay(int(str(made["id"])), now=NOW + 9 * DAY, processes=1)
    assert draft.work is not None
    assert post(f"/{draft.pk}/publish", {}, "c")["code"] == "needs_a_second_look"
    assert post(f"/{draft.pk}/publish", {"confirms": True}, "d")["state"] == "published"
    told = client.get(f"/api/v1/programs/club/drafts/{draft.pk}").json()["outcome"]
    assert (told["is_reproduced"], told["today"]["points"]["issued"]) == (True, 340)
    cost, twice = (told[side]["points"]["cost_minor"] for side in ("today", "draft"))
    assert 0 < cost < twice
    assert told["draft"]["points"]["liability_minor"] > 0
    (rule,) = client.get("/api/v1/rules?program=club&limit=1").json()["items"]
    assert rule["settings"]["points"] == "2"
