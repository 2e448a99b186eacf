"""Turns of threads, where no service is needed to see them."""

import anyio
import pytest

from service.errors import Overloaded
from service.event_log.memory import MemoryEventLog
from service.run import Run, RunRequest
from service.turns import Turns
from tests.history.recorded import recorded

pytestmark = pytest.mark.anyio


async def test_who_waits_for_a_thread_is_refused_once_the_process_ends() -> None:
    refused: list[Overloaded] = []
    async with recorded(MemoryEventLog(60, 1 << 20)) as (_, history), anyio.create_task_group() as group:
        turns = Turns(history, cancel=lambda run_id: None)
        run = Run("0" * 26, "chat", None, {}, cancel_when_left=False)
        run.thread_id = "t"
        turns.begin(run)

        async def wait() -> None:
            with pytest.raises(Overloaded) as caught:
                async with turns.taken("", "t", RunRequest(input="and?", on_busy="wait")):
                    pass
            refused.append(caught.value)

        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert not refused
        turns.close()
    assert refused[0].code == "draining"
