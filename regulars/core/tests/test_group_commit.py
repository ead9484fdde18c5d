"""Groups: everybody is answered for themselves, and who asks again at once comes in one group."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from regulars.core.group_commit import Full, GroupCommit, NotWritten

CLIENTS, ROUNDS = 8, 5


async def asked(commit: GroupCommit[int, int], number: int) -> list[int]:
    return [await commit.put(number * 100 + round_) for round_ in range(ROUNDS)]


async def busy(commit: GroupCommit[int, int]) -> list[list[int]]:
    return await asyncio.gather(*(asked(commit, number) for number in range(CLIENTS)))


def test_clients_that_ask_again_come_in_one_group_after_a_pause():
    sizes = []

    def write(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        time.sleep(0.01)
        return [-item for item in items]

    answers = asyncio.run(busy(GroupCommit(write, group_max=100, waiting_max=100, pause=0.5)))
    assert answers == [[-(n * 100 + r) for r in range(ROUNDS)] for n in range(CLIENTS)]
    # The first comes alone, as nobody was there to wait for; later all come together.
    assert sizes == [1, CLIENTS - 1, *[CLIENTS] * (ROUNDS - 1)]


def test_what_cannot_be_written_is_told_to_each_and_more_than_fits_is_refused():
    def write(items: Sequence[int]) -> list[int]:
        raise OSError("no disk")

    async def try_it() -> list[object]:
        commit = GroupCommit[int, int](write, group_max=2, waiting_max=2)
        return await asyncio.gather(*(commit.put(n) for n in range(6)), return_exceptions=True)

    told = [type(one) for one in asyncio.run(try_it())]
    assert told == [*[NotWritten] * 4, *[Full] * 2]


@pytest.mark.parametrize("pause", [0, 0.5])
def test_groups_have_at_most_so_much(pause):
    sizes = []

    def write(items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        return items

    asyncio.run(busy(GroupCommit(write, group_max=3, waiting_max=100, pause=pause)))
    assert (max(sizes), sum(sizes)) == (3, CLIENTS * ROUNDS)


def test_a_whole_group_that_waits_is_not_kept_waiting_for_more():
    def write(items: Sequence[int]) -> Sequence[int]:
        time.sleep(0.005)
        return items

    async def try_it() -> list[int]:
        commit = GroupCommit[int, int](write, group_max=2, waiting_max=10, pause=1000)
        return await asyncio.wait_for(asyncio.gather(*map(commit.put, range(7))), timeout=3)

    assert asyncio.run(try_it()) == [*range(7)]
