"""Brand, stores, products and employees, through the actions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.company.actions import (
    BrandInput,
    ProductInput,
    StoreInput,
    add_products,
    add_stores,
    change_store,
    remove_sample_data,
    set_brand,
    set_sample,
)
from regulars.company.actions.people import (
    EmployeeInput,
    change_employee,
    deactivate_employee,
    invite_employee,
)
from regulars.company.models import Category, Employee, Product, Store
from regulars.company.queries import branches_of, find_products, get_brand, way_to
from regulars.company.rules import ROLES, path_of, role_allows
from regulars.core.errors import Conflict, Refused
from regulars.core.models import Event
from tests import make

db = pytest.mark.django_db
BRAND = {"name": "Meadow", "color": "#FFD400", "language": "ru", "timezone": "Europe/Moscow"}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@db
def test_the_brand_is_the_products_own_until_somebody_sets_it_up():
    assert (get_brand().name, get_brand().is_set_up) == ("Regulars", False)
    set_brand(BrandInput(**BRAND, currency="RUB", logo=PNG), first_job="loyalty")
    brand = get_brand()
    assert (brand.name, brand.color, brand.is_set_up) == ("Meadow", "#ffd400", True)
    assert brand.logo.name.endswith(".png")
    set_brand(BrandInput(**BRAND, currency="RUB", without_logo=True))
    assert not get_brand().logo
    assert get_brand().is_set_up


@db
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"color": "red"}, "color"),
        ({"color": "#12345g"}, "color"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"currency": "XXZ"}, "currency"),
        ({"logo": b"<svg onload=alert(1)>"}, "logo"),
        ({"logo": PNG + b"0" * 1024 * 1024}, "logo"),
    ],
)
def test_a_brand_that_cannot_be_is_refused_with_its_field(wrong, field):
    with pytest.raises(Refused) as refused:
        set_brand(BrandInput(**{**BRAND, "currency": "RUB", **wrong}))
    assert refused.value.field == field


@db
def test_stores_are_added_and_described_anew_by_code():
    make.store("1", name="Old")
    answers = add_stores(
        [
            StoreInput("1", city="Omsk"),
            StoreInput("2", "North", kind="web"),
            StoreInput(""),
            StoreInput("3", timezone="Mars/Olympus"),
            StoreInput("4", "a\x00"),
        ]
    )
    assert [answer.created for answer in answers] == [False, True, False, False, False]
    assert [answer.refused.field for answer in answers[2:]] == ["code", "timezone", "name"]
    old = Store.objects.get(code="1")
    assert (old.name, old.city) == ("Old", "Omsk")
    assert Store.objects.get(code="2").kind == "web"
    change_store(old, StoreInput("ignored", "New"))
    old.refresh_from_db()
    assert (old.code, old.name, old.city) == ("1", "New", "")


@db
def test_products_grow_their_category_tree():
    batch = [
        ProductInput("milk", "Milk", "Food/Dairy", "Meadow", "1 l"),
        ProductInput("soap", "Soap", "Home"),
        ProductInput("milk2", "Oat", "Food / Dairy / Plant"),
        ProductInput("", "?"),
        ProductInput("x", category="n" * 101),
    ]
    answers = add_products(batch)
    assert [answer.created for answer in answers] == [True, True, True, False, False]
    assert not any(answer.created for answer in add_products(batch))
    add_products([ProductInput("milk", maker="Other")])
    milk = Product.objects.get(sku="milk")
    assert (milk.name, milk.maker, milk.category.path) == ("Milk", "Other", "Food/Dairy")
    plant = Category.objects.get(path="Food/Dairy/Plant")
    assert [one.name for one in way_to(plant)] == ["Food", "Dairy", "Plant"]
    assert [(b.category.name, b.products) for b in branches_of(None)] == [("Food", 2), ("Home", 1)]
    assert find_products("mil", branch=plant.parent).count() == 2
    assert find_products("OAT").get().sku == "milk2"


@db
def test_an_invited_employee_has_a_role_and_stores_and_a_link():
    north = make.store("north")
    told = EmployeeInput("Ann", "store_manager", [north.pk])
    ann, link = invite_employee(" Ann@X.org ", told, now=make.NOW)
    assert ann.email == "ann@x.org"
    assert ann.store_ids == {north.pk}
    assert not ann.has_usable_password()
    assert "http" in link
    with pytest.raises(Conflict) as known:
        invite_employee("ann@x.org", told, now=make.NOW)
    assert known.value.field == "email"
    for broken, field in (
        (EmployeeInput("Bob", "cashier"), "stores"),
        (EmployeeInput("Bob", "king"), "role"),
        (EmployeeInput("", "agent"), "name"),
    ):
        with pytest.raises(Refused) as refused:
            invite_employee("bob@x.org", broken, now=make.NOW)
        assert refused.value.field == field


@db
def test_the_last_owner_stays():
    owner = make.employee("owner")
    for change in (
        lambda: deactivate_employee(owner),
        lambda: change_employee(owner, EmployeeInput("A", "agent")),
    ):
        with pytest.raises(Refused) as refused:
            change()
        assert refused.value.code == "last_owner"
    make.employee("owner")
    deactivate_employee(owner)
    assert not Employee.objects.get(pk=owner.pk).is_active


@db
def test_sample_data_are_removed_once_and_everybody_hears_of_it():
    invented = make.employee("agent")
    Employee.objects.filter(pk=invented.pk).update(sample=True)
    remove_sample_data()
    assert not Event.objects.exists()
    set_sample(present=True, note="Answers are made up.")
    assert get_brand().has_sample
    remove_sample_data()
    remove_sample_data()
    assert Event.objects.filter(name="company.SampleDataRemoved").count() == 1
    assert not get_brand().has_sample


@given(st.sampled_from(sorted(ROLES)), st.text(max_size=20))
def test_only_owners_may_do_what_nobody_named(role, act):
    assert role_allows(role, f"nowhere.{act}") == (role == "owner")


@given(st.text(max_size=40))
def test_a_path_read_again_is_the_same(text):
    assert path_of("/".join(path_of(text))) == path_of(text)
