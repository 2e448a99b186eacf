"""How one run ends: the first verdict counts, and the terminal event says what came of it."""

import asyncio
import logging
from typing import Any

from ..bridge import Bridge
from ..chunks import output_of
from ..errors import RunFailed
from ..events import Cancelled, CancelReason, Done, RunError, TerminalEvent
from ..redaction.aside import FilteredAside
from ..redaction.filtered import Refusal
from .failures import failure_of
from .writer import RunWriter

logger = logging.getLogger(__name__)

Verdict = RunFailed | CancelReason | Refusal


def code_of(verdict: Verdict) -> str:
    if isinstance(verdict, RunFailed):
        return verdict.code
    return "content_filter" if isinstance(verdict, Refusal) else verdict


class Judgement:
    """Of the run that `bridge` tells of and `writer` writes; `filtered` has a say in it too. `error` is what
    the chain raised, where that ended the run."""

    def __init__(
        self,
        run_id: str,
        bridge: Bridge,
        writer: RunWriter,
        filtered: FilteredAside | None,
    ) -> None:
        self.verdict: Verdict | None = None
        self.error: BaseException | None = None
        self._run_id = run_id
        self._bridge = bridge
        self._writer = writer
        self._filtered = filtered
        self._has_told = False

    def decide(self, verdict: Verdict) -> None:
        """The first counts."""
        self.verdict = self.verdict or verdict

    def filtered_out(self, verdict: RunFailed | Refusal) -> RunFailed | None:
        """A filter has blocked the run, or failed: that decides also once the chain has ended. Returns the
        failure."""
        self.decide(verdict)
        if not isinstance(verdict, RunFailed):
            return None
        if self.verdict is verdict and not self._has_told:
            logger.error("a filter of run %s failed", self._run_id, exc_info=verdict.__cause__)
            self._has_told = True
        return verdict

    async def terminal(self, output: Any, error: BaseException | None) -> TerminalEvent:
        """The last event of a run whose chain put out or raised this."""
        if isinstance(self.verdict, RunFailed):
            self.error = None if isinstance(error, asyncio.CancelledError) else error
            return self.failed(self.verdict)
        if isinstance(self.verdict, str):
            return self._cancelled(self.verdict)
        if isinstance(self.verdict, Refusal):
            return self._done(self._writer.answer)
        if error is not None:
            self.error = error
            return self.failed(failure_of(error, self._bridge))
        return await self._put_out(output_of(output)[0])

    def failed(self, failure: RunFailed) -> RunError:
        return RunError(
            t=self._bridge.now,
            code=failure.code,
            message=self._filtered.message(failure.message) if self._filtered else failure.message,
            fault=failure.fault,
            retryable=failure.retryable,
            blocked=self._bridge.blocked,
        )

    async def _put_out(self, value: Any) -> TerminalEvent:
        if self._filtered is not None:
            value = await self._filtered.output(value)
            if (verdict := self._filtered.verdict) and (failure := self.filtered_out(verdict)):
                return self.failed(failure)
        return self._done(value)

    def _cancelled(self, reason: CancelReason) -> Cancelled:
        bridge = self._bridge
        now = bridge.now
        return Cancelled(
            t=now,
            reason=reason,
            output=self._writer.answer,
            usage=bridge.usage(),
            duration_ms=now,
            blocked=bridge.blocked,
        )

    def _done(self, output: Any) -> Done:
        bridge, now = self._bridge, self._bridge.now
        return Done(
            t=now,
            output=output,
            finish_reason="content_filter" if isinstance(self.verdict, Refusal) else bridge.finish_reason,
            usage=bridge.usage(),
            ttft_ms=self._writer.first_token_at,
            duration_ms=now,
            blocked=bridge.blocked,
        )
