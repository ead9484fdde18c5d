"""One-time sign-in links."""

from django.db import models

from regulars.core.models import Record


class SignInLink(Record):
    """A link that signs one person in once; only the hash of its token is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    user_id = models.BigIntegerField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
