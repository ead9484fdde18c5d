"""Examples for the parameters of routes, so that tests can walk through every door.

A new page or operation with a new parameter fails the door tests until it has an example here. The
key is the parameter's name, or `<page or operation>:<parameter>` where the name alone is ambiguous.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from regulars.channels.queries.channels import CONFIRMATION_SALT, SALT
from regulars.company.actions import meet_agents
from regulars.company.models import Store
from regulars.connectors.actions import (
    SourceWish,
    Wish,
    open_batch,
    open_event_source,
    publish_plan,
)
from regulars.connectors.actions.drafts import open_draft
from regulars.connectors.actions.webhooks import WebhookWish, open_webhook, send_test
from regulars.connectors.models import DeadLetter, EventSource, Webhook
from regulars.core.api.keys import create_key
from regulars.customers.actions import TrackedInput, record_tracked_events
from regulars.customers.actions.beliefs import block_value
from regulars.customers.actions.privacy import keep_file, open_privacy_request, restrict_customer
from regulars.customers.actions.segments import SegmentInput, create_segment
from regulars.customers.models import PrivacyRequest, Purchase, Segment
from regulars.feedback.actions.answers import AnswerInput, receive_answers
from regulars.feedback.actions.call_list import list_for_calling
from regulars.feedback.actions.follow_up_rules import RuleInput, add_follow_up_rule
from regulars.feedback.actions.following import note_follow_up, open_follow_ups
from regulars.feedback.actions.invitations import InvitationInput, invite
from regulars.feedback.actions.plans import PlanInput, set_plan
from regulars.feedback.actions.popups import PopupInput, Visit, set_popup, ticket_for
from regulars.feedback.actions.quotas import set_quota
from regulars.feedback.actions.sharing import Shared, share_results
from regulars.feedback.actions.sittings import SittingInput, open_sitting
from regulars.feedback.actions.surveys import create_survey, link_for
from regulars.feedback.actions.uploads import NewFile, keep_files
from regulars.feedback.models import (
    Callee,
    FollowUp,
    Invitation,
    Popup,
    Sitting,
    Survey,
    Upload,
)
from regulars.feedback.queries.sharing import Sight
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.starters import starter
from regulars.loyalty.actions.adjusting import AdjustmentInput, Asker, adjust_points
from regulars.loyalty.actions.campaigns import CampaignInput, open_campaign
from regulars.loyalty.actions.drafting import DraftInput, save_draft
from regulars.loyalty.actions.handing import hand_over_points
from regulars.loyalty.actions.holding import hold_points
from regulars.loyalty.actions.households import (
    invite_member,
    set_household_rules,
    start_household,
)
from regulars.loyalty.actions.members import enrol_members
from regulars.loyalty.actions.partners import PartnerInput, set_partner
from regulars.loyalty.actions.posting import take_purchases
from regulars.loyalty.actions.promotions import PromotionInput, set_promotion
from regulars.loyalty.actions.redeeming import redeem_points
from regulars.loyalty.actions.rewards import RewardInput, order_reward, set_picture, set_reward
from regulars.loyalty.actions.values import ValueInput, issue_values
from regulars.loyalty.actions.watching import WatchInput, set_watch
from regulars.loyalty.models import (
    Adjustment,
    Alarm,
    Household,
    Member,
    Program,
    Reward,
    Rule,
    Seat,
    SpendingCode,
    StoredValue,
    Transfer,
    Unit,
)
from tests import make


@dataclass(frozen=True)
class Example:
    """How to make an object for a parameter, and whether it belongs to one store."""

    make: Callable[[Store], Any]
    is_of_store: bool


@dataclass
class World:
    """Objects of one store, made once when a route first asks for them."""

    store: Store
    made: dict[str, Any] = field(default_factory=dict)

    def value(self, key: str) -> Any:
        """The value of a parameter: an id, a code or a token."""
        if key not in self.made:
            self.made[key] = EXAMPLES[key].make(self.store)
        return self.made[key]


EXAMPLES: dict[str, Example] = {}

SEGMENT_PAGES = (
    "edit_segment",
    "segment_home",
    "switch_segment",
    "remove_segment",
    "segment_file",
    "segment_reach",
)
SEGMENT_DOORS = ("/reach", "/export", "/members", "/members/remove", "/why/{int:customer_id}")


def example(*keys: str, is_of_store: bool = False) -> Callable[[Callable[[Store], Any]], Any]:
    """A decorator for a function that makes an object for a store and gives the parameter's value."""

    def register(maker: Callable[[Store], Any]) -> Callable[[Store], Any]:
        for key in keys:
            EXAMPLES[key] = Example(maker, is_of_store)
        return maker

    return register


def key_for(route_name: str, parameter: str) -> str | None:
    """The key of the example for a parameter of a route; None when nobody made one."""
    special = f"{route_name}:{parameter}"
    return special if special in EXAMPLES else parameter if parameter in EXAMPLES else None


def _survey(store: Store) -> Survey:
    made = Survey.objects.order_by("pk").last()
    definition = starter("after_purchase").definition
    return made or create_survey(name="After a purchase", definition=definition, now=make.NOW)


def _program(store: Store) -> Program:
    return Program.objects.filter(code="club").first() or make.program("club")


def _member(store: Store) -> Member:
    """A member with a purchase in the store."""
    if known := Member.objects.order_by("pk").first():
        return known
    _program(store)
    anna = make.customer("Anna", phone="+79161234567", card="A1")
    bought = make.receipt(
        customer=anna, lines=[make.line(total_minor=30_000)], store_code=store.code
    )
    take_purchases([bought], now=make.NOW)
    return Member.objects.get(customer=anna)


@example("store_id", is_of_store=True)
def _store_id(store: Store) -> int:
    return store.pk


@example("employee_id")
def _employee_id(store: Store) -> int:
    return make.employee("agent").pk


@example("agent_id")
def _agent_id(store: Store) -> int:
    return meet_agents(["1042"])["1042"]


@example("key_id")
def _key_id(store: Store) -> int:
    return create_key(name="till", scopes=["purchases:write"], now=make.NOW).key.pk


@example("message_id")
def _message_id(store: Store) -> int:
    return make.message().pk


@example(
    "channels.channel:kind",
    "channels.test_channel:kind",
    "channels.read_returns:kind",
    "channels.reopen_address:kind",
)
def _channel_kind(store: Store) -> str:
    return "email"


@example("voice_code", "flow_code")
def _voice_code(store: Store) -> str:
    return link_for(_survey(store), store=None).code


@example("hook_kind")
def _hook_kind(store: Store) -> str:
    return "telegram"


@example("channels.unsubscribe:token", "channels.preferences:token")
def _unsubscribe_token(store: Store) -> str:
    return signing.dumps(["outbox", "ann@example.com"], salt=SALT, compress=True)


@example("channels.confirm_consent:token")
def _confirmation_token(store: Store) -> str:
    return signing.dumps(1, salt=CONFIRMATION_SALT)


@example("purpose_code")
def _purpose_code(store: Store) -> str:
    return "marketing"


@example("rule_code")
def _contact_rule_code(store: Store) -> str:
    return "surveys"


@example("touchpoint_id")
def _touchpoint_id(store: Store) -> int:
    return make.touchpoint().pk


@example("customer_id")
def _customer_id(store: Store) -> int:
    return _member(store).customer_id


@example("purchase_id", is_of_store=True)
def _purchase_id(store: Store) -> int:
    customer_id = _member(store).customer_id
    return Purchase.objects.get(customer_id=customer_id, store=store).pk


@example("product_id")
def _product_id(store: Store) -> int:
    return make.product().pk


@example("batch_id", "import_id")
def _batch_id(store: Store) -> int:
    file = SimpleUploadedFile(
        "till.csv", b"receipt;date;card;sku;total\nR1;20.11.2026;5;milk;1,50\n"
    )
    return open_batch(file, file.name or "", wish=Wish("purchases", "till"), now=make.NOW).pk


def _webhook(store: Store) -> Webhook:
    wish = WebhookWish("Mail", "https://hooks.example.com/in", ("segment.entered",))
    return Webhook.objects.first() or open_webhook(wish, now=make.NOW)


@example("webhook_id")
def _webhook_id(store: Store) -> int:
    return _webhook(store).pk


@example("message_key")
def _message_key(store: Store) -> str:
    return send_test(_webhook(store), now=make.NOW).public_id


@example("event_source_id")
def _event_source_id(store: Store) -> int:
    known = EventSource.objects.filter(code="site").first()
    return (known or open_event_source("site", SourceWish("Our site"), now=make.NOW)).pk


@example("answer_id", is_of_store=True)
def _answer_id(store: Store) -> int:
    given = AnswerInput(
        key=f"example:{store.pk}",
        version=latest_version(_survey(store)),
        values={"nps": 9},
        language="en",
        channel="qr",
        answered_at=make.NOW,
        store_id=store.pk,
    )
    (received,) = receive_answers([given], now=make.NOW)
    assert received.answer_id is not None
    return received.answer_id


@example("follow_up_id", is_of_store=True)
def _follow_up_id(store: Store) -> int:
    given = AnswerInput(
        key=f"unhappy:{store.pk}",
        version=latest_version(_survey(store)),
        values={"nps": 2, "why": "Nobody helped me"},
        language="en",
        channel="qr",
        answered_at=make.NOW,
        store_id=store.pk,
        customer_id=make.customer("Vera").pk,
    )
    (received,) = receive_answers([given], now=make.NOW)
    assert received.answer_id is not None
    open_follow_ups([received.answer_id], now=make.NOW)
    one = FollowUp.objects.get(cause=f"answer:{received.answer_id}")
    note_follow_up(one, "She waited an hour", by=None, now=make.NOW, has_contact=True)
    return one.pk


@example("feedback.change_follow_up_rule:rule_id", "remove_rule:rule_id")
def _follow_up_rule_id(store: Store) -> int:
    return add_follow_up_rule(RuleInput(measure="nps", score_max=6), now=make.NOW).pk


@example("plan_id")
def _plan_id(store: Store) -> int:
    told = {"type": "string", "enum": ["a", "b"], "description": "Which one"}
    for properties in ({"sku": told}, {"sku": told, "price": {"type": "number"}}):
        schema = {"type": "object", "properties": properties, "required": ["sku"]}
        made = publish_plan({"Product Viewed": schema}, source=None, note="Goods", now=make.NOW)
    open_draft(None, now=make.NOW)
    return made.pk


@example("tracked_event_id")
def _tracked_event_id(store: Store) -> int:
    call = TrackedInput(
        "site",
        "m1",
        "track",
        make.NOW,
        make.NOW,
        name="Product Viewed",
        anonymous_id="a-visitor",
        properties={"sku": "milk"},
        context={"page": {"path": "/milk"}},
    )
    return record_tracked_events([call], now=make.NOW)[0].event_id


@example("dead_letter_id")
def _dead_letter_id(store: Store) -> int:
    event = {"type": "track", "event": "Product Viewed", "messageId": "m2", "anonymousId": "a1"}
    return DeadLetter.objects.create(
        source_id=_event_source_id(store),
        message_id="m2",
        type="track",
        name="Product Viewed",
        anonymous_id="a1",
        body=json.dumps(event),
        reason="plan",
        path="properties.sku",
        rule='"sku" is a required property',
        plan_id=_plan_id(store),
        received_at=make.NOW,
    ).pk


@example("member_id")
def _member_id(store: Store) -> int:
    return _member(store).pk


@example("number")
def _card_number(store: Store) -> str:
    return _member(store).number


@example("loyalty.card_give:token")
def _giving_token(store: Store) -> str:
    token = _member(store).token
    Program.objects.update(handover_max=100, handover_day_max=200)
    return token


@example(
    *(
        f"loyalty.till_basket{act}:key"
        for act in ("", "_line", "_scan", "_pay", "_release", "_finish", "_undo")
    )
)
def _basket_key(store: Store) -> str:
    return "basket-1"


@example("handover_id")
def _handover_id(store: Store) -> int:
    giver = _member(store)
    Program.objects.update(handover_max=100, handover_day_max=200)
    ben = make.customer("Ben", card="B1")
    enrol_members(program=giver.program, joining={ben.pk: make.NOW}, now=make.NOW)
    taker = Member.objects.get(customer=ben)
    return hand_over_points(giver, taker, 2, key="example", now=make.NOW).pk


def _household(store: Store) -> Household:
    """A household of two, whose head has the card of the example."""
    head = _member(store)
    set_household_rules(head.program, {})
    found = start_household(head, now=make.NOW)
    if not Seat.objects.filter(household=found).exclude(member=head).exists():
        ben = make.customer("Ben", card="H1")
        enrol_members(program=head.program, joining={ben.pk: make.NOW}, now=make.NOW)
        invite_member(found, Member.objects.get(customer=ben), now=make.NOW)
    return found


@example("household_id")
def _household_id(store: Store) -> int:
    return _household(store).pk


@example("seat_id")
def _seat_id(store: Store) -> int:
    return Seat.objects.filter(household=_household(store)).latest("id").pk


@example("loyalty.card_household:token")
def _sharing_token(store: Store) -> str:
    return _household(store).head.token


@example("size")
def _icon_size(store: Store) -> int:
    return 192


@example("loyalty.card:token", "loyalty.card_rewards:token", "loyalty.card_manifest:token")
def _card_token(store: Store) -> str:
    return _member(store).token


@example("code")
def _program_code(store: Store) -> str:
    return _program(store).code


@example("program_id")
def _program_id(store: Store) -> int:
    return _program(store).pk


@example("ladder")
def _ladder_code(store: Store) -> str:
    _program(store)
    return "main"


@example("unit")
def _unit_code(store: Store) -> str:
    return Unit.objects.filter(program=_program(store)).order_by("id")[0].code


@example("loyalty.new_rule:kind")
def _mechanic_kind(store: Store) -> str:
    _program(store)
    return "share_of_purchase"


@example("rule_id")
def _rule_id(store: Store) -> int:
    first = Rule.objects.filter(program=_program(store)).order_by("pk").first()
    assert first is not None
    return first.pk


@example("draft_id")
def _draft_of_rules_id(store: Store) -> int:
    told = DraftInput("Without", {"rules": [{"code": "base", "ends": True}]})
    return save_draft(_program(store), told, by=None, now=make.NOW).pk


@example("campaign_id")
def _campaign_id(store: Store) -> int:
    told = CampaignInput("Spring", budget=1_000)
    return open_campaign(_program(store), "spring", told, now=make.NOW).pk


@example("partner_id")
def _partner_id(store: Store) -> int:
    told = PartnerInput("Coffee House", 90, 80)
    return set_partner(_program(store), told, now=make.NOW).pk


@example("watch_id")
def _watch_id(store: Store) -> int:
    return set_watch(_program(store), "example", WatchInput("purchases", 1, 24)).pk


@example("alarm_id")
def _alarm_id(store: Store) -> int:
    watch = set_watch(_program(store), "alarming", WatchInput("purchases", 1, 24))
    raised = Alarm(watch=watch, member=_member(store), found=3, most=1, hours=24, at=make.NOW)
    raised.save()
    return raised.pk


@example("code_id")
def _spending_code_id(store: Store) -> int:
    later = make.NOW + timedelta(minutes=10)
    made = SpendingCode(member=_member(store), amount=5, sent_at=make.NOW, ends_at=later)
    made.save()
    return made.pk


@example("hold_id", is_of_store=True)
def _hold_id(store: Store) -> int:
    return hold_points(
        _member(store),
        3,
        key=f"example {store.pk}",
        ends_at=make.NOW + timedelta(days=36_500),
        now=make.NOW,
        store_id=store.pk,
    ).pk


@example("transfer_id")
def _transfer_id(store: Store) -> int:
    _member(store)
    return Transfer.objects.order_by("pk")[0].pk


@example("adjustment_id")
def _adjustment_id(store: Store) -> int:
    member = _member(store)
    told = AdjustmentInput("example", member.pk, "points", 5, "goodwill")
    (made,) = adjust_points(member.program, [told], asker=Asker(), now=make.NOW)
    assert isinstance(made, Adjustment)
    return made.pk


@example("redemption_id", is_of_store=True)
def _redemption_id(store: Store) -> int:
    return redeem_points(
        _member(store), 5, key=f"example {store.pk}", now=make.NOW, store_id=store.pk
    ).pk


@example("promotion_id")
def _promotion_id(store: Store) -> int:
    told = PromotionInput("spring", "Spring", percent_bp=1_000)
    return set_promotion(_program(store), told, now=make.NOW).pk


@example("value_id")
def _value_id(store: Store) -> int:
    (card,) = issue_values(
        _program(store), [ValueInput("example", "gift_card", 5_000)], now=make.NOW
    )
    assert isinstance(card, StoredValue)
    return card.pk


def _reward(store: Store) -> Reward:
    made = set_reward(_program(store), RewardInput("mug", "gift", "Mug", 5), now=make.NOW)
    return made if made.picture else set_picture(made, b"\x89PNG\r\n\x1a\n")


@example("reward_id")
def _reward_id(store: Store) -> int:
    return _reward(store).pk


@example("order_id", is_of_store=True)
def _order_id(store: Store) -> int:
    return order_reward(
        _member(store), _reward(store), key=f"example {store.pk}", now=make.NOW, store_id=store.pk
    ).pk


@example("survey_id")
def _survey_id(store: Store) -> int:
    return _survey(store).pk


@example("feedback.answers_file:format")
def _answers_format(store: Store) -> str:
    return "csv"


@example("feedback.public:code", "feedback.poster:code", "feedback.poster_svg:code")
def _link_code(store: Store) -> str:
    return link_for(_survey(store), store=store).code


@example("question_name")
def _question_name(store: Store) -> str:
    return next(iter(definition_of(latest_version(_survey(store))).questions())).name


@example("page_name")
def _page_name(store: Store) -> str:
    return definition_of(latest_version(_survey(store))).pages[0].name


@example("answer_id", is_of_store=True)
def _answer_id(store: Store) -> int:
    given = AnswerInput(
        key=f"example:{store.pk}",
        version=latest_version(_survey(store)),
        values={"nps": 9},
        language="en",
        channel="qr",
        answered_at=make.NOW,
        store_id=store.pk,
    )
    (received,) = receive_answers([given], now=make.NOW)
    assert received.answer_id is not None
    return received.answer_id


@example("asking_plan_id")
def _asking_plan_id(store: Store) -> int:
    wanted = PlanInput(name="Example", trigger="purchase")
    return set_plan(_survey(store), wanted, now=make.NOW).pk


@example("quota_id")
def _quota_id(store: Store) -> int:
    return set_quota(_survey(store), name="Example", places=10).pk


@example("sitting_id", is_of_store=True)
def _sitting_id(store: Store) -> int:
    given = SittingInput(
        key=f"example:{store.pk}",
        version=latest_version(_survey(store)),
        channel="operator",
        store_id=store.pk,
    )
    return open_sitting(given, now=make.NOW).pk


@example("callee_id", is_of_store=True)
def _callee_id(store: Store) -> int:
    asked = InvitationInput(
        survey_id=_survey(store).pk,
        cause=f"example call {store.pk}",
        customer_id=_member(store).customer_id,
        channel="operator",
        store_id=store.pk,
    )
    (invited,) = invite([asked], now=make.NOW)
    list_for_calling({invited.invitation_id: make.message().pk}, now=make.NOW)
    return Callee.objects.get(invitation=invited.invitation_id).pk


@example("feedback.end_call:outcome")
def _call_outcome(store: Store) -> str:
    return "call_back"


def _popup(store: Store) -> Popup:
    return set_popup(_survey(store), PopupInput(is_on=True), now=make.NOW)


@example("popup_code")
def _popup_code(store: Store) -> str:
    return _popup(store).code


@example("feedback.popup_frame:ticket")
def _popup_ticket(store: Store) -> str:
    visit = Visit(address="https://shop.example/", visitor="v1")
    return ticket_for(_popup(store), visit, now=timezone.now())


@example("result_link")
def _result_link(store: Store) -> int:
    return _shared(store).link.pk


@example("result_token")
def _result_token(store: Store) -> str:
    return _shared(store).token


def _shared(store: Store) -> Shared:
    survey = _survey(store)
    return share_results(
        survey, name="Head office", days=30, seen_by=Sight(None), now=timezone.now()
    )


@example("feedback.invited:token")
def _invitation_token(store: Store) -> str:
    asked = InvitationInput(
        survey_id=_survey(store).pk, cause="example", customer_id=_member(store).customer_id
    )
    (invited,) = invite([asked], now=make.NOW)
    return Invitation.objects.get(pk=invited.invitation_id).token


@example("ids")
def _signal_ids(store: Store) -> str:
    return "1"


@example("api/v1/metrics/{kind}:kind")
def _metric_kind(store: Store) -> str:
    return "nps_trend"


@example(
    *[f"api/v1/segments/{{code}}{rest}:code" for rest in ("", *SEGMENT_DOORS)],
    *[f"insight.{name}:code" for name in SEGMENT_PAGES],
)
def _segment_code(store: Store) -> str:
    told = SegmentInput("Everybody", condition={"all": []})
    known = Segment.objects.filter(code="everybody").first()
    return (known or create_segment("everybody", told, now=make.NOW)).code


@example("insight.segment_file:format")
def _segment_format(store: Store) -> str:
    return "csv"


@example("web.sign_in_link:token")
def _sign_in_token(store: Store) -> str:
    return "x" * 43


def _privacy_request(store: Store) -> PrivacyRequest:
    """A copy of a customer's data, made and ready to be fetched."""
    made = open_privacy_request(
        _member(store).customer_id, "export", asked_by="employee", verified="seen", now=make.NOW
    )
    keep_file(made, "data", "pdf", b"%PDF", now=timezone.now(), days=7)
    return made


@example("request_id")
def _privacy_request_id(store: Store) -> int:
    return _privacy_request(store).pk


@example("restriction_id")
def _restriction_id(store: Store) -> int:
    asked = open_privacy_request(
        _member(store).customer_id, "objection", asked_by="employee", verified="seen", now=make.NOW
    )
    return restrict_customer(asked.pk, "", by=None, now=make.NOW).pk


@example("customers.privacy_file:kind")
def _privacy_file_kind(store: Store) -> str:
    return "data"


@example("customers.privacy_file:format")
def _privacy_file_format(store: Store) -> str:
    return "pdf"


@example("customers.own_data:token")
def _own_data_token(store: Store) -> str:
    return signing.dumps(_privacy_request(store).pk, salt="regulars.customers.privacy")


@example("evidence_id")
def _evidence_id(store: Store) -> int:
    return make.doubtful_pair().pk


@example("merging_id")
def _merging_id(store: Store) -> int:
    one, other = make.customer("Ann"), make.customer("Anne")
    make.merged(one, other)
    return make.parted(other)


@example("blocked_id")
def _blocked_id(store: Store) -> int:
    return block_value("phone", "+74957771234", now=make.NOW).pk


@example("upload_id", is_of_store=True)
def _upload_id(store: Store) -> int:
    """A file that came with an answer to the example survey."""
    sitting = Sitting.objects.get(pk=_sitting_id(store))
    new = NewFile(uuid.uuid4(), "photo", "shelf.txt", "text/plain", b"words")
    keep_files(sitting, [new], now=make.NOW)
    Upload.objects.filter(key=new.key).update(answer=_answer_id(store))
    return Upload.objects.get(key=new.key).pk
