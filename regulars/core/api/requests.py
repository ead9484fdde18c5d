"""The request as operations see it."""

from django.http import HttpRequest

from regulars.core.models import ApiKey


class ApiRequest(HttpRequest):
    """A request that came with a valid key; the key is its viewer for `seen` and `get_seen`."""

    auth: ApiKey
