"""Generated answers of the demo company: some say who served, and all of it goes at once."""

from datetime import timedelta

import pytest

from regulars.cli.demo.answers import STAFFED, generate_answers
from regulars.cli.demo.company import set_up_surveys
from regulars.company.events import SampleDataRemoved
from regulars.company.handlers import forget_invented_agents
from regulars.company.models import Agent
from regulars.customers.actions import record_purchases
from regulars.feedback.actions.sample import remove_sample
from regulars.feedback.models import Signal
from tests import make

pytestmark = pytest.mark.django_db


def test_the_busiest_stores_have_invented_people_who_serve() -> None:
    anna = make.customer("Anna", card="A1")
    stores = [f"S{number}" for number in range(STAFFED + 1)]
    bought = [
        make.receipt(customer=anna, store_code=store, bought_at=make.NOW - timedelta(hours=hour))
        for place, store in enumerate(stores)
        for hour in range(30, 100 - place)
    ]
    record_purchases(bought, now=make.NOW)
    surveys = set_up_surveys(now=make.NOW)
    assert generate_answers(surveys, now=make.NOW) == generate_answers(surveys, now=make.NOW)
    served = Signal.objects.filter(served_by__isnull=False)
    assert set(served.values_list("served_by__sample", "sample")) == {(True, True)}
    assert not served.filter(store__code=stores[-1]).exists()
    assert Agent.objects.count() == 2 * STAFFED
    assert (
        Agent.objects.exclude(name="").exclude(name_ru="").exclude(team="").count() == 2 * STAFFED
    )

    forget_invented_agents(SampleDataRemoved())
    assert not Agent.objects.exists()
    remove_sample()
    assert not Signal.objects.exists()
