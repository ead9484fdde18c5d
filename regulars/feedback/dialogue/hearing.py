"""What people said, as an answer or a command. Everything heard is untrusted text."""

import re
from dataclasses import dataclass
from typing import Any

from regulars.channels.rules.replies import is_stop
from regulars.feedback.dialogue.modes import takes_several
from regulars.feedback.survey.choices import OTHER, Choosing
from regulars.feedback.survey.extension import Mode
from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import COMMENT_MAX, Question
from regulars.feedback.survey.texts import text_in

HEARD_MAX = 4000
"""Characters of one message that are looked at; more is cut before anything reads it."""

BACK = ("back", "назад")
SKIP = ("skip", "-", "пропустить", "дальше")
LANGUAGES = {
    "en": ("en", "english", "английский"),
    "ru": ("ru", "russian", "русский", "по-русски"),
}
YES = ("1", "yes", "y", "да", "ага", "д")
NO = ("2", "no", "n", "нет", "не", "н")

SKIP_KEY, LANGUAGE_KEY = "#", "*"
KEYCAPS = dict.fromkeys((0xFE0F, 0x20E3))
"""What phones put behind a digit to draw it as a key; the digit itself stays."""
_NUMBER = re.compile(r"\s*(\d{1,3})\s*(?:/\s*\d{1,3})?\s*[.!)]*\s*")
_AFTER_NUMBER = re.compile(r"\s*(\d{1,2})[\s.):,;-]+(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """What is no answer: `stop`, `back`, `skip`, or `language` (which: empty for the next one)."""

    name: str
    language: str = ""


def command_in(heard: str, languages: tuple[str, ...], mode: Mode) -> Command | None:
    """The command that a whole message is, or None; on a telephone these are keys.

    >>> command_in(" STOP ", ("en",), "message"), command_in("/back", ("en",), "message")
    (Command(name='stop', language=''), Command(name='back', language=''))
    >>> command_in("Русский", ("en", "ru"), "message").language
    'ru'
    >>> command_in("*", ("en", "ru"), "voice").name, command_in("", ("en",), "voice") is None
    ('language', True)
    """
    if mode == "voice":
        keys = {SKIP_KEY: "skip", LANGUAGE_KEY: "language", "**": "back"}
        return Command(keys[heard]) if heard in keys else None
    if is_stop(heard):
        return Command("stop")
    word = heard[:40].strip().removeprefix("/").rstrip(".!").casefold()
    for name, words in (("back", BACK), ("skip", SKIP)):
        if word in words:
            return Command(name)
    known = (code for code in languages if word in LANGUAGES.get(code, (code,)))
    found = next(known, None)
    return Command("language", found) if found and len(languages) > 1 else None


def answer_in(question: Question, heard: str, mode: Mode, language: str) -> dict[str, Value]:
    """What was said as the answer to a question, not yet cleaned; with the text beside "other".

    Raises Invalid where a message names none of the choices.
    """
    heard = heard[:HEARD_MAX].translate(KEYCAPS).strip()
    if question.scale is not None:
        return {question.name: _number_in(heard)}
    if question.type == "boolean":
        return {question.name: _yes_or_no(question, heard, language)}
    if isinstance(question, Choosing):
        return _choices_in(question, heard, mode, language)
    return {question.name: heard}


def keys_of(question: Question) -> tuple[str, ...]:
    """What may be keyed in for a question; empty where it is any row of digits.

    >>> from regulars.feedback.questions.rating import Rating
    >>> keys_of(Rating(type="rating", name="nps", rate_min=0, rate_max=10))[-2:]
    ('9', '10')
    """
    if question.scale is not None:
        return tuple(str(step) for step, _taken in question.parts(None, "en")["steps"])
    if question.type == "boolean":
        return ("1", "2")
    if isinstance(question, Choosing) and not takes_several(question):
        return tuple(str(number) for number in range(1, len(question.offered()) + 1))
    return ()


def is_whole(keys: tuple[str, ...], digits: str) -> bool:
    """Whether digits can mean only what they are now, so that nobody has to wait for more.

    Ten is keyed as 1 and 0, so that after a 1 one waits a while; a 9 is taken at once.

    >>> is_whole(("0", "1", "9", "10"), "9"), is_whole(("0", "1", "9", "10"), "1")
    (True, False)
    >>> is_whole(("0", "1", "9", "10"), "10"), is_whole((), "44")
    (True, False)
    """
    if not keys:
        return False
    return not any(key.startswith(digits) and key != digits for key in keys)


def _number_in(heard: str) -> Value:
    found = _NUMBER.fullmatch(heard)
    return found[1] if found else heard


def _yes_or_no(question: Any, heard: str, language: str) -> Value:
    word = heard.rstrip(".!").casefold()
    if word in (*YES, text_in(question.label_true, language).casefold() or "yes"):
        return True
    if word in (*NO, text_in(question.label_false, language).casefold() or "no"):
        return False
    raise Invalid("not_yes_or_no")


def _choices_in(question: Choosing, heard: str, mode: Mode, language: str) -> dict[str, Value]:
    if takes_several(question):
        return _several_in(question, heard, mode, language)
    found = _choice_in(question, heard, language)
    if found is not None:
        return {question.name: found}
    return _other_in(question, heard, mode)


def _choice_in(question: Choosing, heard: str, language: str) -> Value:
    """The choice that a number or its own text names, or None; the text may be a number, too."""
    offered = question.offered()
    number = _NUMBER.fullmatch(heard)
    if number is not None and 1 <= int(number[1]) <= len(offered):
        return offered[int(number[1]) - 1].value
    word = heard.casefold()
    for choice in offered:
        texts = choice.text.values() if isinstance(choice.text, dict) else (choice.text,)
        if word in (str(choice.value).casefold(), *(one.casefold() for one in texts if one)):
            return choice.value
    return None


def _other_in(question: Choosing, heard: str, mode: Mode) -> dict[str, Value]:
    """Words of one's own where "other" is offered: "4 the parking", or just "the parking"."""
    numbered = _AFTER_NUMBER.fullmatch(heard)
    words = numbered[2] if numbered else heard
    is_other = numbered is None or _is_place_of_other(question, int(numbered[1]))
    if mode == "voice" or not question.takes_comment or not is_other or words.isdigit():
        raise Invalid("not_a_choice", value=heard[:50])
    return {question.name: OTHER, question.comment_name: words[:COMMENT_MAX]}


def _is_place_of_other(question: Choosing, place: int) -> bool:
    offered = question.offered()
    return 1 <= place <= len(offered) and offered[place - 1].value == OTHER


def _several_in(question: Choosing, heard: str, mode: Mode, language: str) -> dict[str, Value]:
    parts = list(heard) if mode == "voice" else re.split(r"[\s,;+&]+", heard)
    numbers = [one for one in parts if one.strip()]
    if not all(one.isdigit() for one in numbers):
        parts = re.split(r"[,;\n]+", heard)
        numbers = [one.strip() for one in parts if one.strip()]
    taken: list[Value] = []
    told: dict[str, Value] = {}
    for one in numbers:
        found = _choice_in(question, one, language)
        if found is None:
            told |= _other_in(question, one, mode)
            found = OTHER
        taken.append(found)
    return told | {question.name: taken}
