"""What is wrong with a definition or an answer, in a form that a page can put into words."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: a code, the element that has it, and the values that its sentence needs."""

    code: str
    element: str
    detail: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        said = ", ".join(f"{name} {value}" for name, value in self.detail.items())
        return f"{self.element}: {self.code}" + (f" ({said})" if said else "")


class Unreadable(ValueError):
    """A definition that cannot be used, with every fault that was found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class Invalid(ValueError):
    """A value that does not answer its question: a code and the values its sentence needs."""

    def __init__(self, code: str, **detail: object) -> None:
        self.code = code
        self.detail = {name: str(value) for name, value in detail.items()}
        self.place = ""
        super().__init__(code)

    def within(self, place: str) -> "Invalid":
        """The same fault, with the place inside its question that it is about in front."""
        self.place = f"{place}{self.place}"
        return self
