"""What feedback does when others publish."""

from django.utils import timezone

from regulars.channels.events import MessagesFailed, MessagesHeard, MessagesSent
from regulars.channels.models import Message
from regulars.company.events import SampleDataRemoved
from regulars.core.events import on
from regulars.customers.events import (
    EventsTracked,
    GoodsReturned,
    PurchasesRecorded,
    SegmentsEntered,
)
from regulars.customers.models import Segment
from regulars.feedback.actions.call_list import OPERATOR, list_for_calling
from regulars.feedback.actions.following import open_follow_ups
from regulars.feedback.actions.invitations import mark_failed, mark_sent
from regulars.feedback.actions.nominating import (
    after_entering,
    after_events,
    after_passages,
    after_purchases,
    after_returns,
)
from regulars.feedback.actions.popups import POPUP
from regulars.feedback.actions.sample import remove_sample
from regulars.feedback.actions.writing_back import hold_dialogues
from regulars.feedback.events import AnswersReceived
from regulars.feedback.letters import KEY, invitation_id_of
from regulars.journey.events import PassagesRecorded


@on(MessagesSent)
def note_sent_invitations(event: MessagesSent) -> None:
    """Invitations whose letters left the house say since when.

    A call is made by somebody first, and a pop-up opens when the person comes by.
    """
    rows = Message.objects.filter(pk__in=event.message_ids, key__startswith=KEY)
    letters = rows.exclude(channel__in=(OPERATOR, POPUP))
    found = [invitation_id_of(key) for key in letters.values_list("key", flat=True)]
    mark_sent([one for one in found if one is not None], now=timezone.now())


@on(MessagesSent)
def put_on_the_calling_list(event: MessagesSent) -> None:
    """Whom operators are to call comes on their list."""
    rows = Message.objects.filter(pk__in=event.message_ids, key__startswith=KEY, channel=OPERATOR)
    told = {invitation_id_of(key): pk for pk, key in rows.values_list("pk", "key")}
    asked = {one: pk for one, pk in told.items() if one is not None}
    list_for_calling(asked, now=timezone.now())


@on(MessagesFailed)
def note_failed_invitations(event: MessagesFailed) -> None:
    """Invitations whose letters could not be delivered say since when."""
    rows = Message.objects.filter(pk__in=event.message_ids, key__startswith=KEY)
    found = [invitation_id_of(key) for key in rows.values_list("key", flat=True)]
    mark_failed([one for one in found if one is not None], now=timezone.now())


@on(MessagesHeard)
def answer_what_people_write(event: MessagesHeard) -> None:
    """What people write goes on with the survey that they are asked, or begins one."""
    hold_dialogues(event.heard_ids, now=timezone.now())


@on(AnswersReceived)
def open_what_calls_for_it(event: AnswersReceived) -> None:
    """Unhappy answers get an owner and a clock."""
    open_follow_ups(event.answer_ids, now=timezone.now())


@on(PurchasesRecorded)
def consider_asking_buyers(event: PurchasesRecorded) -> None:
    """Plans of asking look at new purchases."""
    after_purchases(event.purchase_ids, now=timezone.now())


@on(GoodsReturned)
def consider_asking_after_returns(event: GoodsReturned) -> None:
    """Plans of asking look at goods that came back."""
    after_returns(event.return_ids, now=timezone.now())


@on(EventsTracked)
def consider_asking_after_events(event: EventsTracked) -> None:
    """Plans of asking look at events of sites and programs."""
    after_events(event.event_ids, now=timezone.now())


@on(PassagesRecorded)
def consider_asking_after_passages(event: PassagesRecorded) -> None:
    """Plans of asking look at touchpoints that were passed."""
    after_passages(event.passage_ids, now=timezone.now())


@on(SegmentsEntered)
def consider_asking_who_entered(event: SegmentsEntered) -> None:
    """Plans of asking look at people who came into a segment."""
    code = Segment.objects.filter(pk=event.segment_id).values_list("code", flat=True).first()
    if code:
        after_entering(code, event.customer_ids, now=timezone.now())


@on(SampleDataRemoved)
def drop_sample_answers(event: SampleDataRemoved) -> None:
    """Generated answers, signals and invitations go."""
    remove_sample()
