"""Response rates by the Standard Definitions of AAPOR (10th edition, 2023)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dispositions:
    """How invitations ended, as counts.

    The share `eligible_share` says which part of those of unknown eligibility is taken as
    eligible (the standard's e).
    """

    complete: int = 0
    partial: int = 0
    refused: int = 0
    non_contact: int = 0
    other: int = 0
    unknown_household: int = 0
    unknown_other: int = 0
    eligible_share: float = 1.0

    @property
    def answered(self) -> int:
        """Complete and partial answers, I + P."""
        return self.complete + self.partial

    @property
    def known(self) -> int:
        """Everybody known to be eligible."""
        return self.answered + self.refused + self.non_contact + self.other

    @property
    def unknown(self) -> int:
        """Everybody of whom eligibility is not known, UH + UO."""
        return self.unknown_household + self.unknown_other


def response_rates(counts: Dispositions) -> dict[str, float | None]:
    """Every rate of the standard by its name, from 0 to 1; None where nobody could be counted.

    RR are response, COOP cooperation, REF refusal and CON contact rates. Show a rate together with
    its name and the counts, since the same answers give very different rates.
    """
    bases = (
        counts.known + counts.unknown,
        counts.known + counts.eligible_share * counts.unknown,
        counts.known,
    )
    reached = counts.answered + counts.refused + counts.other
    willing = counts.answered + counts.refused
    rates = {
        "COOP1": _ratio(counts.complete, reached),
        "COOP2": _ratio(counts.answered, reached),
        "COOP3": _ratio(counts.complete, willing),
        "COOP4": _ratio(counts.answered, willing),
    }
    for number, base in enumerate(bases, start=1):
        rates[f"RR{2 * number - 1}"] = _ratio(counts.complete, base)
        rates[f"RR{2 * number}"] = _ratio(counts.answered, base)
        rates[f"REF{number}"] = _ratio(counts.refused, base)
        rates[f"CON{number}"] = _ratio(reached, base)
    return rates


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
