"""What all messengers share: a token to speak with, a secret to be spoken to with, buttons, no subject."""

from typing import Any, ClassVar

from django.utils.translation import gettext, gettext_noop
from pydantic import Field
from typing_extensions import override

from regulars.channels.kind import SECRET, Capabilities, ChannelKind


class Messenger(ChannelKind):
    """A bot or community that people write to first; an address is the number of a conversation."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        has_subject=False, has_html=False, length_max=4096, has_buttons=True, is_conversation=True
    )
    reaches_by: ClassVar[str] = "messenger"
    address_kind: ClassVar[str] = ""

    token: str = Field(
        default="", max_length=300, title=gettext_noop("Token"), json_schema_extra=SECRET
    )
    secret: str = Field(
        default="", max_length=100, title=gettext_noop("Webhook secret"), json_schema_extra=SECRET
    )

    @override
    def not_ready(self) -> str:
        return "" if self.token and self.secret else gettext("Enter the token and the secret.")


def api_at(address: str) -> Any:
    """The field of an API's address: the messenger's own, unless another one is set."""
    title = gettext_noop("Address of the API")
    return Field(default=address, max_length=200, pattern=r"^https?://\S+$", title=title)
