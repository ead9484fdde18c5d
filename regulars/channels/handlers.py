"""What channels do when others publish."""

from django.utils import timezone

from regulars.channels.actions.confirmations import ask_to_confirm
from regulars.channels.models import Message
from regulars.company.events import SampleDataRemoved
from regulars.core.events import on
from regulars.customers.events import ConsentsToConfirm


@on(SampleDataRemoved)
def delete_sample_messages(event: SampleDataRemoved) -> None:
    Message.objects.filter(sample=True).delete()


@on(ConsentsToConfirm)
def send_confirmations(event: ConsentsToConfirm) -> None:
    """People who agreed by mail get a letter; their yes counts once they confirm it."""
    ask_to_confirm(event.consent_ids, now=timezone.now())
