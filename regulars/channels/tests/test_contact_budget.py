"""What holds of the contact budget for any history; its published cases are met by `regulars verify`."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from regulars.channels.rules.budget import (
    Budget,
    Contact,
    Rule,
    decide,
)
from regulars.channels.rules.quiet import quiet_until
from tests import make

MOMENTS = st.integers(0, 40 * 24).map(lambda hours: make.NOW + timedelta(hours=hours))
CONTACTS = st.builds(
    Contact,
    at=MOMENTS,
    purpose=st.sampled_from(["survey", "marketing", "service"]),
    survey=st.sampled_from(["", "1", "2"]),
    channel=st.sampled_from(["email", "sms"]),
    message=st.sampled_from(["", "a", "b"]),
    is_reminder=st.booleans(),
)
RULES = st.lists(
    st.builds(
        Rule,
        id=st.sampled_from(["r1", "r2", "r3"]),
        scope=st.sampled_from(["all", "purpose:survey", "survey:1", "channel:email"]),
        max=st.integers(0, 3),
        window=st.integers(1, 400).map(lambda hours: timedelta(hours=hours)),
        on_excess=st.sampled_from(["skip", "delay"]),
        delay=st.integers(1, 200).map(lambda hours: timedelta(hours=hours)),
        reminders=st.sampled_from(["exempt", "counted"]),
        spared=st.sampled_from([frozenset(), frozenset({"service"})]),
    ),
    max_size=3,
    unique_by=lambda rule: rule.id,
)


@given(RULES, st.lists(CONTACTS, max_size=15))
def test_no_limit_is_ever_passed(rules, wanted):
    """Contacts asked for in the order of time: in no window are there more than its rule allows."""
    let_out: list[Contact] = []
    for contact in sorted(wanted, key=lambda one: one.at):
        decision = decide(contact, Budget(rules, let_out))
        if decision.decision == "send":
            let_out.append(contact)
    for rule in rules:
        about = [one for one in let_out if rule.is_about(one)]
        for last in about:
            within = [one for one in about if one.at <= last.at < one.at + rule.window]
            assert len(within) <= max(rule.max, 0)


@given(RULES, st.lists(CONTACTS, max_size=10), CONTACTS)
def test_the_earliest_moment_is_allowed_and_nothing_before_it_is(rules, history, wanted):
    history = [one for one in history if one.at <= wanted.at]
    budget = Budget(rules, history, duplicate_window=timedelta(hours=12))
    decision = decide(wanted, budget)
    assert (decision.decision == "send") == (decision.earliest == wanted.at)
    if decision.earliest is None:
        return
    at_earliest = Contact(decision.earliest, *[getattr(wanted, n) for n in FIELDS])
    assert decide(at_earliest, budget).decision == "send"
    if decision.earliest > wanted.at:
        before = Contact(
            decision.earliest - timedelta(microseconds=1), *[getattr(wanted, n) for n in FIELDS]
        )
        assert decide(before, budget).decision != "send"


FIELDS = ("purpose", "channel", "survey", "message", "is_reminder")


HALF_HOURS = st.integers(0, 47).map(lambda half: time(half // 2, 30 * (half % 2)))


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
    st.integers(0, 366 * 96),
    HALF_HOURS,
    HALF_HOURS,
)
def test_quiet_hours_never_end_before_they_are_met(name, quarters, since, until):
    at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarters)
    end = quiet_until(at, since=since, until=until, zone=ZoneInfo(name))
    assert at <= end <= at + timedelta(hours=25)
    assert quiet_until(end, since=since, until=until, zone=ZoneInfo(name)) == end


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_end_the_second_time():
    at = datetime(2025, 10, 26, 1, 15, tzinfo=UTC)
    end = quiet_until(at, since=time(21), until=time(2, 30), zone=ZoneInfo("Europe/Berlin"))
    assert end == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
