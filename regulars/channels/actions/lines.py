"""Lines to providers: one worker holds each, sends over it what is due, and records what comes in."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from regulars.channels.actions.delivery import deliver_over_line
from regulars.channels.actions.hearing import hear, take
from regulars.channels.actions.parts import give_up_on_parts
from regulars.channels.kind import ChannelKind, Line, channel_kinds, kinds_with_lines
from regulars.channels.models import Channel, LineState
from regulars.core.errors import Permanent, Refused, Retry

WAIT_S = 0.3
"""How long one look at a line waits for what comes in; so late, at most, a message leaves."""

CHECK_EVERY = timedelta(seconds=5)
"""How often the settings are read again, and the line is said to be there."""

PAUSE_MIN, PAUSE_MAX = timedelta(seconds=1), timedelta(minutes=1)
REFUSED_PAUSE = timedelta(minutes=5)
"""A provider that refuses us is asked no more often; changed settings are tried at once."""

REMEMBERED_FOR = timedelta(hours=1)
_LOCK = 7_205_759_400_000

_log = logging.getLogger(__name__)


def keep_lines(stop: threading.Event) -> None:
    """Hold the lines of all kinds that have one, a thread each, until told to stop."""
    keepers = [
        threading.Thread(target=_keep_line, args=(kind, stop), name=f"line {kind}")
        for kind in kinds_with_lines()
    ]
    for keeper in keepers:
        keeper.start()
    for keeper in keepers:
        keeper.join()


def _keep_line(kind: str, stop: threading.Event) -> None:
    """Hold one line while no other worker does; what breaks is begun anew."""
    while not stop.is_set():
        try:
            with _alone_with(kind) as is_alone:
                if is_alone:
                    _hold(LineKeeper(kind), stop)
        except (OperationalError, InterfaceError):
            _log.warning("the line %s waits for the database", kind)
        except (DatabaseError, Refused, ValueError):
            _log.exception("the line %s broke", kind)
        finally:
            connection.close()
        stop.wait(CHECK_EVERY.total_seconds())


def _hold(keeper: "LineKeeper", stop: threading.Event) -> None:
    try:
        while not stop.is_set():
            if not keeper.turn(now=timezone.now()):
                stop.wait(WAIT_S)
    finally:
        keeper.close()


@contextmanager
def _alone_with(kind: str) -> Iterator[bool]:
    """Whether this worker is the one that holds the line; the database knows when it died."""
    is_alone = _asked_lock("pg_try_advisory_lock", kind)
    try:
        yield is_alone
    finally:
        if is_alone:
            # A connection of a pool outlives its use, and would keep the lock.
            _asked_lock("pg_advisory_unlock", kind)


def _asked_lock(function: str, kind: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s + hashtext(%s))", [_LOCK, kind])
        return bool(cursor.fetchone()[0])


class LineKeeper:
    """Opens a line, looks after it turn by turn, and opens it again when it broke.

    For one thread, of the one worker that holds the line.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._row: tuple[dict[str, Any], bool] | None = None
        self._channel: ChannelKind = channel_kinds.get(kind)()
        self._line: Line | None = None
        self._unconfirmed: list[str] = []
        self._has_more = False
        self._pause = PAUSE_MIN
        self._next_check: datetime | None = None
        self._next_try: datetime | None = None

    def turn(self, *, now: datetime, wait_s: float = WAIT_S) -> bool:
        """One look: take what came, send what is due. Gives whether the line is up."""
        if self._next_check is None or now >= self._next_check:
            self._check(now=now)
        line = self._line or self._opened(now=now)
        if line is None:
            return False
        try:
            self._exchange(line, wait_s=wait_s)
        except Retry as broke:
            self._fail(str(broke), now=now)
        return self._line is not None

    def close(self) -> None:
        """End the line."""
        if self._line is not None:
            line, self._line = self._line, None
            line.close()

    def _exchange(self, line: Line, *, wait_s: float) -> None:
        told = line.listen(0 if self._has_more else wait_s)
        now = timezone.now()
        if told.is_something or line.unconfirmed != self._unconfirmed:
            with transaction.atomic():
                take(self._kind, told, now=now)
                self._note(now=now, unconfirmed=line.unconfirmed)
            self._unconfirmed = line.unconfirmed
            line.acknowledge()
        sent = deliver_over_line(self._kind, self._channel, limit=line.room, now=now)
        self._has_more = sent == line.room

    def _check(self, *, now: datetime) -> None:
        """Read the settings again, say that the line is looked after, and end what waits in vain."""
        self._next_check = now + CHECK_EVERY
        found = Channel.objects.filter(kind=self._kind).first()
        row = (found.settings, found.is_on) if found else ({}, True)
        if row != self._row:
            self.close()
            self._row, self._next_try, self._pause = row, None, PAUSE_MIN
            LineState.objects.filter(channel=self._kind, is_up=True).update(is_up=False, since=now)
        # Said also of a line that is down: somebody looks after it.
        LineState.objects.filter(channel=self._kind).update(seen_at=now)
        hear(self._kind, give_up_on_parts(self._kind, now=now), now=now)

    def _opened(self, *, now: datetime) -> Line | None:
        settings, is_on = self._row or ({}, False)
        channel = channel_kinds.get(self._kind).model_validate(settings)
        if not is_on or channel.not_ready() or (self._next_try and now < self._next_try):
            return None
        try:
            self._line = channel.open_line(again=_marks_of(self._kind, now=now))
        except Permanent as refused:
            self._fail(str(refused), now=now)
            self._next_try = now + REFUSED_PAUSE
        except Retry as later:
            self._fail(str(later), now=now)
        else:
            self._channel, self._pause = channel, PAUSE_MIN
            self._unconfirmed = self._line.unconfirmed
            self._note(now=now, is_up=True, problem="")
        return self._line

    def _fail(self, problem: str, *, now: datetime) -> None:
        self.close()
        self._next_try = now + self._pause
        self._pause = min(self._pause * 2, PAUSE_MAX)
        self._note(now=now, is_up=False, problem=problem[:300])

    def _note(self, *, now: datetime, **changes: Any) -> None:
        state, _ = LineState.objects.get_or_create(
            channel=self._kind, defaults={"since": now, "seen_at": now}
        )
        if "is_up" in changes and changes["is_up"] != state.is_up:
            state.since = now
        for name, value in changes.items():
            setattr(state, name, value)
        state.seen_at = now
        state.save()


def _marks_of(kind: str, *, now: datetime) -> list[str]:
    """Marks of what the line before brought and may bring again."""
    state = LineState.objects.filter(channel=kind, seen_at__gt=now - REMEMBERED_FOR).first()
    return list(state.unconfirmed) if state else []
