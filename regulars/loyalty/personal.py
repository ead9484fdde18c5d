"""What loyalty holds of people. The ledger keeps its sums under the number of an empty record."""

from django.utils.translation import gettext_lazy as _

from regulars.core.holdings import Holding, hold, impersonal

_MEMBERS = "(SELECT id FROM loyalty_member WHERE customer_id = ANY(%(ids)s))"

hold(
    Holding(
        "loyalty_rewardorder",
        _("Rewards"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT chosen.ordered_at, reward.name AS reward, chosen.price, chosen.state
            FROM loyalty_rewardorder chosen JOIN loyalty_reward reward
                ON reward.id = chosen.reward_id
            WHERE chosen.member_id IN {_MEMBERS} ORDER BY chosen.id""",
        mentions=("key",),
    ),
    Holding(
        "loyalty_promocode",
        _("Promo codes"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT code.made_at, promotion.name AS promotion, code.code, code.used
            FROM loyalty_promocode code JOIN loyalty_promotion promotion
                ON promotion.id = code.promotion_id
            WHERE code.member_id IN {_MEMBERS} ORDER BY code.id""",
    ),
    Holding(
        "loyalty_promoreservation",
        _("Promo codes in baskets"),
        shows="""SELECT held.reserved_at, held.redeemed_at, held.rolled_back_at,
            held.answer->'codes' AS codes FROM loyalty_promoreservation held
            WHERE held.customer_id = ANY(%(ids)s) ORDER BY held.id""",
        mentions=("key",),
    ),
    Holding(
        "loyalty_storedvalue",
        _("Vouchers and gift cards"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT issued_at, kind, face_minor, balance_minor, currency, expires_at
            FROM loyalty_storedvalue WHERE member_id IN {_MEMBERS} ORDER BY id""",
        mentions=("key",),
    ),
    Holding(
        "loyalty_redemption",
        _("Points spent"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT redeemed_at, amount, worth_minor, undone_at FROM loyalty_redemption
            WHERE member_id IN {_MEMBERS} ORDER BY id""",
        mentions=("key",),
    ),
    Holding(
        "loyalty_hold",
        _("Points set aside"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT held_at, amount, ends_at, outcome, captured FROM loyalty_hold
            WHERE member_id IN {_MEMBERS} ORDER BY id""",
        mentions=("key",),
    ),
    Holding(
        "loyalty_adjustment",
        _("Points adjusted by hand"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT asked_at, amount, reason, note, state FROM loyalty_adjustment
            WHERE member_id IN {_MEMBERS} ORDER BY id""",
        mentions=("key", "note"),
    ),
    Holding(
        "loyalty_handover",
        _("Points given to others and got from them"),
        whose=f"giver_id IN {_MEMBERS} OR taker_id IN {_MEMBERS}",
        shows=f"""SELECT at, CASE WHEN taker_id IN {_MEMBERS} THEN amount::bigint
            ELSE -amount::bigint END AS amount
            FROM loyalty_handover WHERE giver_id IN {_MEMBERS} OR taker_id IN {_MEMBERS}
            ORDER BY id""",
        mentions=("key",),
    ),
    Holding(
        "loyalty_household",
        _("Households headed"),
        whose=f"head_id IN {_MEMBERS}",
        shows=f"""SELECT made_at, closed_at FROM loyalty_household
            WHERE head_id IN {_MEMBERS} ORDER BY id""",
    ),
    Holding(
        "loyalty_seat",
        _("Places in households"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT state, invited_at, joined_at, ended_at FROM loyalty_seat
            WHERE member_id IN {_MEMBERS} ORDER BY id""",
    ),
    Holding(
        "loyalty_transfer",
        _("Points"),
        whose=f"""source_id IN (SELECT id FROM loyalty_account WHERE member_id IN {_MEMBERS})
            OR target_id IN (SELECT id FROM loyalty_account WHERE member_id IN {_MEMBERS})""",
        shows=f"""SELECT moved.at, unit.name AS unit, CASE WHEN account.id = moved.target_id
                THEN moved.amount::bigint ELSE -moved.amount::bigint END AS amount
            FROM loyalty_account account JOIN loyalty_unit unit ON unit.id = account.unit_id
            JOIN loyalty_transfer moved
                ON moved.source_id = account.id OR moved.target_id = account.id
            WHERE account.member_id IN {_MEMBERS} ORDER BY moved.at, moved.id""",
        mentions=("key",),
    ),
    Holding(
        "loyalty_accrual",
        _("Receipts"),
        whose=f"member_id IN {_MEMBERS}",
        clears={"receipt": 'receipt || \'{"member": ""}\'::jsonb'},
    ),
    Holding(
        "loyalty_alarm",
        _("Alarms"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT alarm.at, watch.counts, alarm.found, alarm.most, alarm.hours, alarm.state
            FROM loyalty_alarm alarm JOIN loyalty_watch watch ON watch.id = alarm.watch_id
            WHERE alarm.member_id IN {_MEMBERS} ORDER BY alarm.id""",
        clears={"note": "''"},
    ),
    Holding(
        "loyalty_spendingcode",
        _("One-time codes"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT sent_at, amount, confirmed_at FROM loyalty_spendingcode
            WHERE member_id IN {_MEMBERS} ORDER BY id""",
        mentions=("used_for",),
    ),
    Holding("loyalty_membermemory", _("What rules remember"), whose=f"member_id IN {_MEMBERS}"),
    Holding(
        "loyalty_referral",
        _("Friends brought"),
        whose=f"friend_id IN {_MEMBERS} OR referrer_id IN {_MEMBERS}",
        shows=f"""SELECT at FROM loyalty_referral
            WHERE friend_id IN {_MEMBERS} OR referrer_id IN {_MEMBERS} ORDER BY id""",
    ),
    Holding(
        "loyalty_tierchange",
        _("Tiers"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT change.changed_at, tier.name AS tier FROM loyalty_tierchange change
            LEFT JOIN loyalty_tier tier ON tier.id = change.after_id
            WHERE change.member_id IN {_MEMBERS} ORDER BY change.id""",
    ),
    Holding(
        "loyalty_expiryreminder",
        _("Reminders of points that expire"),
        whose=f"account_id IN (SELECT id FROM loyalty_account WHERE member_id IN {_MEMBERS})",
        shows=f"""SELECT reminder.made_at, reminder.amount::bigint AS amount, reminder.ends_at
            FROM loyalty_expiryreminder reminder
            JOIN loyalty_account account ON account.id = reminder.account_id
            WHERE account.member_id IN {_MEMBERS} ORDER BY reminder.id""",
    ),
    Holding(
        "loyalty_fallwarning",
        _("Warnings before a tier falls"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT warning.made_at, tier.name AS tier, warning.missing, warning.falls_at
            FROM loyalty_fallwarning warning JOIN loyalty_tier tier ON tier.id = warning.tier_id
            WHERE warning.member_id IN {_MEMBERS} ORDER BY warning.id""",
    ),
    Holding(
        "loyalty_giventier",
        _("Tiers given by hand"),
        whose=f"member_id IN {_MEMBERS}",
        shows=f"""SELECT given.since, given.to, tier.name AS tier, given.reason
            FROM loyalty_giventier given JOIN loyalty_tier tier ON tier.id = given.tier_id
            WHERE given.member_id IN {_MEMBERS} ORDER BY given.id""",
        clears={"reason": "''"},
        mentions=("key",),
    ),
    Holding(
        "loyalty_ladderstanding",
        _("Standing on ladders of tiers"),
        whose=f"member_id IN {_MEMBERS}",
    ),
    Holding(
        "loyalty_member",
        _("Membership"),
        shows="""SELECT program.name AS program, member.number, tier.name AS tier, member.visits,
            member.joined_at FROM loyalty_member member
            JOIN loyalty_program program ON program.id = member.program_id
            LEFT JOIN loyalty_tier tier ON tier.id = member.tier_id
            WHERE member.customer_id = ANY(%(ids)s) ORDER BY member.id""",
        clears={
            "number": "lpad(id::text, 19, '0')",
            "token": "replace(gen_random_uuid()::text, '-', '')",
            "frozen_reason": "''",
        },
        names="SELECT number FROM loyalty_member WHERE customer_id = ANY(%(ids)s)",
    ),
)
impersonal(
    "the program's own settings and pots",
    "loyalty_program",
    "loyalty_unit",
    "loyalty_rule",
    "loyalty_tier",
    "loyalty_campaign",
    "loyalty_partner",
    "loyalty_partnerstatement",
    "loyalty_ladder",
    "loyalty_ladderversion",
    "loyalty_account",
    "loyalty_lot",
    "loyalty_lotuse",
    "loyalty_reversal",
    "loyalty_restoration",
    "loyalty_seal",
    "loyalty_shortfall",
    "loyalty_cancellation",
    "loyalty_liabilityestimate",
    "loyalty_statedrate",
    "loyalty_draft",
    "loyalty_watch",
    "loyalty_promotion",
    "loyalty_promouse",
    "loyalty_reward",
    "loyalty_rewardstep",
    "loyalty_valuepayment",
    "loyalty_valueentry",
)
