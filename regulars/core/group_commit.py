"""Group commit: what arrives while a transaction runs waits in memory and goes into the next one.

So the disk is waited for once for all requests of some milliseconds, and throughput rises with load.
Each request is answered only after the transaction that holds it has ended.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Full(Exception):
    """More waits to be written than memory should hold."""


class NotWritten(Exception):
    """The group could not be written; whether any of it was is not known."""


def _one(_item: object) -> int:
    return 1


class GroupCommit(Generic[Item, Result]):
    """Writes items of one process, one group at a time, in a thread of its own.

    `write` gives a result for each item of a group, in their order. `weight` says how much an item
    counts towards `group_max`, at which a group is closed, and `waiting_max`, above which nothing
    more is taken.

    With `pause`, after a group of several the next one waits until as many have asked as were just
    answered and had waited already, but no longer than that share of the time the last one took,
    and not at all where a whole group waits. Clients that ask again as soon as they are answered
    then come into one group, where they would else fall into two that take turns, each at the full
    price of a transaction.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        group_max: int,
        waiting_max: int,
        weight: Callable[[Item], int] = _one,
        pause: float = 0,
        thread: Executor | None = None,
    ) -> None:
        self._write = write
        self._weight = weight
        self._group_max = group_max
        self._waiting_max = waiting_max
        self._pause = pause
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._waiting_weight = 0
        self._is_writing = False
        self._expected = 0
        self._pausing: asyncio.TimerHandle | None = None
        self.thread = thread or ThreadPoolExecutor(1, thread_name_prefix="commit")

    async def put(self, item: Item) -> Result:
        """The result, once the item's group is written; `Full` or `NotWritten` where it is not."""
        if self._waiting_weight > self._waiting_max:
            raise Full
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, done))
        self._waiting_weight += self._weight(item)
        if not self._is_writing:
            self._is_writing = True
            self._write_next(loop)
        elif self._pausing is not None and len(self._waiting) >= self._expected:
            self._pausing.cancel()
            self._write_next(loop)
        return await done

    def _write_next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._pausing = None
        if not self._waiting:
            self._is_writing = False
            return
        group, started = self._take(), loop.time()
        written = loop.run_in_executor(self.thread, self._write, [item for item, _done in group])

        def go_on(future: asyncio.Future[Sequence[Result]]) -> None:
            _tell(group, written=future)
            self._expected = len(self._waiting) + len(group)
            pause_s = self._pause * (loop.time() - started) if len(group) > 1 else 0
            if pause_s and self._waiting_weight < self._group_max:
                self._pausing = loop.call_later(pause_s, self._write_next, loop)
            else:
                self._write_next(loop)

        written.add_done_callback(go_on)

    def _take(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        weight, count = 0, 0
        for item, _done in self._waiting:
            weight += self._weight(item)
            count += 1
            if weight >= self._group_max:
                break
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_weight -= weight
        return group


def _tell(
    group: Sequence[tuple[object, asyncio.Future[Result]]],
    *,
    written: asyncio.Future[Sequence[Result]],
) -> None:
    failure = written.exception()
    results = [] if failure else written.result()
    for place, (_item, done) in enumerate(group):
        if done.cancelled():
            continue
        if failure is None:
            done.set_result(results[place])
        else:
            done.set_exception(NotWritten(str(failure)))
