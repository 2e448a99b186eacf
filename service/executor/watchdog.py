"""The clock of one run: it is ended when its time is up, or when its model has said nothing for too long."""

import asyncio
import time
from collections.abc import Callable
from typing import Literal
from uuid import UUID

from ..bridge import Bridge
from ..errors import RunFailed
from .limits import Limits

SecondChance = Callable[[UUID, RunFailed], bool]


def no_second_chance(_run_id: UUID, _failure: RunFailed) -> bool:
    return False


class Watchdog:
    """Calls `stop` where the run that `bridge` tells of is overdue; it has `worked` for so many seconds.

    `second_chance` ends a model call that is silent, by LangChain's run id, and returns whether another model
    takes its place; else the run ends.
    """

    def __init__(
        self,
        bridge: Bridge,
        limits: Limits,
        stop: Callable[[RunFailed | Literal["timeout"]], None],
        second_chance: SecondChance,
        worked: float,
    ) -> None:
        self._bridge = bridge
        self._limits = limits
        self._first = limits.first_token_timeout or float("inf")
        self._silence = limits.silence_timeout or float("inf")
        self._stop = stop
        self._second_chance = second_chance
        self._deadline = time.monotonic() + (limits.run_timeout or float("inf")) - worked
        self._paused_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    def pause(self) -> None:
        """The run waits: that time does not count."""
        self._paused_at = time.monotonic()

    def go_on(self) -> None:
        """It waits no more."""
        self._deadline += time.monotonic() - self._paused_at

    def watch(self) -> None:
        """End the run if it is overdue; look again when it next could be, until told to `rest`."""
        now = time.monotonic()
        due = self._bridge.due(self._first, self._silence)
        if now >= self._deadline:
            self._stop("timeout")
            return
        if due is not None and now >= due.at:
            failure = _silent(due.spoken, self._limits)
            if not self._second_chance(due.run_id, failure):
                self._stop(failure)
                return
            self._bridge.excuse(due.run_id)
            due = self._bridge.due(self._first, self._silence)
        soonest = now + min(self._first, self._silence)  # of a call that begins now, or says its first words
        when = min(due.at if due else soonest, soonest, self._deadline)
        if when < float("inf"):
            self._alarm = asyncio.get_running_loop().call_later(when - now, self.watch)

    def rest(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()


def _silent(spoken: bool, limits: Limits) -> RunFailed:
    if spoken:
        code, seconds, setting = "silence_timeout", limits.silence_timeout, "SILENCE_TIMEOUT_SECONDS"
    else:
        code, seconds, setting = (
            "first_token_timeout",
            limits.first_token_timeout,
            "FIRST_TOKEN_TIMEOUT_SECONDS",
        )
    message = f"The model said nothing for {seconds:g} s ({setting})."
    return RunFailed(code, message, fault="provider", retryable=True)
