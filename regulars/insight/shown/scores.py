"""NPS and CSAT: figures with their change, and trends with bands of confidence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from regulars.feedback.rules.scores import Response, Score
from regulars.insight.shown.words import day_of, whole
from regulars.web.charts import Chart, Point, Series, line_chart, points, signed, sparkline
from regulars.web.scores import count_words, score_note

ANSWERS_MIN = 5
"""With fewer answers a figure says nothing by itself."""

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """One figure of the strip on top: value, note, change and its tone."""

    name: str
    value: str | None
    note: str = ""
    delta: str = ""
    tone: str = ""
    url: str = ""
    spark: SafeString | str = ""
    is_sample: bool = False


def nps_figure(
    found: Figures, trend: Figures, *, url: str, response: Response | None = None
) -> Figure:
    """The Net Promoter Score of the period with all that belongs to it, and its change in words."""
    told = _Told(_("Net Promoter Score"), found["nps"], 1, response)
    return _figure(told, trend, url=url, is_sample=bool(found["samples"]))


def csat_figure(
    found: Figures, trend: Figures, *, url: str, response: Response | None = None
) -> Figure:
    """The share of satisfied answers of the period, likewise."""
    told = _Told(_("Satisfied (CSAT), %"), found["csat"], 100, response)
    return _figure(told, trend, url=url, is_sample=bool(found["samples"]))


@dataclass(frozen=True)
class _Told:
    """A measure: its name, its kept figures, what makes them readable, and its response."""

    name: str
    found: Figures
    factor: int
    response: Response | None


def _figure(told: _Told, trend: Figures, *, url: str, is_sample: bool) -> Figure:
    name, one, factor, response = told.name, told.found, told.factor, told.response
    score = one["score"]
    if score is None or score["answers"] < ANSWERS_MIN:
        count = score["answers"] if score else 0
        return Figure(name, None, note=_answers(count), url=url)
    note = score_note(_readable(score, factor, response))
    delta, tone = _change(one["change"], factor)
    values = [week["score"] and week["score"]["value"] for week in trend["weeks"]]
    return Figure(
        name,
        points(round(factor * score["value"])),
        note,
        delta,
        tone,
        url,
        sparkline(values),
        is_sample,
    )


def _readable(score: Figures, factor: int, response: Response | None) -> Score:
    """A kept score in the units people read, with its response."""
    known = Score(**score).told(response)
    low, high = (
        None if bound is None else round(factor * bound, 1) for bound in (known.low, known.high)
    )
    return replace(known, value=round(factor * known.value, 1), low=low, high=high)


def _answers(count: int) -> str:
    return ngettext(
        "%(count)s answer; it takes %(least)s", "%(count)s answers; it takes %(least)s", count
    ) % {"count": count, "least": ANSWERS_MIN}


def _change(change: Figures | None, factor: int) -> tuple[str, str]:
    """What became of the score, in words; without evidence it says so."""
    if change is None or change["answers_before"] < ANSWERS_MIN:
        return _("Nothing before to compare with"), ""
    if not change["is_evident"]:
        return _("No evidence of change"), ""
    value = factor * change["value"]
    arrow, tone = ("▲", "up") if value > 0 else ("▼", "down")
    return _("%(arrow)s %(change)s on the time before") % {
        "arrow": arrow,
        "change": signed(round(value, 1)),
    }, tone


def nps_chart(found: Figures, *, today: date) -> Chart:
    """The Net Promoter Score week by week."""
    return _trend(found["weeks"], _("NPS by week"), 1, show=points, today=today)


def csat_chart(found: Figures, *, today: date) -> Chart:
    """The share of satisfied answers week by week."""
    return _trend(
        found["weeks"], _("Satisfied customers by week, %"), 100, show=points, today=today
    )


def _trend(
    weeks: Sequence[Figures], title: str, factor: int, *, show: Callable[[float], str], today: date
) -> Chart:
    drawn = [_point(week, factor) for week in weeks]
    series = Series(title, drawn, "c1")
    finding = _trend_finding(weeks, factor, today=today)
    return line_chart([series], title=title, finding=finding, show=show, place=_("Week from"))


def _point(week: Figures, factor: int) -> Point:
    label, score = day_of(date.fromisoformat(week["week"])), week["score"]
    if not score:
        return Point(label, None)
    known = _readable(score, factor, None)
    return Point(label, known.value, known.low, known.high, note=count_words(known))


def _trend_finding(weeks: Sequence[Figures], factor: int, *, today: date) -> str:
    """How the last whole week stands to the mean of the weeks before it."""
    known = [
        week["score"]
        for week in weeks
        if week["score"] and (today - date.fromisoformat(week["week"])).days >= 7
    ]
    if len(known) < 2:
        return _("It takes two whole weeks with answers to see a trend.")
    last, before = known[-1], known[:-1]
    total = sum(score["answers"] for score in before)
    mean = sum(score["value"] * score["answers"] for score in before) / total
    words = {
        "value": points(round(factor * last["value"])),
        "low": points(round(factor * last["low"])),
        "high": points(round(factor * last["high"])),
        "count": whole(last["answers"]),
        "mean": points(round(factor * mean)),
    }
    if last["low"] > mean:
        return (
            _(
                "The last whole week, %(value)s (%(low)s to %(high)s, n = %(count)s), lies above the mean of %(mean)s before."
            )
            % words
        )
    if last["high"] < mean:
        return (
            _(
                "The last whole week, %(value)s (%(low)s to %(high)s, n = %(count)s), lies below the mean of %(mean)s before."
            )
            % words
        )
    return (
        _(
            "The last whole week, %(value)s (%(low)s to %(high)s, n = %(count)s), does not differ clearly from the mean of %(mean)s before."
        )
        % words
    )
