"""The slow tool: a survey in steps, each of which tells its progress as a custom event."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.tools import StructuredTool, ToolException

MAX_STEPS = 20
MAX_TOPIC = 200
SECONDS_A_STEP = 0.4

_STAGES = ("collecting sources", "reading", "asking around", "comparing", "weighing the findings")


def survey_tool(seconds_a_step: float = SECONDS_A_STEP) -> StructuredTool:
    """The tool, at a pace. Each step dispatches "progress" with {"done", "total", "step"}."""

    def survey(topic: str, steps: int = 5) -> str:
        """Run a slow survey: research or investigate a topic step by step, telling its progress.

        Args:
            topic: What to research.
            steps: In how many steps, from 1 to 20.
        """
        for progress in _progress(topic, steps):
            time.sleep(seconds_a_step)
            dispatch_custom_event("progress", progress)
        return _report(topic, steps)

    async def survey_async(topic: str, steps: int = 5) -> str:
        for progress in _progress(topic, steps):
            await asyncio.sleep(seconds_a_step)
            await adispatch_custom_event("progress", progress)
        return _report(topic, steps)

    return StructuredTool.from_function(
        func=survey, coroutine=survey_async, name="survey", parse_docstring=True, handle_tool_error=True
    )


def _progress(topic: str, steps: int) -> Iterator[dict[str, Any]]:
    """What each step tells, in order. Raises ToolException before the first where the bounds are not kept."""
    if not topic.strip() or len(topic) > MAX_TOPIC:
        raise ToolException(f"A survey needs a topic of at most {MAX_TOPIC} characters.")
    if not 1 <= steps <= MAX_STEPS:
        raise ToolException(f"A survey takes from 1 to {MAX_STEPS} steps, not {steps}.")
    for done in range(1, steps + 1):
        stage = _STAGES[(done - 1) * len(_STAGES) // steps]
        yield {"done": done, "total": steps, "step": f"{stage}: {topic}"}


def _report(topic: str, steps: int) -> str:
    done = f"The survey of “{topic}” is done: {steps} of {steps} steps."
    return f"{done} It is a demonstration and read no real sources."
