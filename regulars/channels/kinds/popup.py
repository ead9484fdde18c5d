"""Pop-ups on the company's own site: an invitation waits until the person comes by."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.channels.kind import Capabilities, ChannelKind, Letter, Receipt, channel_kinds


@channel_kinds.add("popup")
class Popup(ChannelKind):
    """Keeps what is asked until the person opens a page of the site that has the pop-up's script."""

    label = _("Pop-up on a site")
    about = _("A survey is shown on your own site when the person comes by.")
    capabilities: ClassVar[Capabilities] = Capabilities(
        needs_address=False, has_subject=False, has_html=False
    )
    reaches_by: ClassVar[str] = "push"

    @override
    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        for letter in batch:
            yield Receipt(letter.message_id, "sent")
