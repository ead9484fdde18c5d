"""The company itself: its brand, stores, products and the people who work there."""

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language

from regulars.company.rules import AGENT_CODE_MAX, ROLES, STORE_ROLES
from regulars.core.models import Record


def in_language(text: str, russian: str) -> str:
    """The text, or the Russian one where there is one and the reader reads Russian."""
    return russian if russian and (get_language() or "").startswith("ru") else text


class Brand(Record):
    """How the company presents itself; one row, always."""

    name = models.CharField(max_length=100)
    color = models.CharField(max_length=7, default="#1f4fd8")
    logo = models.FileField(upload_to="brand/", blank=True)
    language = models.CharField(max_length=10, default="en")
    timezone = models.CharField(max_length=50, default="UTC")
    currency = models.CharField(max_length=3, default="USD")
    first_job = models.CharField(max_length=20, default="", blank=True)
    is_set_up = models.BooleanField(default=False)
    has_sample = models.BooleanField(default=False)
    sample_note = models.TextField(default="", blank=True)
    sample_note_ru = models.TextField(default="", blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="there_is_one_brand", condition=Q(id=1)),
            models.CheckConstraint(
                name="brand_color_is_hexadecimal", condition=Q(color__regex=r"^#[0-9a-f]{6}$")
            ),
        )


class Store(Record):
    """A place, or a web shop, where customers meet the company."""

    store_path: ClassVar[str | None] = ""

    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    kind = models.CharField(max_length=10, default="shop")
    city = models.CharField(max_length=100, default="", blank=True)
    city_ru = models.CharField(max_length=100, default="", blank=True)
    address = models.CharField(max_length=200, default="", blank=True)
    timezone = models.CharField(max_length=50, default="", blank=True)
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="store_is_a_shop_or_on_the_web", condition=Q(kind__in=("shop", "web"))
            ),
        )

    def __str__(self) -> str:
        return in_language(self.name, self.name_ru)

    @property
    def shown_city(self) -> str:
        """The city in the reader's language."""
        return in_language(self.city, self.city_ru)


class Category(Record):
    """A branch of the product tree; the path names all branches from the trunk."""

    name = models.CharField(max_length=100)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    path = models.CharField(max_length=400, unique=True)

    def __str__(self) -> str:
        return self.name


class Product(Record):
    """Something the company sells."""

    sku = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=200)
    category = models.ForeignKey(Category, models.PROTECT, null=True, related_name="+")
    maker = models.CharField(max_length=100, default="", blank=True)
    size = models.CharField(max_length=50, default="", blank=True)

    class Meta:
        indexes = (
            models.Index(fields=("category",), name="product_by_category"),
            models.Index(fields=("name", "id"), name="product_by_name"),
        )

    def __str__(self) -> str:
        return self.name


class Agent(Record):
    """Somebody who serves customers, by the code that tills and files name them with.

    No sign-in: an `Employee` is that. A code nobody has described yet is a row with nothing else.
    Deleting a row forgets who served and keeps what was said and bought.
    """

    code = models.CharField(max_length=AGENT_CODE_MAX, unique=True)
    name = models.CharField(max_length=100, default="", blank=True)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    team = models.CharField(max_length=100, default="", blank=True)
    sample = models.BooleanField(default=False)

    def __str__(self) -> str:
        return in_language(self.name, self.name_ru) or self.code


class EmployeeManager(BaseUserManager["Employee"]):
    """Makes employees; Django's own commands ask for these two names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Employee":
        employee = self.model(email=email.strip().lower(), **fields)
        employee.set_password(password)
        employee.save(using=self._db)
        return employee

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "Employee":
        return self.create_user(email, password, **{"role": "owner", **fields})


class Employee(AbstractBaseUser, PermissionsMixin, Record):
    """A person who works for the company and may sign in."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, default="", blank=True)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    role = models.CharField(max_length=30)
    stores = models.ManyToManyField(Store, related_name="+", blank=True)
    language = models.CharField(max_length=10, default="", blank=True)
    is_active = models.BooleanField(default=True)
    sample = models.BooleanField(default=False)
    joined_at = models.DateTimeField(db_default=Now())

    groups = models.ManyToManyField("auth.Group", related_name="+", blank=True)  # type: ignore[assignment]
    user_permissions = models.ManyToManyField("auth.Permission", related_name="+", blank=True)  # type: ignore[assignment]

    objects: ClassVar[EmployeeManager] = EmployeeManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="employee_has_a_known_role", condition=Q(role__in=sorted(ROLES))
            ),
        )

    def __str__(self) -> str:
        return in_language(self.name, self.name_ru) or self.email

    @cached_property
    def store_ids(self) -> frozenset[int] | None:
        """The stores whose objects this person may see; None for those who see all stores."""
        if self.role not in STORE_ROLES:
            return None
        return frozenset(self.stores.values_list("pk", flat=True))
