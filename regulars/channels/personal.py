"""What channels hold of people: messages, and who wants none."""

from django.utils.translation import gettext_lazy as _

from regulars.core.holdings import Holding, hold, impersonal, of_staff

_TO_THEM = "customer_id = ANY(%(ids)s) OR lower(address) = ANY(%(values)s)"

hold(
    Holding(
        "channels_message",
        _("Messages"),
        whose=_TO_THEM,
        shows=f"""SELECT channel, purpose, address, subject, text, state, reason, created_at,
            sent_at FROM channels_message WHERE {_TO_THEM} ORDER BY id""",
        clears={
            **dict.fromkeys(("address", "subject", "text", "html", "link", "failure"), "''"),
            "state": "CASE WHEN state IN ('waiting', 'sending') THEN 'refused' ELSE state END",
        },
        mentions=("subject", "text", "html", "failure", "key"),
    ),
    Holding(
        "channels_suppression",
        _("Who wants no messages"),
        whose="lower(address) = ANY(%(values)s)",
        shows="""SELECT channel, address, purpose, source, at FROM channels_suppression
            WHERE lower(address) = ANY(%(values)s) ORDER BY id""",
        clears=None,
    ),
)
hold(
    Holding(
        "channels_heardmessage",
        _("What they wrote to us"),
        whose=_TO_THEM,
        shows=f"""SELECT channel, address, text, received_at FROM channels_heardmessage
            WHERE {_TO_THEM} ORDER BY id""",
        clears={"address": "''", "text": "''"},
        mentions=("text", "key"),
    ),
    Holding(
        "channels_heardpart",
        _("Parts of what they wrote to us"),
        whose="lower(address) = ANY(%(values)s)",
        shows="""SELECT channel, address, received_at FROM channels_heardpart
            WHERE lower(address) = ANY(%(values)s) ORDER BY id""",
        clears=None,
    ),
    Holding(
        "channels_knownaddress",
        _("Conversations in messengers"),
        whose="customer_id = ANY(%(ids)s)",
        shows="""SELECT channel, address, since FROM channels_knownaddress
            WHERE customer_id = ANY(%(ids)s) ORDER BY id""",
        clears=None,
    ),
)
hold(
    Holding(
        "channels_mailreport",
        _("Mail that came back"),
        whose="lower(address) = ANY(%(values)s)",
        shows="""SELECT channel, address, kind, status, words, at FROM channels_mailreport
            WHERE lower(address) = ANY(%(values)s) ORDER BY id""",
        clears={"address": "''", "words": "''"},
        mentions=("words",),
    )
)
impersonal("how far mailboxes were read", "channels_mailbox")
impersonal("settings of channels and limits of contact", "channels_channel", "channels_contactrule")
impersonal(
    "how lines to providers are, and their names for parts",
    "channels_linestate",
    "channels_messagepart",
)
impersonal("customers by number whom no rule limits, and quiet hours", "channels_contactpolicy")
of_staff("letters that an employee does not want", "channels_unwantedletter")
