"""What channels do when others publish."""

from regulars.channels.models import Message
from regulars.company.events import SampleDataRemoved
from regulars.core.events import on


@on(SampleDataRemoved)
def delete_sample_messages(event: SampleDataRemoved) -> None:
    Message.objects.filter(sample=True).delete()
