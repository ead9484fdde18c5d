"""Types for schemas: what the database behind them can hold, said at the door."""

from typing import Annotated

from pydantic import AwareDatetime, Field

Id = Annotated[int, Field(ge=1, le=2**63 - 1, examples=[42])]
Minor = Annotated[
    int, Field(ge=0, le=10**15, examples=[129900], description="Money in minor units (cents).")
]
SignedMinor = Annotated[
    int,
    Field(ge=-(10**15), le=10**15, examples=[-500], description="Money in minor units (cents)."),
]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"], description="ISO 4217.")]
Moment = Annotated[
    AwareDatetime,
    Field(examples=["2026-01-31T18:00:00+03:00"], description="RFC 3339, with an offset."),
]
Key = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
Text = Annotated[str, Field(max_length=1000)]
