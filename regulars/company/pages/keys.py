"""API keys: who lets which program in, and until when."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from regulars.company.models import Store
from regulars.core.api.keys import NewKey, create_key, revoke_key
from regulars.core.api.operations import SCOPES
from regulars.core.errors import Refused
from regulars.core.models import ApiKey
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, blame, page, show, show_form

_LIFETIMES = [("", _("Until it is revoked")), ("90", _("90 days")), ("365", _("One year"))]


class KeyForm(forms.Form):
    """What a new key is for."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("The program that will use it")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=lambda: [(one, one) for one in sorted(SCOPES)],
        widget=forms.CheckboxSelectMultiple,
    )
    store = forms.ModelChoiceField(
        Store.objects.order_by("name"),
        label=_("Only this store"),
        required=False,
        empty_label=_("All stores"),
    )
    days = forms.ChoiceField(label=_("How long"), choices=_LIFETIMES, required=False)


@page(
    "settings/keys",
    needs="company.manage_keys",
    title=_("API keys"),
    setting=Setting(_("API keys"), _("Let tills, shops and other programs in"), "key", 60),
)
@never_cache
def api_keys(request: HttpRequest) -> Shown:
    """All keys, and a form for a new one, whose secret is shown once, in the answer to the form."""
    now = timezone.now()
    form = KeyForm(request.POST or None)
    made: NewKey | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = create_key(now=now, **_wishes(form.cleaned_data, now))
            form = KeyForm()
        except Refused as refused:
            blame(form, refused)
    keys = ApiKey.objects.order_by("-id")
    return show_form(request, "company/keys.html", form=form, keys=keys, made=made, now=now)


@page("settings/keys/<int:key_id>/revoke", needs="company.manage_keys")
def revoke_api_key(request: HttpRequest, key_id: int) -> Shown:
    """Asks once more, then shuts the program out from its next request on."""
    if request.method != "POST":
        key = ApiKey.objects.filter(pk=key_id).first()
        return show(request, "company/revoke_key.html", key=key, status=200 if key else 404)
    revoke_key(key_id=key_id, now=timezone.now())
    say(request, gettext("The key is revoked."))
    return redirect("company.api_keys")


def _wishes(given: dict[str, Any], now: datetime) -> dict[str, Any]:
    days = given["days"]
    return {
        "name": given["name"],
        "scopes": given["scopes"],
        "stores": [given["store"].pk] if given["store"] else None,
        "expires_at": now + timedelta(days=int(days)) if days else None,
    }
