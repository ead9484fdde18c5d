"""What every mechanic is made of, and the registry that finds them."""

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from regulars.core.registry import Registry
from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.sales import Award, Sale, SaleLine, Standing


class Lines(BaseModel):
    """Which lines of a sale count; a category stands for all branches below it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    categories: tuple[str, ...] = Field(default=(), title="Only these categories")
    except_categories: tuple[str, ...] = Field(default=(), title="Not these categories")
    products: tuple[str, ...] = Field(default=(), title="Only these products")
    except_products: tuple[str, ...] = Field(default=(), title="Not these products")

    @cached_property
    def select_all(self) -> bool:
        """Whether nothing is left out, so that the totals of the sale are enough."""
        return not (
            self.categories or self.except_categories or self.products or self.except_products
        )

    @cached_property
    def _decided(self) -> dict[tuple[str, str], bool]:
        return {}

    def select(self, line: SaleLine) -> bool:
        """Whether this line counts; what was decided for a product is remembered."""
        seen = (line.category, line.sku)
        decided = self._decided.get(seen)
        if decided is None:
            decided = self._decided[seen] = self._decide(line)
        return decided

    def _decide(self, line: SaleLine) -> bool:
        if line.sku in self.except_products or _under(line.category, self.except_categories):
            return False
        if not self.categories and not self.products:
            return True
        return line.sku in self.products or _under(line.category, self.categories)


class Mechanic(BaseModel):
    """A kind of earn rule: its fields are its settings, `awards` is its arithmetic.

    Settings never change once a rule is in force; a new version is a new object.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    stage: ClassVar[Stage] = "base"
    title: ClassVar[str] = ""

    unit: str = Field(default="points", title="Unit", description="What members get")
    stores: tuple[str, ...] = Field(default=(), title="Only in these stores")
    tiers: tuple[str, ...] = Field(default=(), title="Only for these tiers")

    @property
    def needs_base(self) -> bool:
        """Whether this pays only where a base rule paid."""
        return self.stage in {"multiplier", "addition"}

    @property
    def needs_lines(self) -> bool:
        """Whether this looks at the lines of a sale; without, they need not be read."""
        return False

    def applies(self, sale: Sale, member: Standing) -> bool:
        """Whether store and tier are among those meant; an empty list means all."""
        return (not self.stores or sale.store in self.stores) and (
            not self.tiers or member.tier in self.tiers
        )

    def awards(self, sale: Sale, member: Standing) -> Iterator[Award]:
        """What the member gets for this sale: positive whole amounts, or nothing."""
        raise NotImplementedError


Basis = Literal["after_discounts", "before_discounts"]

mechanics: Registry[type[Mechanic]] = Registry("mechanics", package="regulars.loyalty.mechanics")


def _under(category: str, branches: tuple[str, ...]) -> bool:
    return any(category == branch or category.startswith(f"{branch}/") for branch in branches)
