"""A survey as the script of a telephone call."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from regulars.channels.telephony.agent import Prompt
from regulars.feedback.actions.calling import Spoken, begin_call, hear_keys
from regulars.feedback.dialogue.hearing import is_whole


@dataclass(frozen=True)
class SurveyByTelephone:
    """Asks the survey whose code was dialled, or always the one of `code`."""

    code: str = ""
    language: str = ""

    def begin(self, *, dialled: str, caller: str, call_id: str) -> Prompt | None:
        """The first question, or None where the number leads to no survey."""
        with _own_connection():
            found = begin_call(
                call_id=call_id,
                code=self.code or dialled,
                caller=caller,
                language=self.language,
                now=timezone.now(),
            )
        return _prompt(found) if found else None

    def hear(self, *, call_id: str, keys: str | None) -> Prompt:
        """The next question; the answer is on record before it is asked."""
        with _own_connection():
            found = hear_keys(call_id=call_id, keys=keys, now=timezone.now())
        assert found is not None, "a call that was begun is known"
        return _prompt(found)

    def is_whole(self, keys: tuple[str, ...], digits: str) -> bool:
        """Whether digits can mean nothing more."""
        return is_whole(keys, digits)


@contextmanager
def _own_connection() -> Iterator[None]:
    """Threads come and go, so each leaves its connection to the database to the next."""
    try:
        yield
    finally:
        connection.close()


def _prompt(spoken: Spoken) -> Prompt:
    said = spoken.said
    return Prompt(said.text, spoken.language, said.keys, said.is_end)
