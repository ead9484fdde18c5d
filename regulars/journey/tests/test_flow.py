"""From a purchase on record to a passage on the map, through event, queue and a real worker."""

import pytest
from django.db import connection

from regulars.journey.models import Passage
from tests import make
from tests.worker import work

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_purchase_becomes_passages():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    make.purchase(customer=make.customer("Ann", card="1"))
    assert Passage.objects.count() == 0
    work()
    codes = Passage.objects.values_list("touchpoint__code", flat=True)
    assert sorted(codes) == ["first_purchase_shop", "purchase_shop"]
