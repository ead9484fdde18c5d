"""Sign-in: nobody signs up by themselves; one-time links let the first owner in."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from regulars.core.errors import Refused
from regulars.web.frame import first_page_of
from regulars.web.models import SignInLink


class ClosedSignUp(DefaultAccountAdapter):  # type: ignore[misc]
    """Employees are invited by an owner; the sign-up form is closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return first_page_of(request.user)


def hash_of(token: str) -> str:
    """What is kept of a token; the token itself is only in the link."""
    return hashlib.sha256(token.encode()).hexdigest()


def create_link(user: Any, minutes: int = 60, *, now: datetime | None = None) -> str:
    """The address of a link that signs this person in once, within so many minutes."""
    token = secrets.token_urlsafe(32)
    expires_at = (now or timezone.now()) + timedelta(minutes=minutes)
    SignInLink.objects.create(token_hash=hash_of(token), user_id=user.pk, expires_at=expires_at)
    return f"{settings.BASE_URL}{reverse('web.sign_in_link', args=[token])}"


def signed_in_by(token: str, request: HttpRequest) -> HttpResponseBase:
    """Signs the link's person in and leads them on; refuses a link that is used, old or unknown.

    Whoever has a second factor is still asked for it. Of two people who press at once, one wins:
    the row is claimed by a single statement.
    """
    now = timezone.now()
    links = SignInLink.objects.filter(token_hash=hash_of(token))
    claimed = links.filter(used_at__isnull=True, expires_at__gt=now).update(used_at=now)
    link = links.first()
    if not claimed or link is None:
        raise Refused("link_is_spent", _("This link was used already, or its time is over."))
    user = get_user_model()._default_manager.filter(pk=link.user_id, is_active=True).first()
    if user is None:
        raise Refused("link_is_spent", _("This link was used already, or its time is over."))
    response: HttpResponseBase = perform_login(request, user, email_verification="none")
    return response
