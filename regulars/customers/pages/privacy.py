"""Privacy requests: the list with its clocks, one request with its steps, and what they need."""

from typing import Any

from django import forms
from django.core import signing
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from regulars.core.access import get_seen
from regulars.core.errors import NotFound, Refused
from regulars.core.holdings import holdings, places
from regulars.customers.actions.dossier import start_export
from regulars.customers.actions.erasure import start_erasure
from regulars.customers.actions.privacy import (
    correct_customer,
    lift_restriction,
    open_privacy_request,
    refuse_request,
    restrict_customer,
    verify_request,
)
from regulars.customers.models import Customer, PrivacyFile, PrivacyRequest
from regulars.customers.queries.privacy import (
    erased_at,
    requests,
    requests_of,
    restrictions_of,
)
from regulars.customers.rules.privacy import (
    ASKED_BY,
    KINDS,
    LINK_DAYS,
    OPEN_STATES,
    STATES,
    clock_tone,
)
from regulars.web.frame import say
from regulars.web.pages import PUBLIC, Setting, Shown, blame, page, show, show_form, spoken

PER_PAGE = 30
TONES = {"done": "good", "running": "accent", "failed": "bad", "refused": "warn"}
FORMATS = {"json": "application/json", "pdf": "application/pdf"}
SALT = "regulars.customers.privacy"


class OpenForm(forms.Form):
    """What a person asks, and how it is known that it is them."""

    kind = forms.ChoiceField(
        label=_("What they ask"), choices=[(key, _(name)) for key, name in KINDS.items()]
    )
    verified = forms.CharField(
        label=_("How you know who asks"),
        max_length=200,
        help_text=_("Such as: called back on the known phone"),
    )
    note = forms.CharField(
        label=_("Note"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class CorrectionForm(forms.Form):
    """Facts as the person wants them; what is left empty stays as it is."""

    name = forms.CharField(label=_("Full name"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=30, required=False)
    birthday = forms.DateField(
        label=_("Birthday"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    address = forms.CharField(label=_("Address"), max_length=300, required=False)


def shown_request(request: PrivacyRequest) -> dict[str, Any]:
    """A request in the words of its reader, with the colour of its clock."""
    return {
        "asked_for": request,
        "kind": gettext(KINDS[request.kind]),
        "state": gettext(STATES[request.state]),
        "tone": TONES.get(request.state, ""),
        "asked": gettext(ASKED_BY[request.asked_by]),
        "clock": clock_tone(request.state, request.due_at, timezone.now()),
        "is_open": request.state in OPEN_STATES,
    }


@page(
    "privacy",
    needs="personal.view_request",
    title=_("Privacy requests"),
    setting=Setting(
        _("Privacy requests"),
        _("Copies, corrections, restrictions and erasures people asked for, with their clocks."),
        "lock",
        65,
    ),
)
def privacy_requests(request: HttpRequest) -> Shown:
    """All requests, the most urgent of the open ones first."""
    state = request.GET.get("state", "open")
    state = state if state in {"open", "done", "refused", ""} else "open"
    listed = Paginator(requests(state=state), PER_PAGE).get_page(request.GET.get("page"))
    states = [("open", _("To do")), ("done", _("Done")), ("refused", _("Declined")), ("", _("All"))]
    return show(
        request,
        "customers/privacy.html",
        listed=listed,
        rows=[shown_request(one) for one in listed],
        states=states,
        state=state,
        has_any=PrivacyRequest.objects.exists(),
    )


@page("customers/<int:customer_id>/privacy", needs="personal.view_request")
def customer_privacy(request: HttpRequest, customer_id: int) -> Shown:
    """The rights of one customer: their requests, restrictions, and a form for a new request."""
    user: Any = request.user
    found = get_seen(Customer, customer_id, seen_by=user)
    form = OpenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = open_privacy_request(
                found.pk,
                form.cleaned_data["kind"],
                asked_by="employee",
                verified=form.cleaned_data["verified"],
                note=form.cleaned_data["note"],
                by=user,
                now=timezone.now(),
            )
        except Refused as refused:
            blame(form, refused)
        else:
            return redirect("customers.privacy_request", made.pk)
    return show_form(
        request,
        "customers/customer_privacy.html",
        form=form,
        customer=found,
        rows=[shown_request(one) for one in requests_of(found.pk)],
        restrictions=restrictions_of(found.pk),
        erased_at=erased_at(found.pk),
    )


@page("privacy/<int:request_id>", needs="personal.view_request")
def privacy_request(request: HttpRequest, request_id: int) -> Shown:
    """One request: what was asked, what is to be done, and what came of it."""
    user: Any = request.user
    found = get_seen(PrivacyRequest, request_id, seen_by=user)
    return _shown(request, found)


def _shown(request: HttpRequest, found: PrivacyRequest, **more: Any) -> HttpResponse:
    labels = {one.table: one.label for one in holdings()}
    labels |= {place.name: place.label for place in places()}
    told = found.result if found.kind == "erasure" else {}
    files = PrivacyFile.objects.filter(request=found).defer("content").order_by("kind", "format")
    refused: Refused | None = more.pop("refused", None)
    return show(
        request,
        "customers/privacy_request.html",
        customer=found.customer,
        files=files,
        link=_link_to(found) if any(one.kind == "data" for one in files) else "",
        changed=[(labels.get(name, name), n) for name, n in told.get("changed", {}).items()],
        left=[(labels.get(name, name), n) for name, n in told.get("left", {}).items()],
        correction=more.pop("correction", None) or CorrectionForm(),
        refused=refused,
        reason=found.result.get("reason", ""),
        status=422 if refused else 200,
        link_days=LINK_DAYS,
        **shown_request(found),
    )


@page("privacy/<int:request_id>/do", needs="personal.manage_request")
@require_POST
def do_request(request: HttpRequest, request_id: int) -> Shown:
    """Does one step of a request: verify, make, correct, restrict, erase, or decline."""
    user: Any = request.user
    found = get_seen(PrivacyRequest, request_id, seen_by=user)
    step = request.POST.get("step", "")
    correction = CorrectionForm(request.POST if step == "correct" else None)
    try:
        if step == "correct" and not correction.is_valid():
            return _shown(request, found, correction=correction)
        _do(found, step, request, correction)
    except Refused as refused:
        found.refresh_from_db()
        return _shown(request, found, refused=refused, correction=correction)
    say(request, gettext("Done."))
    return redirect("customers.privacy_request", found.pk)


def _do(found: PrivacyRequest, step: str, request: HttpRequest, correction: forms.Form) -> None:
    now, user = timezone.now(), request.user
    by: Any = user
    reason = request.POST.get("reason", "")[:1000].replace("\x00", "")
    if step == "verify":
        verify_request(found.pk, reason)
    elif step == "refuse":
        refuse_request(found.pk, reason, by=by, now=now)
    elif step == "export":
        start_export(found.pk, now=now)
    elif step == "correct":
        given = {name: value for name, value in correction.cleaned_data.items() if value}
        facts = given | ({"birthday": given["birthday"].isoformat()} if "birthday" in given else {})
        correct_customer(found.pk, facts, by=by, now=now)
    elif step == "restrict":
        restrict_customer(found.pk, reason, by=by, now=now)
    elif step == "erase":
        if request.POST.get("number", "").strip() != str(found.customer_id):
            raise Refused("not_confirmed", gettext("Type the customer's number"), "number")
        start_erasure(found.pk, now=now)
    else:
        raise Refused("unknown_step", gettext("There is no such step"), "step")


@page("privacy/restrictions/<int:restriction_id>/lift", needs="personal.manage_request")
@require_POST
def lift(request: HttpRequest, restriction_id: int) -> Shown:
    """Lets a person's data be used again, with the reason."""
    user: Any = request.user
    reason = request.POST.get("reason", "")[:200].replace("\x00", "")
    try:
        held = lift_restriction(restriction_id, reason, by=user, now=timezone.now())
    except Refused as refused:
        say(request, spoken(refused), tone="bad")
        return redirect("customers.privacy_requests")
    say(request, gettext("The restriction is lifted."))
    return redirect("customers.customer_privacy", held.customer_id)


@page("privacy/<int:request_id>/<str:kind>.<str:format>", needs="personal.manage_request")
@never_cache
def privacy_file(request: HttpRequest, request_id: int, kind: str, format: str) -> Shown:
    """A file of a request, opened."""
    user: Any = request.user
    found = get_seen(PrivacyRequest, request_id, seen_by=user)
    return _sent(found.pk, kind, format)


@page("my-data/<str:token>", needs=PUBLIC)
@never_cache
def own_data(request: HttpRequest, token: str) -> Shown:
    """What a person gets by their link: their data, as a PDF or as JSON, for some days."""
    try:
        request_id = int(signing.loads(token, salt=SALT, max_age=LINK_DAYS * 86_400))
    except (signing.BadSignature, ValueError) as forged:
        raise NotFound("not_found", "this link has run out or was changed") from forged
    wanted = request.GET.get("format", "")
    if wanted in FORMATS:
        return _sent(request_id, "data", wanted)
    rows = PrivacyFile.objects.filter(
        request=request_id, kind="data", expires_at__gt=timezone.now()
    )
    if not (files := list(rows.defer("content").order_by("-format"))):
        raise NotFound("not_found", "this link has run out or was changed")
    return show(request, "customers/own_data.html", files=files)


def _sent(request_id: int, kind: str, format: str) -> HttpResponse:
    rows = PrivacyFile.objects.filter(request=request_id, kind=kind, format=format)
    found = rows.first()
    if found is None or (found.expires_at and found.expires_at <= timezone.now()):
        raise NotFound("not_found", "there is no such file")
    response = HttpResponse(bytes(found.content), content_type=FORMATS[format])
    response["Content-Disposition"] = f'attachment; filename="{kind}-{request_id}.{format}"'
    return response


def _link_to(found: PrivacyRequest) -> str:
    token = signing.dumps(found.pk, salt=SALT)
    return reverse("customers.own_data", args=[token])
