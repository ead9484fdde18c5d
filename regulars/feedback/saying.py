"""What a conversation says: questions, choices and reasons, to be read in a message or to be heard."""

from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import get_supported_language_variant, gettext_noop
from django.utils.translation import gettext as _

from regulars.feedback.dialogue.hearing import keys_of
from regulars.feedback.dialogue.modes import takes_several, uncarried
from regulars.feedback.dialogue.turns import Talk, question_at
from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.definition import Definition, words_for
from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.path import is_required, shown_answers
from regulars.feedback.survey.piping import said, text_for
from regulars.feedback.survey.question import Question
from regulars.feedback.survey.texts import text_in
from regulars.feedback.wording import sentence_for, special_word
from regulars.web.brand import current_brand

BUTTONS_MAX = 12

MODES = {
    "message": gettext_noop("Text messages and messengers"),
    "voice": gettext_noop("Telephone by keypad"),
}
REASONS = {
    "needs_a_page": gettext_noop("needs a page"),
    "needs_words": gettext_noop("is answered in words, and a keypad has none"),
    "too_many_choices": gettext_noop("has more choices than anybody keeps in mind"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that is said: the words, buttons (what a press sends, what is written on it), keys.

    `keys` is what may be keyed in on a telephone; empty where any row of digits is right.
    """

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    keys: tuple[str, ...] = ()
    is_end: bool = False


def say_turn(definition: Definition, talk: Talk, *, link: str = "") -> Said:
    """What is said at this point of a conversation, in its language. `link` leads to the page."""
    with translation.override(chrome(talk.language)):
        question = question_at(definition, talk)
        if question is None:
            return Said(_farewell(definition, talk, link), is_end=True)
        return _question(definition, talk, question)


@dataclass(frozen=True, slots=True)
class Greeting:
    """What an operator says before the first question."""

    introduction: str
    about: str
    recording: str


def greeting(definition: Definition, language: str, *, operator: str, own: str = "") -> Greeting:
    """What an operator says first, in the language of the call; `own` are the company's words.

    In these `{operator}` and `{company}` stand for the names.
    """
    with translation.override(chrome(language)):
        usual = _("Hello, this is {operator} from {company}. May I ask you a few questions?")
        words = (own or usual).replace("{operator}", operator)
        return Greeting(
            words.replace("{company}", current_brand().name),
            text_in(definition.description, language),
            _("May this call be recorded, so that we can check our own work?"),
        )


def chrome(language: str) -> str:
    """The language of our own words around the survey's: its own if we speak it, else English."""
    try:
        return get_supported_language_variant(language)
    except LookupError:
        return "en"


def _farewell(definition: Definition, talk: Talk, link: str) -> str:
    ends = {
        "stopped": _("All right, no more questions."),
        "given_up": _("Sorry, we did not understand each other. Thank you for your time."),
        "full": _("Thank you! We have enough answers like yours already."),
        "closed": _("This survey has ended."),
    }
    if talk.end in ends:
        return ends[talk.end]
    if talk.end == "elsewhere":
        said = _("This survey is anonymous, so it is answered on a page and not here.")
        return f"{said} {link}" if link and talk.mode == "message" else said
    if talk.end == "partial":
        thanks = _("Thank you, this is on record.")
        asked = _("The rest is on this page: %(link)s") % {"link": link}
        return f"{thanks} {asked}" if link and talk.mode == "message" else thanks
    own = thanks_for(definition, talk.values, talk.language)
    return own or _("Thank you! Your answer has arrived.")


def thanks_for(definition: Definition, values: dict[str, Value], language: str) -> str:
    """The survey's own words at the end, with what was answered in them; "" where it has none."""
    thanks = text_in(definition.thanks, language)
    if "{" not in thanks:
        return thanks
    return text_for(thanks, shown_answers(definition, values, language), language=language)


def _question(definition: Definition, talk: Talk, question: Question) -> Said:
    shown = shown_answers(definition, talk.values, talk.language)
    words = words_for(definition, question, talk.mode)
    heading = text_for(words, shown, language=talk.language) or question.name
    question = said(question, shown, language=talk.language)
    parts = [sentence_for(talk.problem)] if talk.problem else []
    parts.append(heading)
    keys = keys_of(question)
    if talk.mode == "voice":
        parts += _by_ear(definition, talk, question)
        sentences = (part if part.endswith((".", "!", "?", ":")) else f"{part}." for part in parts)
        return Said(" ".join(sentences), keys=keys)
    parts += _to_read(talk, question)
    return Said("\n".join(parts), _buttons(talk, question))


def _to_read(talk: Talk, question: Question) -> list[str]:
    """The choices with their numbers, and how to answer."""
    lines = []
    if isinstance(question, Choosing):
        lines += [f"{number}. {label}" for number, label in _labels(question, talk.language)]
        if takes_several(question):
            lines.append(_("Reply with the numbers of all that apply, such as 1, 3."))
        elif question.takes_comment:
            lines.append(_("Reply with a number or in your own words."))
        else:
            lines.append(_("Reply with the number."))
    elif question.scale is not None:
        lines += _ends(question, talk.language)
        lines.append(_range(question))
    elif question.type == "boolean":
        yes, no = _yes_and_no(question, talk.language)
        lines.append(_("Reply 1 for “%(yes)s” or 2 for “%(no)s”.") % {"yes": yes, "no": no})
    if not is_required(question, talk.values):
        lines.append(_("Send - to skip."))
    return lines


def _by_ear(definition: Definition, talk: Talk, question: Question) -> list[str]:
    lines = []
    if isinstance(question, Choosing):
        words = _("For %(choice)s, press %(key)s")
        lines += [
            words % {"choice": label, "key": key} for key, label in _labels(question, talk.language)
        ]
        if takes_several(question):
            lines.append(_("Press the keys of all that apply, then pound"))
    elif question.scale is not None:
        low, high = question.scale
        lines += _ends(question, talk.language)
        said = _("Press a number from %(low)s to %(high)s")
        lines.append(said % {"low": f"{low:g}", "high": f"{high:g}"})
        if high == 10:
            lines.append(_("For ten, press 1, then 0"))
    elif question.type == "boolean":
        yes, no = _yes_and_no(question, talk.language)
        lines.append(_("For %(yes)s, press 1. For %(no)s, press 2") % {"yes": yes, "no": no})
    else:
        lines.append(_("Key in the number, then press pound"))
    return lines + _keys_aside(definition, talk, question)


def _keys_aside(definition: Definition, talk: Talk, question: Question) -> list[str]:
    """What else a key does: said once, at the first question, not to tire the ear."""
    lines = []
    if not is_required(question, talk.values) and not talk.problem:
        lines.append(_("To skip, press pound"))
    if not talk.asked and len(definition.languages) > 1 and not talk.problem:
        lines += _offer_of_languages(definition, talk)
    return lines


def _offer_of_languages(definition: Definition, talk: Talk) -> list[str]:
    """The offer to change, in the language that it leads to."""
    codes = definition.languages
    other = codes[(codes.index(talk.language) + 1) % len(codes)]
    with translation.override(chrome(other)):
        return [_("For English, press star")] if chrome(other) == other else []


def _labels(question: Choosing, language: str) -> list[tuple[int, str]]:
    """The choices with the numbers that name them."""
    return [
        (number, text_in(one.text, language) or special_word(one.value, language))
        for number, one in enumerate(question.offered(), start=1)
    ]


def _ends(question: Question, language: str) -> list[str]:
    parts = question.parts(None, language)
    ends = [str(one) for one in (parts.get("low"), parts.get("high")) if one]
    return [", ".join(ends)] if ends else []


def _range(question: Question) -> str:
    low, high = question.scale or (0, 0)
    said = _("Reply with a number from %(low)s to %(high)s.")
    return said % {"low": f"{low:g}", "high": f"{high:g}"}


def _yes_and_no(question: Question, language: str) -> tuple[str, str]:
    parts = question.parts(None, language)
    return parts.get("label_true") or _("yes"), parts.get("label_false") or _("no")


def _buttons(talk: Talk, question: Question) -> tuple[tuple[str, str], ...]:
    """Buttons where one press answers; what a press sends is what people would write."""
    buttons: list[tuple[str, str]] = []
    if isinstance(question, Choosing) and not takes_several(question):
        buttons = [(str(number), label) for number, label in _labels(question, talk.language)]
    elif question.scale is not None:
        buttons = [(key, key) for key in keys_of(question)]
    elif question.type == "boolean":
        yes, no = _yes_and_no(question, talk.language)
        buttons = [("1", yes), ("2", no)]
    if buttons and not is_required(question, talk.values):
        buttons.append(("-", _("Skip")))
    return tuple(buttons) if len(buttons) <= BUTTONS_MAX + 1 else ()


def limits_of(
    definition: Definition, language: str
) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """What each way of asking leaves out: its name, and the questions with the reason in words.

    The last member of a question tells that the survey needs its answer: such a conversation ends
    with a link to the page.
    """
    found = []
    for mode, name in MODES.items():
        left_out = [
            (_title(definition, one.name, language), _(REASONS[one.reason]), one.is_required)
            for one in uncarried(definition, "voice" if mode == "voice" else "message")
        ]
        found.append((_(name), left_out))
    return found


def _title(definition: Definition, name: str, language: str) -> str:
    question = definition.find_question(name)
    return question.heading(language) if question else name
