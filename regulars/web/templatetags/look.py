"""Tags and filters that pages and components draw with."""

from typing import Any

from django import template
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.forms import Select
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from regulars.core.money import format_money
from regulars.web.brand import current_brand
from regulars.web.charts import interval_bar, plain_number, points
from regulars.web.filters import carried_query
from regulars.web.look import bundle_url
from regulars.web.scores import score_note as note_of
from regulars.web.selects import written_select

register = template.Library()
RIGHT_TO_LEFT = {*settings.LANGUAGES_BIDI, "dv", "iw", "ps", "sd", "yi"}
PLAIN_CONTROLS = {"checkbox", "radio", "hidden", "file", "color", "range"}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A picture of the sprite, which says nothing to screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("web/icons.svg"),
        name,
    )


@register.filter
def direction(language: str) -> str:
    """The way a language is written, for `dir`: `rtl` or `ltr`."""
    return "rtl" if language.lower().partition("-")[0] in RIGHT_TO_LEFT else "ltr"


@register.simple_tag
def own_words(language: str) -> SafeString:
    """The attributes of words of ours on a page in a customer's language, where the two differ."""
    ours = get_language() or "en"
    if ours.partition("-")[0] == language.partition("-")[0]:
        return SafeString("")
    return format_html(' lang="{}" dir="{}"', ours, direction(ours))


@register.simple_tag
def bundle(name: str) -> str:
    """The address of a bundle of stylesheets or scripts."""
    return bundle_url(name)


@register.simple_tag
def brand_address() -> str:
    """The address of the brand's stylesheet; it changes with the colour."""
    return f"/brand.css?{current_brand().color.lstrip('#')}"


@register.simple_tag(takes_context=True)
def carry(context: dict[str, Any], name: str, *arguments: Any) -> str:
    """The address of a page, with the store and period of this one."""
    return reverse(name, args=arguments) + carried_query(context["request"])


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """This page's query with some keys changed; an empty value takes the key away."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if value not in {"", None}:
            query[key] = str(value)
    return f"?{query.urlencode()}" if query else request.path


@register.simple_tag(takes_context=True)
def sorting(context: dict[str, Any], key: str, default: str = "") -> dict[str, str]:
    """How a column stands in the order of the table, and the address that turns it."""
    current = context["request"].GET.get("sort") or default
    state = {key: "ascending", f"-{key}": "descending"}.get(current, "none")
    following = f"-{key}" if current == key else key
    return {"state": state, "url": with_query(context, sort=following, page="")}


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Minor units as people of the current language read them."""
    return "–" if minor is None else format_money(minor, currency, get_language() or "en")


@register.filter
def cents(minor: int | None, currency: str) -> str:
    """Minor units in a column of amounts: each to the last cent."""
    if minor is None:
        return "–"
    return format_money(minor, currency, get_language() or "en", with_cents=True)


@register.filter
def number(value: float | None) -> str:
    """A number in the current language, with one decimal at most."""
    return "–" if value is None else plain_number(float(value))


@register.filter
def score_value(value: float | None) -> str:
    """The value of a score, with a minus of that name like the bounds beside it."""
    return "–" if value is None else points(float(value))


@register.filter
def score_note(score: Any) -> str:
    """Interval, n, response and weighting of a score, as one line."""
    return note_of(score)


@register.filter
def initials(text: Any) -> str:
    """One or two letters that stand for a person."""
    words = str(text).replace("@", " ").split()
    return "".join(word[0] for word in words[:2]).upper()


@register.filter
def as_input(bound: BoundField) -> SafeString:
    """The control of a form's field, in our look, tied to its hint and error."""
    described = [f"{bound.id_for_label}-hint"] if bound.help_text else []
    attributes: dict[str, Any] = {}
    if bound.errors:
        described.append(f"{bound.id_for_label}-error")
        attributes["aria-invalid"] = "true"
    if described:
        attributes["aria-describedby"] = " ".join(described)
    kind = getattr(bound.field.widget, "input_type", "")
    if kind not in PLAIN_CONTROLS or kind in {"file", "color"}:
        existing = bound.field.widget.attrs.get("class", "")
        attributes["class"] = f"input {existing}".strip()
    if isinstance(bound.field.widget, Select):
        return written_select(bound, attributes)
    return bound.as_widget(attrs=attributes)


@register.filter
def control(bound: BoundField) -> str:
    """What kind of control a field is: checkbox, group (of boxes or buttons), hidden, or input."""
    kind = getattr(bound.field.widget, "input_type", "")
    if kind == "hidden" or bound.is_hidden:
        return "hidden"
    if bound.widget_type in {"radioselect", "checkboxselectmultiple"}:
        return "group"
    return "checkbox" if kind == "checkbox" else "input"


@register.filter
def tone(message: Message) -> str:
    """The tone a status message was said in."""
    return next(iter((message.extra_tags or "").split()), "") if message.extra_tags else ""


@register.filter
def undo_url(message: Message) -> str:
    """Where a status message can be undone; empty when it cannot."""
    parts = (message.extra_tags or "").split()
    return parts[1] if len(parts) > 1 else ""


@register.simple_tag
def interval(score: Any, least: float, most: float) -> SafeString:
    """A score's value and interval as a small mark on a scale."""
    return interval_bar(score.value, score.low, score.high, least=float(least), most=float(most))


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """The languages of the product, each by its own name."""
    own = {"en": "English", "ru": "Русский"}
    return [(code, own.get(code, str(name))) for code, name in settings.LANGUAGES]
