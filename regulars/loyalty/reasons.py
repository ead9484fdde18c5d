"""Why a code, a card or a reward does not do what was asked, in words for people."""

from typing import Any

from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Any] = {
    "unknown_code": _("There is no such code."),
    "entered_twice": _("This code is entered already."),
    "code_is_blocked": _("This code was blocked."),
    "promotion_is_closed": _("The promotion is closed."),
    "not_yet_valid": _("It is not valid yet."),
    "no_longer_valid": _("It is not valid any more."),
    "customer_is_unknown": _("It needs a known customer: scan the card first."),
    "other_customer": _("This code belongs to another customer."),
    "condition_not_met": _("The promotion is not for this customer."),
    "code_is_used_up": _("This code is used up."),
    "promotion_is_used_up": _("The promotion is used up."),
    "customer_limit_is_reached": _("This customer has used it as often as one may."),
    "basket_too_small": _("The basket is too small for it."),
    "does_not_stack": _("It does not go together with a code before it."),
    "nothing_to_discount": _("Nothing in the basket is part of the promotion."),
    "is_blocked": _("This card is blocked."),
    "too_many_wrong_pins": _("Too many wrong PINs: the card is closed until somebody opens it."),
    "wrong_pin": _("The PIN is wrong."),
    "has_expired": _("It has expired."),
    "is_held_already": _("Another purchase holds it at the moment."),
    "not_enough_money": _("There is not enough money on it."),
    "reward_is_closed": _("This reward is not offered now."),
    "not_for_this_tier": _("This reward is not for members of this tier."),
    "member_limit_is_reached": _("This member has chosen it as often as one may."),
    "out_of_stock": _("There is none left."),
    "not_enough_points": _("There are not enough points for that."),
    "member_is_frozen": _("This card is frozen: it earns, and spends nothing."),
    "serves_oneself": _("Nobody serves their own card: ask a colleague."),
    "more_than_at_once": _("That is more than may be spent at once."),
    "more_than_a_day": _("That is more than may be spent in 24 hours."),
    "too_often_a_day": _("This card was used as often as it may within 24 hours."),
    "code_is_needed": _("So many points need a code that the member is sent: ask at a till."),
    "code_cannot_be_sent": _("No code can be sent: there is no address, or it may not be used."),
    "too_many_codes": _("Too many codes were sent within an hour. Try again later."),
    "is_used": _("It is used already."),
    "unknown_card": _("The program has no such card."),
    "own_card": _("This card is your own."),
    "not_shared": _("Points are not shared in this program."),
    "in_another_household": _("This member is in a household already."),
    "household_is_full": _("No more members can join this household."),
    "household_is_closed": _("This household is closed."),
    "invitation_is_over": _("This invitation is over."),
    "not_in_household": _("This member is not in the household."),
    "head_stays": _("Hand the household on first, or close it."),
    "not_the_head": _("Only the head of the household may do that."),
    "not_allowed": _("Points cannot be given away here."),
    "too_much_at_once": _("That is more than may be given at once."),
    "too_much_today": _("That is more than may be given in a day."),
    "own_adjustment": _("Somebody else has to approve it."),
    "is_declined": _("It was declined before."),
    "is_done": _("It is on the books already: adjust the other way instead."),
    "note_is_missing": _("Say in the note what the reason is."),
    "no_dates_here": _("Only spendable points that are given have a last day."),
    "other_content": _("This was sent before with other content."),
    "month_is_running": _("A month can be closed from an hour after its end."),
    "nothing_to_settle": _("No points moved with this partner in that month."),
}


def reason_in_words(code: str) -> str:
    """A reason for people, in the language of the reader; the code itself where nobody wrote any."""
    return str(REASONS.get(code, code))
