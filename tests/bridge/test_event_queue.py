"""The queue between callbacks and readers, where threads and loops meet."""

import asyncio
import threading
from contextlib import aclosing
from typing import Any

from anyio import fail_after

from service.event_queue import EventQueue
from tests.bridge.stories import LIMIT


async def all_of(queue: EventQueue[int]) -> list[int]:
    with fail_after(LIMIT):
        return [item async for batch in queue.batches() for item in batch]


async def test_what_is_ready_comes_in_one_batch_and_the_end_behind_it() -> None:
    queue = EventQueue[int](10)
    for item in range(5):
        queue.put_nowait(item)
    queue.end()
    batches: Any = queue.batches()
    async with aclosing(batches):
        assert [batch async for batch in batches] == [[0, 1, 2, 3, 4]]


async def test_what_a_thread_puts_just_before_the_reader_sleeps_wakes_it() -> None:
    class Interrupted(EventQueue[int]):
        """Between looking and sleeping, another thread puts."""

        def _take(self) -> tuple[list[int], bool]:
            batch, ended = super()._take()
            if not batch and not ended:
                thread = threading.Thread(target=self.end)
                thread.start()
                thread.join()
            return batch, ended

    assert await all_of(Interrupted(10)) == []


async def test_threads_that_put_at_once_lose_nothing_and_keep_their_own_order() -> None:
    queue, threads, each = EventQueue[int](10), 8, 500

    def put(number: int) -> None:
        for item in range(each):
            queue.put_nowait(number * each + item)

    def put_all() -> None:
        putting = [threading.Thread(target=put, args=(number,)) for number in range(threads)]
        for thread in putting:
            thread.start()
        for thread in putting:
            thread.join()
        queue.end()

    _, items = await asyncio.gather(asyncio.to_thread(put_all), all_of(queue))
    assert sorted(items) == list(range(threads * each))
    for number in range(threads):
        mine = [item for item in items if item // each == number]
        assert mine == sorted(mine)


def test_a_queue_whose_readers_loop_is_gone_still_takes() -> None:
    queue = EventQueue[int](1)

    async def read_one() -> None:
        batches: Any = queue.batches()
        queue.put_nowait(1)
        assert await anext(batches) == [1]
        asyncio.ensure_future(anext(batches)).cancel()

    asyncio.run(read_one())
    thread = threading.Thread(target=queue.put_nowait, args=(2,))
    thread.start()
    thread.join()
    queue.end()
    assert asyncio.run(all_of(queue)) == [2]


async def test_one_end_ends_one_reading() -> None:
    queue = EventQueue[int](10)
    queue.put_nowait(1)
    queue.end()
    queue.put_nowait(2)
    queue.end()
    assert [await all_of(queue), await all_of(queue)] == [[1], [2]]
