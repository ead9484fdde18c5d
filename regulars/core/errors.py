"""The few errors that steer what happens next."""


class Refused(Exception):
    """A person asked for what cannot be; says why, and which field is to blame."""

    def __init__(self, code: str, message: str = "", field: str | None = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message or code
        self.field = field


class NotFound(Refused):
    """Nothing of that id exists, or not for the person who asks."""


class Forbidden(Refused):
    """The person or key has no right to this."""


class Conflict(Refused):
    """The same key was used for something else, or another change came first."""


class Retry(Exception):
    """The job could not be done now; it is worth another try later."""


class Permanent(Exception):
    """The job can never be done; it is put aside with this reason."""
