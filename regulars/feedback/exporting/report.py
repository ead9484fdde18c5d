"""The results of a survey on paper: scores with what they rest on, response, stores, drivers, words."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from regulars.company.models import Store
from regulars.core.access import Viewer
from regulars.customers.papers.papers import paper_of
from regulars.feedback.models import Survey
from regulars.feedback.queries.drivers import drivers_of
from regulars.feedback.queries.response import dispositions
from regulars.feedback.queries.scores import scores, scores_by
from regulars.feedback.queries.signals import SignalFilter, verbatims
from regulars.feedback.queries.tallies import tallies_of
from regulars.feedback.rules.response import response_rates
from regulars.feedback.rules.scores import Score
from regulars.feedback.shown import LABELS, readable, signal_label, store_name
from regulars.web.charts import plain_number

STORES_MAX = 40
WORDS_MAX = 25
LINES_MAX = 400
Section = tuple[str, str, list[dict[str, str]]]


def report_of(survey: Survey, *, language: str, seen_by: Viewer, now: datetime) -> bytes:
    """A PDF of what a viewer may see of all answers so far, in English or Russian."""
    with translation.override(language if language in ("en", "ru") else "en"):
        day = date_format(now, "SHORT_DATE_FORMAT")
        lines = [
            _("All answers up to %(day)s") % {"day": day},
            _("Below five answers no score is shown."),
            counted_note(),
        ]
        title = _("Report: %(name)s") % {"name": survey.name}
        return paper_of(title, lines, list(sections_of(survey, seen_by=seen_by)), language=language)


def counted_note() -> str:
    """How answers are counted in all these tables, in the language of the thread."""
    return _("No answer is weighted: each counts once, so figures are worth as many as answered.")


def sections_of(survey: Survey, *, seen_by: Viewer) -> Iterator[Section]:
    """The tables of the report in their order, in the language of the thread."""
    which = SignalFilter(survey_id=survey.pk)
    found = scores(which, seen_by=seen_by)
    rows = [{_("Measure"): str(LABELS[key]), **_cells(key, one)} for key, one in found.items()]
    yield "scores", _("Scores"), rows
    yield "response", _("Response"), list(_response(which, seen_by))
    yield (
        "questions",
        _("Question by question"),
        list(_questions(survey, which, seen_by))[:LINES_MAX],
    )
    measure = next(iter(found), "")
    if measure:
        yield "stores", _("By store"), _stores(which, measure, seen_by)
        yield "drivers", _("Key drivers"), _drivers(survey, measure, which, seen_by)
    said = verbatims(which, seen_by=seen_by)[:WORDS_MAX]
    words = [
        {_("Score"): signal_label(one), _("Store"): store_name(one.store), _("Words"): one.text}
        for one in said
    ]
    yield "words", _("What people say"), words


def _cells(measure: str, score: Score) -> dict[str, str]:
    """A score with its interval, its answers and its response; without a figure where it is thin."""
    shown = readable(measure, score)
    bounds = (shown.low, shown.high)
    is_known = not score.is_thin and None not in bounds
    low, high = (plain_number(one or 0) for one in bounds)
    rate = score.response_rate
    return {
        _("Score"): _("not enough data") if score.is_thin else plain_number(shown.value),
        _("Interval, 95 in 100"): f"{low} … {high}" if is_known else "–",
        _("Answers"): plain_number(score.answers),
        _("Answered of those asked"): "–" if rate is None else f"{plain_number(100 * rate)} %",
    }


def _response(which: SignalFilter, viewer: Viewer) -> Iterator[dict[str, str]]:
    counts = dispositions(which, seen_by=viewer)
    if not counts.known + counts.unknown:
        return
    for label, count in (
        (_("Answered in full (I)"), counts.complete),
        (_("Answered in part (P)"), counts.partial),
        (_("Refused or broke off (R)"), counts.refused),
        (_("Not reached (NC)"), counts.non_contact),
        (_("Nothing heard (UH, UO)"), counts.unknown),
    ):
        yield {_("What"): label, _("How many"): plain_number(count)}
    rate = response_rates(counts)["RR1"]
    if rate is not None:
        yield {
            _("What"): f"{_('Response rate')} RR1",
            _("How many"): f"{plain_number(100 * rate)} %",
        }


def _stores(which: SignalFilter, measure: str, viewer: Viewer) -> list[dict[str, str]]:
    groups = [one for one in scores_by("store", which, seen_by=viewer) if measure in one.scores]
    groups.sort(key=lambda group: -group.scores[measure].answers)
    stores: Mapping[Any, Store] = Store.objects.in_bulk([one.key for one in groups if one.key])
    return [
        {
            _("Store"): store_name(stores.get(group.key)) or _("No store"),
            **_cells(measure, group.scores[measure]),
        }
        for group in groups[:STORES_MAX]
    ]


def _questions(survey: Survey, which: SignalFilter, viewer: Viewer) -> Iterator[dict[str, str]]:
    """How people answered each question that has choices or steps; too few give no share."""
    language = translation.get_language() or "en"
    told = tallies_of(survey, which, language=language, seen_by=viewer).questions
    for one in told:
        for line in one.lines if one.answers else ():
            yield {
                _("Question"): one.title,
                _("Answer"): line.label,
                _("People"): plain_number(line.count),
                _("Share"): _figure(line.score, is_ranked=one.is_ranked),
            }


def _figure(score: Score | None, *, is_ranked: bool) -> str:
    """A share in per cent or a mean place, with its bounds."""
    if score is None or score.is_thin:
        return _("not enough data")
    shown = score if is_ranked else readable("csat", score)
    low, high = (plain_number(one or 0) for one in (shown.low, shown.high))
    said = f"{plain_number(shown.value)} ({low} … {high})"
    return f"{_('Mean place')}: {said}" if is_ranked else f"{said} %"


def _drivers(
    survey: Survey, measure: str, which: SignalFilter, viewer: Viewer
) -> list[dict[str, str]]:
    language = translation.get_language() or "en"
    found = drivers_of(survey, measure, which, language=language, seen_by=viewer)
    if found is None:
        return []
    return [
        {
            _("Rating"): found.asked[one.name],
            _("How much it matters"): f"{plain_number(100 * one.importance)} %",
            _("Between"): f"{plain_number(100 * one.low)} … {plain_number(100 * one.high)} %",
            _("How well it is rated"): f"{plain_number(100 * one.performance.mean)} %",
        }
        for one in found.found.drivers
    ]
