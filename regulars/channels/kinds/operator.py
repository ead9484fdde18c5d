"""Calls that people make: whoever is asked by this channel comes on the operators' calling list."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from pydantic import Field
from typing_extensions import override

from regulars.channels.kind import Capabilities, ChannelKind, Letter, Receipt, channel_kinds


@channel_kinds.add("operator")
class Operator(ChannelKind):
    """Puts people on the calling list; operators ring them and ask from a script on their screen."""

    label = _("Telephone by operator")
    about = _("Whoever is asked this way comes on the calling list; operators ring and ask.")
    capabilities: ClassVar[Capabilities] = Capabilities(has_subject=False, has_html=False)
    reaches_by: ClassVar[str] = "phone"

    introduction: str = Field(
        default="", max_length=300, title=gettext_noop("What operators say first, in English")
    )
    introduction_ru: str = Field(
        default="", max_length=300, title=gettext_noop("What operators say first, in Russian")
    )
    recording: str = Field(
        default="yes",
        pattern="^(yes|no)$",
        title=gettext_noop("Ask whether the call may be recorded: yes or no"),
    )
    calls_max: int = Field(
        default=5, ge=1, le=30, title=gettext_noop("Calls to one person at most")
    )
    again_after_minutes: int = Field(
        default=180, ge=5, le=20_160, title=gettext_noop("Minutes until the next call")
    )
    hold_minutes: int = Field(
        default=20, ge=2, le=240, title=gettext_noop("Minutes for which an operator keeps a person")
    )

    @override
    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        for letter in batch:
            yield Receipt(letter.message_id, "sent")
