"""The sentences that people read for what the survey engine finds wrong."""

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from regulars.feedback.survey.problems import Problem

IN_AN_ANSWER: dict[str, Promise] = {
    "required": _("Please answer this question."),
    "off_the_scale": _("Choose a number from %(low)s to %(high)s."),
    "not_a_choice": _("“%(value)s” is not among the choices."),
    "none_and_more": _("“None” does not go together with other choices."),
    "too_few_choices": _("Choose at least %(count_min)s."),
    "too_many_choices": _("Choose at most %(count_max)s."),
    "not_a_text": _("Write your answer as text."),
    "too_long": _("Use at most %(length_max)s characters."),
    "not_a_number": _("Write a number, such as 12.5."),
    "too_small": _("The number must be at least %(low)s."),
    "too_large": _("The number must be at most %(high)s."),
    "not_a_day": _("Write a day as year-month-day, such as 2026-01-31."),
    "not_yes_or_no": _("Choose yes or no."),
    "bad_email": _("This does not look like an e-mail address."),
    "bad_tel": _("This does not look like a phone number."),
    "bad_url": _("A web address begins with http:// or https://."),
    "other_empty": _("Please say what you mean by “Other”."),
    "one_required": _("Please answer at least one of these questions."),
    "off_step": _("The number must be a multiple of %(step)s."),
    "not_valid": _("Please check this answer."),
    "not_a_time": _("Write a time as hours and minutes, such as 14:30."),
    "bad_month": _("Write a month as year and month, such as 2026-01."),
    "bad_week": _("Write a week as year and week, such as 2026-W05."),
    "not_asked": _("This is not answered by people."),
    "row_required": _("Please answer every row."),
    "row_twice": _("Choose another answer in every row."),
    "too_few_rows": _("Fill in at least %(count_min)s rows."),
    "too_many_rows": _("Fill in at most %(count_max)s rows."),
    "not_rows": _("The answer must be made of rows."),
    "not_a_row": _("“%(value)s” is not among the rows."),
    "not_ranked": _("Give every choice a place."),
    "place_twice": _("Two choices have the same place."),
    "not_two_numbers": _("Write two numbers."),
    "not_files": _("Send files on the page of the survey."),
    "too_many_files": _("The number of files may be at most %(count_max)s."),
    "file_too_large": _("“%(name)s” is larger than %(size_mb)s MB."),
    "file_unfit": _("“%(name)s” cannot be taken. These kinds can: %(kinds)s."),
    "unknown_file": _("A file has not arrived. Please send it again."),
    "unknown_question": _("The survey has no such question."),
}

IN_A_DEFINITION: dict[str, Promise] = {
    "not_an_object": _("must be a JSON object in braces."),
    "not_json": _("is not valid JSON: %(reason)s."),
    "not_storable": _("has a character or a number in it that cannot be kept."),
    "too_deep": _("has panels more than %(depth_max)s deep."),
    "unknown_type": _("the question type “%(type)s” is not known."),
    "unknown_property": _("the property “%(property)s” is not known."),
    "missing_property": _("the property “%(property)s” is missing."),
    "bad_property": _("the property “%(property)s” cannot be used: %(reason)s."),
    "bad_expression": _("the expression in “%(property)s” cannot be read: %(reason)s."),
    "unknown_name": _("mentions “%(name)s”, but no question has this name."),
    "name_twice": _("the name is used for more than one question."),
    "no_questions": _("needs at least one question."),
    "too_many_questions": _("has more than %(count_max)s questions."),
    "empty_page": _("the page has no questions."),
    "no_choices": _("needs at least one choice."),
    "choice_twice": _("the choice “%(value)s” is offered twice."),
    "ranks_all": _("choices of a ranking cannot be hidden."),
    "bad_bounds": _("the lowest number must be below the highest."),
    "no_file_type": _("lets none of these kinds of files through: %(kinds)s."),
    "bad_scale": _("a scale has from 2 to %(steps_max)s steps."),
    "unfit_measure": _("%(measure)s is measured on a rating from %(low)s to %(high)s only."),
    "quota_twice": _("there are two quotas called “%(name)s”."),
    "code_twice": _("the code “%(name)s” is in the frame twice."),
    "unknown_code": _("the code frame has no code “%(name)s”."),
    "not_anonymous": _("“%(property)s” and a promise of anonymity exclude each other."),
    "unknown_touchpoint": _("there is no touchpoint “%(name)s” on the journey map."),
}

SPECIAL_CHOICES: dict[str, Promise] = {
    "other": _("Other"),
    "none": _("None of these"),
    "refused": _("I would rather not say"),
    "dontknow": _("I do not know"),
}
"""What choices say that stand for no choice of the survey's own, where it has no words for them."""


def special_word(value: object, language: str) -> str:
    """What a choice without words of its own says in a language: its usual words, or its value."""
    usual = SPECIAL_CHOICES.get(str(value))
    if usual is None:
        return str(value)
    with translation.override(language if language == "ru" else "en"):
        return str(usual)


def sentence_for(problem: Problem) -> str:
    """The sentence for a problem of an answer or a definition, in the active language."""
    sentence = IN_AN_ANSWER.get(problem.code) or IN_A_DEFINITION.get(problem.code)
    return str(sentence) % problem.detail if sentence else problem.code


def named_sentence_for(problem: Problem) -> str:
    """The same with the element that it is about in front."""
    return f"{problem.element}: {sentence_for(problem)}"
