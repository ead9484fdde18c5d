"""Why a code, a card, a reward or a form does not do what was asked, in words for people."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from regulars.core.errors import Refused

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
    "amount_is_missing": _("Say what it is worth."),
    "budget_below_spent": _("More than that is spent already."),
    "campaign_exists": _("There is a campaign of that code already."),
    "code_is_taken": _("Another promotion has this code."),
    "draft_is_closed": _("This draft was published or put away already."),
    "needs_a_second_look": _(
        "Another person publishes a draft, or you confirm that nobody else looked at it."
    ),
    "not_replayed": _("Replay the draft as it is now before publishing it."),
    "nothing_changes": _("A draft changes at least one thing."),
    "not_replayable": _(
        "A replay tries what purchases and joining bring, and tiers that go by them."
    ),
    "ends_before_it_begins": _("The end is not after the beginning."),
    "group_is_missing": _("Say which group it belongs to."),
    "has_a_card": _("This employee has another card here."),
    "limit_below_use": _("It has been used more often already."),
    "no_tiers": _("A ladder needs at least one tier."),
    "tiers_alike": _("Two tiers have the same code or threshold."),
    "tier_exists": _("Another ladder has a tier of that code."),
    "not_a_code": _("A code is 3 to 40 letters and digits."),
    "not_for_joining": _("A gift for joining has no limits and no campaign."),
    "partner_is_missing": _("Say whose reward it is."),
    "reason_is_missing": _("Say why: an auditor will ask."),
    "share_or_amount": _("Say either a percentage or an amount."),
    "stock_below_taken": _("More of them are given already."),
    "unknown_product": _("There is no such product."),
    "unknown_promotion": _("There is no such promotion."),
    "unknown_scope": _("A scope is order, line:…, category:… or cheapest:…."),
    "unknown_member": _("Nobody in the program has this card."),
    "unknown_campaign": _("The program has no such campaign."),
    "unknown_tier": _("The program has no such tier."),
    "decided_before": _("It was decided before."),
    "bad_code": _("A code has small letters, digits and dashes."),
    "bad_percentage": _("A percentage is between 0 and 100."),
    "bad_rate": _("A share is from 0 to 100 percent."),
    "bad_lapse": _("A reservation lapses within a week."),
    "bad_prefix": _("A prefix is at most ten letters and digits."),
    "bad_picture": _("A PNG, JPEG or WebP picture of at most 1 MB."),
    "unit_exists": _("The program has a unit of that code already."),
    "earned_later": _("The day of earning lies ahead."),
}


def reason_in_words(code: str) -> str:
    """A reason for people, in the language of the reader; the code itself where nobody wrote any."""
    return str(REASONS.get(code, code))


def refusal_in_words(refused: Refused) -> str:
    """A refusal in the language of the reader; its own message where nobody wrote any."""
    return str(REASONS.get(refused.code, refused.message))
