"""What feedback does when others publish."""

from django.utils import timezone

from regulars.channels.events import MessagesFailed, MessagesHeard, MessagesSent
from regulars.channels.models import Message
from regulars.company.events import SampleDataRemoved
from regulars.core.events import on
from regulars.feedback.actions.invitations import mark_failed, mark_sent
from regulars.feedback.actions.sample import remove_sample
from regulars.feedback.actions.writing_back import hold_dialogues
from regulars.feedback.letters import KEY, invitation_id_of


@on(MessagesSent)
def note_sent_invitations(event: MessagesSent) -> None:
    """Invitations whose letters left the house say since when."""
    rows = Message.objects.filter(pk__in=event.message_ids, key__startswith=KEY)
    found = [invitation_id_of(key) for key in rows.values_list("key", flat=True)]
    mark_sent([one for one in found if one is not None], now=timezone.now())


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


@on(SampleDataRemoved)
def drop_sample_answers(event: SampleDataRemoved) -> None:
    """Generated answers, signals and invitations go."""
    remove_sample()
