"""The outbox: messages stay inside the product, where the team reads them."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from regulars.channels.kind import Capabilities, ChannelKind, Letter, Receipt, channel_kinds


@channel_kinds.add("outbox")
class Outbox(ChannelKind):
    """Keeps messages inside the product, so that everything can be tried without an account."""

    label = _("Outbox")
    about = _("Messages stay on the outbox page and reach nobody. Good for trying things out.")
    capabilities: ClassVar[Capabilities] = Capabilities(needs_address=False)
    reaches_by: ClassVar[str] = "email"

    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        for letter in batch:
            yield Receipt(letter.message_id, "sent")
