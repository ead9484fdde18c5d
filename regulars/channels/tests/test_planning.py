"""The budget for a crowd: the same decisions as one by one, and no cap is ever passed."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.channels.actions import change_contact_rule
from regulars.channels.models import ContactPolicy, ContactRule, HeardMessage, Message
from regulars.channels.queries.door import Ask, may_contact_many
from regulars.channels.queries.planning import plan_budget
from regulars.channels.rules.budget import Budget, Contact, decide
from regulars.channels.rules.planning import Crowd, past_of, plan_contacts
from regulars.channels.tests.test_contact_budget import CONTACTS, RULES
from regulars.customers.models import Customer
from tests import make

PEOPLE = 4
PASTS = st.lists(st.tuples(st.integers(0, PEOPLE - 1), CONTACTS), max_size=20)


@settings(max_examples=80)
@given(RULES, PASTS, CONTACTS, st.lists(st.booleans(), min_size=8, max_size=8))
def test_a_crowd_is_judged_as_one_by_one(rules, past, wanted, coins):
    unlimited = np.array(coins[:PEOPLE])
    concerned = {0: np.array(coins[PEOPLE:])} if rules else None
    crowd = Crowd(PEOPLE, past_of(past), unlimited, concerned)
    window = timedelta(hours=12)
    planned = plan_contacts(wanted, crowd, rules, duplicate_window=window)
    for person in range(PEOPLE):
        mine = rules if not rules or coins[PEOPLE + person] else rules[1:]
        history = [contact for whose, contact in past if whose == person]
        one = decide(wanted, Budget(mine, history, window, is_unlimited=coins[person]))
        assert planned.is_sent[person] == (one.decision == "send")
        assert planned.is_moved[person] == (one.decision == "delay")
        assert planned.rule_of(person, rules) == one.blocked_by


@settings(max_examples=80)
@given(RULES, st.lists(CONTACTS, max_size=12))
def test_no_person_ever_passes_a_cap_over_any_row_of_plans(rules, plans):
    let_out: list[tuple[int, Contact]] = []
    for wanted in sorted(plans, key=lambda one: one.at):
        planned = plan_contacts(wanted, Crowd(2, past_of(let_out)), rules)
        let_out += [(person, wanted) for person in range(2) if planned.is_sent[person]]
    for rule in rules:
        about = [(person, one) for person, one in let_out if rule.is_about(one)]
        for person, last in about:
            within = [
                1
                for other, one in about
                if other == person and one.at <= last.at < one.at + rule.window
            ]
            assert len(within) <= rule.max


def letter(who: Customer | None, days: float, **told: Any) -> Message:
    at = make.NOW - timedelta(days=days)
    given: dict[str, Any] = {
        "key": f"k{Message.objects.count()}-{days}-{who.pk if who else ''}",
        "channel": "email",
        "purpose": "survey",
        "text": "x",
        "state": "waiting",
        "due_at": at,
        "created_at": at,
        "contact_at": at,
    }
    return Message.objects.create(customer=who, **given | told)


@pytest.mark.django_db
def test_a_plan_says_what_the_door_says():
    people = [
        Customer.objects.create(
            name=f"P{n}",
            email=f"p{n}@example.com",
            language="ru" if n % 2 else "en",
            birth_year=1980 + n if n % 3 else None,
            known_since=make.NOW,
        )
        for n in range(8)
    ]
    merged = Customer.objects.create(name="M", known_since=make.NOW, merged_into=people[4])
    told: list[dict[str, Any]] = [
        {"code": "surveys", "max": 1, "window": "P30D", "scope": "purpose:survey"},
        {"code": "russian", "max": 0, "window": "P5D"},
        {"code": "grown", "max": 2, "window": "P90D", "on_excess": "delay", "delay": "P2D"},
    ]
    told[1]["condition"] = {"field": "language", "is": "equals", "value": "ru"}
    for place, one in enumerate(told):
        change_contact_rule(ContactRule(name=one["code"], position=place, **one))
    ContactPolicy.objects.create(duplicate_window="P1D", whitelist=[str(people[7].pk)])
    letter(people[0], 3)
    letter(people[2], 29.99, state="refused")
    letter(merged, 10)
    letter(people[6], 0.5, purpose="service", same_as="hello")
    for days in (40, 50, 89):
        letter(people[7], days)
    letter(None, 2, address="p2@example.com")
    heard = HeardMessage.objects.create(
        channel="sms", key="h", address="1", customer=people[5], text="9", received_at=make.NOW
    )
    Customer.objects.filter(pk=people[5].pk).update(language="en")
    letter(people[5], 1, in_reply_to=heard)
    asks = [Ask("survey", one.pk, one.email, "email", same_as="hello") for one in people]
    verdicts = may_contact_many(asks, now=make.NOW)
    plan = plan_budget(
        [one.pk for one in people], purpose="survey", channel="email", now=make.NOW, same_as="hello"
    )
    stopped = plan.stopped
    for one, verdict in zip(people, verdicts, strict=True):
        assert (one.pk in stopped) == (verdict.code in {"asked_enough", "same_message"}), one.name
        if one.pk in stopped:
            rule = stopped[one.pk]
            assert (rule.rule.id if rule else "duplicate") == verdict.rule
    assert {"P0", "P4", "P6", "P1"} <= {one.name for one in people if one.pk in stopped}
    assert people[5].pk not in stopped
