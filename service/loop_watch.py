"""Finds what blocks the event loop: a callback, an async tool or function that computes or waits in place.

While runs are in flight, a thread looks at the loop every few milliseconds. Where it finds a task in the
middle of a step, it asks the loop for a sign of life, and looks on until that comes. A step that was seen for
over the threshold is told, on the loop; many short ones in a row are load, and are not. Nothing that runs is
changed, and an error in here ends the watching alone.
"""

import asyncio
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from .loop_steps import Step, Watched, step_of, watched

logger = logging.getLogger(__name__)

LOOKS = 4  # in a threshold: a block may be told as longer by one
SEEN = 3  # times at least, where a block is one that waits
TOLD = 64  # at most of one standstill, the last ones

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Blocked(Generic[R]):
    """`name` held the loop up for `ms` milliseconds; `run` as given to `watching`, None where it is over."""

    name: str
    ms: int
    run: R | None


class _Standstill:
    """What was seen since the last sign of life, when the loop's thread had computed for so many seconds."""

    def __init__(self, since: float, computed: float) -> None:
        self.since = since
        self.computed = computed
        self.steps: deque[Step] = deque(maxlen=TOLD)

    def see(self, step: Step, now: float, long: float) -> None:
        last = self.steps[-1] if self.steps else None
        if last != step:
            if last is not None and last.until - last.since < long:
                self.steps.pop()
            step.since = now if last else self.since
            self.steps.append(step)
        self.steps[-1].until = now
        self.steps[-1].seen += 1


class LoopWatch(Generic[R]):
    """Watches the running loop from `with` to its end; without a run in flight nothing wakes up for it."""

    def __init__(self, report: Callable[[Blocked[R]], None], threshold: float = 0.1) -> None:
        self._report = report
        self._threshold = threshold
        self._pause = threshold / LOOKS
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._loop_clock = _cpu_clock(self._loop_thread)
        self._thread = threading.Thread(target=self._mind, name="loop-watch", daemon=True)
        self._runs = 0
        self._ended = False
        self._awake = threading.Event()  # while there is a run in flight, or the thread is to end
        # Guards what follows; anew while it is held, where a coroutine in `watching` is collected just then.
        self._lock = threading.RLock()
        self._alive = 0.0, 0.0  # the last sign of life: when, and the loop thread's CPU time
        self._standstill: _Standstill | None = None

    def __enter__(self) -> "LoopWatch[R]":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._thread.join()

    @contextmanager
    def watching(self, run: R) -> Iterator[None]:
        """`run` is in flight: what the tasks that are made in here block is told as its."""
        mine = Watched(run)
        token = watched.set(mine)
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)
            mine.run = None
            watched.reset(token)

    # --- on the loop -------------------------------------------------------------------------------

    def _count(self, change: int) -> None:
        self._show_life()
        self._runs += change
        if self._runs or self._ended:
            self._awake.set()
        else:
            self._awake.clear()

    def _show_life(self) -> None:
        now, computed = time.monotonic(), self._loop_clock()
        with self._lock:
            standstill, self._standstill = self._standstill, None
            self._alive = now, computed
        if standstill is not None and not self._ended:
            try:
                self._tell(standstill, now, computed)
            except Exception:
                self._fail()

    def _tell(self, standstill: _Standstill, now: float, computed: float) -> None:
        standstill.steps[-1].until = now
        idle = computed - standstill.computed < (now - standstill.since) / 10
        for step in standstill.steps:
            if (lasted := step.until - step.since) < self._threshold:
                continue
            # Seen hardly ever while it did not compute, it was not let run, as the thread here was not: by a
            # busy machine, or by another thread that held the interpreter.
            if step.name is None or (idle and step.seen < SEEN):
                logger.debug("the event loop stood still for %d ms, with nobody to name", lasted * 1000)
            else:
                run = step.run.run if step.run else None
                self._report(Blocked(step.name, round(lasted * 1000), run))

    def _end(self) -> None:
        self._ended = True
        self._awake.set()

    def _fail(self) -> None:
        logger.exception("the event loop is not watched any more")
        self._end()

    # --- on the thread -----------------------------------------------------------------------------

    def _mind(self) -> None:
        try:
            looked = 0.0
            while self._awake.wait() and not self._ended:
                pause = max(looked, self._alive[0]) + self._pause - time.monotonic()
                if pause > 0:  # a sleep of nothing would let the loop end the step that is to be seen
                    time.sleep(pause)
                looked = time.monotonic()
                if self._runs:
                    self._look()
        except Exception:
            self._fail()

    def _look(self) -> None:
        alive, standstill = self._alive, self._standstill
        step = step_of(self._loop, self._loop_thread)
        now, computed = time.monotonic(), self._loop_clock()
        with self._lock:
            if self._alive != alive:
                return  # the loop has gone on meanwhile
            if standstill is None and step.task is None:
                self._alive = now, computed  # as good a sign of life: it is in no task's step
                return
            if standstill is None:
                standstill = self._standstill = _Standstill(*alive)
                self._loop.call_soon_threadsafe(self._show_life)
            standstill.see(step, now, self._threshold)


def _cpu_clock(thread: int) -> Callable[[], float]:
    if sys.platform == "linux":
        return partial(time.clock_gettime, time.pthread_getcpuclockid(thread))
    return time.monotonic  # as if it always computed
