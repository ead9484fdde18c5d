"""What an import could not carry: where, why, and what was done instead."""

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from regulars.feedback.survey.problems import Problem
from regulars.feedback.wording import sentence_for

INSTEAD: dict[str, Promise] = {
    "left_out": _("left out"),
    "as_comment": _("asked as long text"),
    "as_choice": _("asked as a choice, without the pictures"),
    "renamed": _("renamed, wherever it is mentioned"),
    "text_cut": _("the mention is taken out of the text"),
    "later_left_out": _("the later one is left out"),
    "by_hand": _("left out; write it anew in the builder"),
    "inside_out": _("its questions are asked once"),
    "as_values": _("asked as a choice of these values"),
    "steps_unnamed": _("the scale is kept, the words between its ends are not"),
}
REASONS: dict[str, Promise] = {
    "not_a_name": _("“%(name)s” is no name here: letters, digits, spaces and hyphens."),
    "no_name": _("the question has no name."),
    "not_carried": _("“%(what)s” is not known here."),
    "not_translated": _("“%(what)s” in the formula is not known here."),
}


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that could not be carried: its place in the file, the reason, what is there now."""

    path: str
    code: str
    instead: str
    detail: dict[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The reason as a sentence in the active language."""
        if self.code in REASONS:
            return str(REASONS[self.code]) % self.detail
        return sentence_for(Problem(self.code, "", self.detail))

    @property
    def instead_in_words(self) -> str:
        """What was done, in the active language."""
        return str(INSTEAD[self.instead])
