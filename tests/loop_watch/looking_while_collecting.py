"""A program that looks again and again at what a busy loop does, while each look may begin a collection of
garbage whose end lets the loop go on. It ends well if all looks do."""

import asyncio
import gc
import random
import sys
import threading
import time

from service.loop_steps import step_of

LOOKS = 2000


class Garbage:
    """In a cycle; at its end other threads have their turn, as where a connection is closed."""

    def __init__(self) -> None:
        self.cycle = self

    def __del__(self) -> None:
        time.sleep(0.0003)  # it waits for something outside, for which there is no event here


def deep(calls: int) -> None:
    if calls:
        deep(calls - 1)


async def work(looked: threading.Event) -> None:
    while not looked.is_set():
        for _ in range(20):
            deep(20)
        await asyncio.sleep(0)


def look(loop: asyncio.AbstractEventLoop, thread: int, looked: threading.Event) -> None:
    chance = random.Random(1)
    try:
        for _ in range(LOOKS):
            gc.disable()
            gc.collect(0)
            Garbage()
            gc.set_threshold(chance.randrange(1, 25))  # objects from now on
            gc.enable()
            step_of(loop, thread)
    finally:
        looked.set()


async def main() -> None:
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(1e-5)
    looked = threading.Event()
    looking = asyncio.to_thread(look, asyncio.get_running_loop(), threading.get_ident(), looked)
    await asyncio.gather(looking, work(looked))


if __name__ == "__main__":
    asyncio.run(main())
