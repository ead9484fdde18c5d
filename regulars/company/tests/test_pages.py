"""Pages of the company, as employees of several roles meet them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from regulars.company.actions import set_sample
from regulars.company.models import Employee, Store
from regulars.company.queries import get_brand
from tests import make

pytestmark = pytest.mark.django_db
BRAND = {
    "name": "Meadow",
    "color": "#ffd400",
    "language": "en",
    "timezone": "Europe/Moscow",
    "currency": "RUB",
}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def owner(client):
    owner = make.employee("owner")
    client.force_login(owner)
    return owner


@pytest.mark.usefixtures("owner")
def test_four_questions_set_the_company_up(client):
    assert client.get("/welcome").status_code == 200
    wrong = client.post(
        "/welcome", {**BRAND, "name": "", "first_job": "loyalty", "filling": "empty"}
    )
    assert wrong.status_code == 422
    done = client.post("/welcome", {**BRAND, "first_job": "loyalty", "filling": "empty"})
    assert done.status_code == 302
    brand = get_brand()
    assert (brand.name, brand.first_job, brand.is_set_up) == ("Meadow", "loyalty", True)


@pytest.mark.usefixtures("owner")
def test_a_logo_is_shown_and_a_drawing_with_a_script_is_not_taken(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    assert client.get("/brand/logo").status_code == 404
    evil = SimpleUploadedFile("a.png", b"<svg onload=alert(1)>")
    assert client.post("/settings/brand", {**BRAND, "logo": evil}).status_code == 422
    saved = client.post("/settings/brand", {**BRAND, "logo": SimpleUploadedFile("a.png", PNG)})
    assert saved.status_code == 302
    shown = client.get("/brand/logo")
    assert b"".join(shown.streaming_content) == PNG
    assert b"/brand/logo" in client.get("/settings/brand").content


@pytest.mark.usefixtures("owner")
def test_stores_are_found_sorted_and_changed(client):
    make.store("north", name="North")
    make.store("south", name="South")
    listed = client.get("/stores?q=nor&sort=-name").content.decode()
    assert "North" in listed
    assert "South" not in listed
    assert "No store matches" in client.get("/stores?q=nowhere\x00").content.decode()
    form = {"code": "east", "name": "East", "kind": "shop"}
    assert client.post("/stores/new", form).status_code == 302
    assert client.post("/stores/new", form).status_code == 422
    east = Store.objects.get(code="east")
    edited = {"name": "Far East", "kind": "web", "close": "yes"}
    assert client.post(f"/stores/{east.pk}/edit", edited).status_code == 302
    east.refresh_from_db()
    assert (east.code, east.name, east.kind) == ("east", "Far East", "web")
    assert east.closed_on is not None
    assert "Far East" in client.get(f"/stores/{east.pk}").content.decode()


def test_a_store_manager_sees_own_stores_only(client):
    mine, other = make.store("mine", name="Mine"), make.store("other", name="Other")
    client.force_login(make.employee("store_manager", stores=[mine]))
    listed = client.get("/stores").content.decode()
    assert "Mine" in listed
    assert "Other" not in listed
    assert client.get(f"/stores/{mine.pk}").status_code == 200
    assert client.get(f"/stores/{other.pk}").status_code == 404
    assert client.get(f"/stores/{mine.pk}/edit").status_code == 403
    for closed in ("/settings/employees", "/settings/brand", "/settings/sample", "/welcome"):
        assert client.get(closed).status_code == 403


@pytest.mark.usefixtures("owner")
def test_products_are_shown_by_branch(client):
    make.product("milk", category_path="Food/Dairy", name="Milk")
    make.product("soap", category_path="Home", name="Soap")
    food = make.category("Food")
    below = client.get(f"/products?category={food.pk}").content.decode()
    assert "Milk" in below
    assert "Soap" not in below
    assert client.get("/products?category=404").status_code == 404
    assert client.get("/products?category=x").status_code == 404
    assert "Soap" in client.get("/products?q=soa").content.decode()


def test_an_employee_is_invited_changed_and_deactivated(client, owner):
    form = {"email": "ann@x.org", "name": "Ann", "role": "cashier"}
    assert client.post("/settings/employees/new", form).status_code == 422
    north = make.store("north")
    invited = client.post("/settings/employees/new", {**form, "stores": [north.pk]})
    assert "sign-in" in invited.content.decode() or "http" in invited.content.decode()
    ann = Employee.objects.get(email="ann@x.org")
    page = reverse("company.employee", args=[ann.pk])
    assert client.post(page, {"name": "Anna", "role": "agent"}).status_code == 302
    assert client.post(f"{page}/deactivate").status_code == 302
    ann.refresh_from_db()
    assert (ann.name, ann.role, ann.is_active) == ("Anna", "agent", False)
    assert client.post(f"{page}/link").status_code == 200
    assert client.get(f"{page}/link").status_code == 405
    mine = reverse("company.employee", args=[owner.pk])
    assert client.post(mine, {"name": "Me", "role": "agent"}).status_code == 422
    assert "Anna" in client.get("/settings/employees?q=ann").content.decode()


@pytest.mark.usefixtures("owner")
def test_sample_data_are_counted_and_removed(client):
    assert "your own" in client.get("/settings/sample").content.decode()
    set_sample(present=True, note="Answers are made up.")
    agent = make.employee("agent")
    Employee.objects.filter(pk=agent.pk).update(sample=True)
    page = client.get("/settings/sample").content.decode()
    assert "Answers are made up." in page
    assert "Employees" in page
    assert client.post("/settings/sample").status_code == 302
    assert not get_brand().has_sample


@pytest.mark.usefixtures("owner")
def test_the_palette_finds_stores_and_employees(client):
    make.store("north", name="North Mall")
    found = client.get("/find?q=north").content.decode()
    assert "North Mall" in found
    assert "owner" in client.get("/find?q=owner").content.decode()


@pytest.mark.usefixtures("owner")
def test_pages_read_the_brand_once(client, django_assert_max_num_queries):
    for number in range(60):
        make.store(f"s{number}")
    with django_assert_max_num_queries(12):
        client.get("/stores")
