"""What holds for the events of every run that was told to its end, whatever the chain did."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from service.events import (
    BridgeEvent,
    MessageEnd,
    Reasoning,
    StepEnd,
    StepStart,
    Token,
    ToolCall,
    ToolEnd,
    ToolError,
    ToolProgress,
    ToolStart,
    Usage,
    encode_event,
)


def breaches(events: Sequence[BridgeEvent], *, nested: bool = True) -> list[str]:
    """What is wrong with these events. `nested` is false where parts of a chain outlive what failed
    around them: then a step may end after its parent."""
    return [*_time(events), *_messages(events), *_tools(events), *_steps(events, nested), *_encoding(events)]


def _time(events: Sequence[BridgeEvent]) -> Iterator[str]:
    for before, after in pairwise(events):
        if after.t < before.t:
            yield f"time runs backwards: {before} then {after}"


def _messages(events: Sequence[BridgeEvent]) -> Iterator[str]:
    written, ended = set(), set()
    for event in events:
        if isinstance(event, Token | Reasoning | ToolCall):
            written.add(event.message_id)
            if event.message_id in ended:
                yield f"written after its message's end: {event}"
        elif isinstance(event, MessageEnd):
            if event.message_id in ended:
                yield f"a second end: {event}"
            ended.add(event.message_id)
        elif isinstance(event, Usage) and event.message_id not in ended:
            yield f"usage before its message's end: {event}"
    if unended := written - ended:
        yield f"messages without an end: {sorted(unended)}"


def _tools(events: Sequence[BridgeEvent]) -> Iterator[str]:
    open_: Counter[str] = Counter()
    for event in events:
        if isinstance(event, ToolStart):
            open_[event.tool_call_id] += 1
        elif isinstance(event, ToolEnd) or (isinstance(event, ToolError) and event.code != "not_run"):
            open_[event.tool_call_id] -= 1
            if open_[event.tool_call_id] < 0:
                yield f"a tool ended that had not started: {event}"
        elif isinstance(event, ToolProgress) and open_[event.tool_call_id] < 1:
            yield f"progress of a tool that is not running: {event}"
    if unended := [tool for tool, count in open_.items() if count > 0]:
        yield f"tools without an end: {unended}"


def _steps(events: Sequence[BridgeEvent], nested: bool) -> Iterator[str]:
    open_: dict[str, StepStart] = {}
    started = set()
    for event in events:
        if isinstance(event, StepStart):
            if event.step in started:
                yield f"a second start: {event}"
            if nested and event.parent is not None and event.parent not in open_:
                yield f"a step began outside its parent: {event}"
            open_[event.step] = event
            started.add(event.step)
        elif isinstance(event, StepEnd):
            start = open_.pop(event.step, None)
            if start is None or (start.name, start.parent) != (event.name, event.parent):
                yield f"an end without its start: {event}"
            if nested and any(step.parent == event.step for step in open_.values()):
                yield f"a step ended before a step in it: {event}"
        elif nested and isinstance(event, Token | ToolStart) and event.step and event.step not in open_:
            yield f"in a step that is over: {event}"
    if open_:
        yield f"steps without an end: {sorted(open_)}"


def _encoding(events: Sequence[BridgeEvent]) -> Iterator[str]:
    for event in events:
        try:
            encode_event(event)
        except Exception as error:
            yield f"cannot be encoded ({error}): {event}"
