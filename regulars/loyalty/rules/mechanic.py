"""What every mechanic is made of, and the registry that finds them."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import override

from regulars.company.rules import path_of
from regulars.core.registry import Registry
from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.memory import Slot
from regulars.loyalty.rules.sales import Act, Award, Back, Gives, Sale, SaleLine, Sides, Standing
from regulars.loyalty.rules.sentences import Say
from regulars.loyalty.rules.terms import Limits, Takes, Terms, Test


def normal_path(category: str) -> str:
    """The path of a category as products carry it, however it was typed.

    >>> normal_path(" Food / Dairy")
    'Food/Dairy'
    """
    if path := "/".join(path_of(category)):
        return path
    raise ValueError("a category has a name")


CategoryPath = Annotated[str, AfterValidator(normal_path)]


class Lines(BaseModel):
    """Which lines of a sale count; a category stands for all branches below it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    categories: tuple[CategoryPath, ...] = Field(default=(), title="Only these categories")
    except_categories: tuple[CategoryPath, ...] = Field(default=(), title="Not these categories")
    products: tuple[str, ...] = Field(default=(), title="Only these products")
    except_products: tuple[str, ...] = Field(default=(), title="Not these products")

    @cached_property
    def select_all(self) -> bool:
        """Whether nothing is left out, so that the totals of the sale are enough."""
        return not (
            self.categories or self.except_categories or self.products or self.except_products
        )

    @cached_property
    def decided(self) -> Mapping[tuple[str, str], bool]:
        """Whether lines of a product and its category count; what was decided is remembered."""
        return _Decided(self)

    def select(self, line: SaleLine) -> bool:
        """Whether this line counts."""
        return self.decided[line.sku, line.category]

    def decide(self, sku: str, category: str) -> bool:
        """Whether lines of a product and its category count, by the settings."""
        if sku in self.except_products or _under(category, self.except_categories):
            return False
        if not self.categories and not self.products:
            return True
        return sku in self.products or _under(category, self.categories)


class _Decided(dict[tuple[str, str], bool]):
    """A table that fills itself, for a receipt asks of each of its lines."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def __missing__(self, key: tuple[str, str]) -> bool:
        self[key] = decided = self._lines.decide(*key)
        return decided


Counts = Literal["money", "points", "items", "visits", "periods", "goal", "window", "nothing"]
"""What the basis of an award is a number of."""


class Mechanic(BaseModel):
    """A kind of earn rule: its fields are its settings, `awards` is its arithmetic.

    Settings never change once a rule is in force; a new version is a new object.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    stage: ClassVar[Stage] = "base"
    title: ClassVar[str] = ""
    counts: ClassVar[Counts] = "nothing"
    pays_apart: ClassVar[bool] = False
    """Whether an award stands for more than its purchase, and so does not go back with its share."""

    unit: str = Field(default="points", title="Unit", description="What members get")
    stores: tuple[str, ...] = Field(default=(), title="Only in these stores")
    tiers: tuple[str, ...] = Field(default=(), title="Only for these tiers")
    terms: Terms = Field(default=Terms(), title="When it counts")
    limits: Limits = Field(default=Limits(), title="How much at most")
    group: str = Field(
        default="",
        max_length=30,
        title="Exclusive group",
        description="Of the rules with the same word here, one pays for a purchase",
    )
    group_takes: Takes = Field(default="best", title="Of its group pays")
    campaign: str = Field(default="", max_length=50, title="Campaign that pays")
    partner: str = Field(
        default="",
        max_length=50,
        title="Partner that pays",
        description="Empty where the company pays itself",
    )

    @property
    def needs_base(self) -> bool:
        """Whether this pays only where a base rule paid."""
        return self.stage in {"multiplier", "addition"}

    @property
    def needs_lines(self) -> bool:
        """Whether this looks at the lines of a sale; without, they need not be read."""
        return "lines" in self.terms.needs

    @property
    def needs_memory(self) -> bool:
        """Whether something of earlier sales has to be remembered for this."""
        return self.stage == "habit" or self.limits.counted

    @property
    def follows_from_purchases(self) -> bool:
        """Whether what this habit remembers can be told again from purchases and returns alone.

        Not where it asks for what is only known of today: tiers and points of the member, segments,
        the birthday, or the category of a product.
        """
        chosen = [one for one in self.__dict__.values() if isinstance(one, Lines)]
        by_category = any(one.categories or one.except_categories for one in chosen)
        return not (self.tiers or by_category) and self.terms.follow_from_purchases

    @property
    def needs(self) -> frozenset[str]:
        """What posting has to load: `lines`, `segments`, `birthday`, `memory`, `budget`, `clock`."""
        needs = self.terms.needs | self.needs_more
        if self.needs_lines:
            needs |= {"lines"}
        if self.needs_memory:
            needs |= {"memory", "clock"}
        return needs | {"budget"} if self.campaign else needs

    @property
    def needs_more(self) -> frozenset[str]:
        """What a kind of mechanic needs beside what its common settings ask for."""
        return frozenset()

    @cached_property
    def _tests(self) -> tuple[Test, ...]:
        tests: list[Test] = []
        if self.stores:
            tests.append(lambda sale, member: sale.store in self.stores)
        if self.tiers:
            tests.append(lambda sale, member: member.has_one_of(self.tiers))
        return (*tests, *self.terms.tests)

    def applies(self, sale: Sale, member: Standing) -> bool:
        """Whether the sale and its member are among those meant."""
        return all(test(sale, member) for test in self._tests)

    def compiled(self) -> Gives:
        """`awards` for many sales: what follows from the settings alone is worked out once, here.

        Reading a setting of a model takes as long as adding a line; see `CompiledMechanic`.
        """
        return self.awards

    def where_it_applies(self, gives: Gives) -> Gives:
        """The same, and nothing for sales and members that are not meant."""
        tests = self._tests
        if not tests:
            return gives

        def tested(sale: Sale, member: Standing) -> Iterable[Award]:
            for test in tests:
                if not test(sale, member):
                    return ()
            return gives(sale, member)

        return tested

    def awards(self, sale: Sale, member: Standing) -> Iterable[Award]:
        """What the member gets for this sale: positive whole amounts, or nothing."""
        raise NotImplementedError

    def said(self, say: Say) -> str:
        """What this gives, as a sentence without its full stop; terms and limits are added to it."""
        return say.words.gettext(self.title)

    def steps(self, sale: Sale, member: Standing, slots: list[Slot]) -> Iterator[Award]:
        """What a habit gives at this sale. `slots` are what it remembers, to be written to.

        The first slot is that of the card that was used, the others of the person's other cards.
        """
        raise NotImplementedError

    def awards_for_act(self, act: Act, member: Standing) -> Iterator[Award]:
        """What the member gets for something done beside buying."""
        raise NotImplementedError

    def sides(self, sale: Sale | None, friend: Standing) -> Sides | None:
        """What a friend's purchase, or joining where there is no sale, brings to both sides."""
        raise NotImplementedError

    def undone(self, back: Back, slots: list[Slot]) -> Iterator[Award]:
        """Takes returned goods out of what a habit remembers; gives what is due back for them.

        The same return again changes nothing.
        """
        yield from ()


Basis = Literal["after_discounts", "before_discounts"]


class CompiledMechanic(Mechanic):
    """A mechanic that is asked for every receipt: its arithmetic is a closure over its settings.

    `closure` makes it, once; `awards` calls it, so that there is one arithmetic.
    """

    def closure(self) -> Gives:
        """What `awards` does, with all that follows from the settings alone worked out before."""
        raise NotImplementedError

    @cached_property
    def _gives(self) -> Gives:
        return self.closure()

    @override
    def awards(self, sale: Sale, member: Standing) -> Iterable[Award]:
        return self._gives(sale, member)

    @override
    def compiled(self) -> Gives:
        return self._gives


mechanics: Registry[type[Mechanic]] = Registry("mechanics", package="regulars.loyalty.mechanics")


def _under(category: str, branches: tuple[str, ...]) -> bool:
    return any(category == branch or category.startswith(f"{branch}/") for branch in branches)
