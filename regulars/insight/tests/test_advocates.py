"""Advocates: who recommends, and whom of them consent lets marketing write to."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from regulars.customers.actions import CustomerRef
from regulars.customers.actions.consents import record_consents
from regulars.customers.models import ConsentText, Segment
from regulars.customers.queries.segments import members_of
from regulars.customers.rules.words import ConsentInput
from regulars.feedback.models import Signal
from regulars.insight.actions.lake import refresh_lake
from regulars.insight.segments.filling import fill_segments
from regulars.insight.segments.ready_made import REACHABLE_ADVOCATES, install_ready_made
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def test_advocates_who_agreed_and_can_be_reached_are_a_segment_of_their_own(client: Client):
    now = timezone.now()
    ConsentText.objects.create(
        purpose="marketing", language="en", version=1, text="Offers?", hash="1",
        published_at=now - timedelta(days=400),
    )  # fmt: skip
    asked = {"ann": (10, 3), "bob": (9, 3), "carl": (4, 3), "dora": (10, 390), "emil": (10, 3)}
    people = {name: make.customer(name, email=f"{name}@example.com") for name in asked}
    for name, (score, days) in asked.items():
        Signal.objects.create(
            cause=name, method="survey", channel="web", at=now - timedelta(days=days),
            measure="nps", native_score=score, share=score / 10, customer=people[name],
        )  # fmt: skip
    record_consents(
        [
            ConsentInput(
                customer=CustomerRef("id", str(people[name].pk)),
                purpose="marketing",
                channel=channel,
                state="given",
                at=now - timedelta(days=1),
                source="t",
                text_hash="1",
            )
            for name, channel in (("ann", "email"), ("carl", "email"), ("dora", "email"), ("emil", "sms"))
        ],
        now=now,
    )  # fmt: skip
    refresh_lake(now=now)
    install_ready_made(now=now)
    fill_segments(now=now)
    segment = Segment.objects.get(code=REACHABLE_ADVOCATES.code)
    assert [one.customer_id for one in members_of(segment)] == [people["ann"].pk]
    client.force_login(make.employee(), backend="regulars.company.access.RoleBackend")
    page = client.get("/listen/advocates").content.decode()
    assert "25% of 4" in page
    assert f"/segments/{segment.code}" in page
