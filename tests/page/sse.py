"""Streams that the service never sends, or that no test chain makes it send."""

import json
from typing import Any

RUN_ID = "01jd0000000000000000000000"

Event = tuple[str, dict[str, Any]]

STARTED: Event = ("run", {"t": 0, "run_id": RUN_ID, "chain": "made", "model": None, "attempt": 1})
DONE: Event = ("done", {"t": 9, "output": "", "finish_reason": "stop", "ttft_ms": 1, "duration_ms": 9})


def stream(*events: Event, first: int = 1, run_id: str = RUN_ID) -> str:
    """These events in the format `events`, numbered from `first`."""
    frames = (
        f"id: {run_id}.1.{seq}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
        for seq, (name, data) in enumerate(events, first)
    )
    return f"retry: 500\nid: {run_id}.0.0\n\n{''.join(frames)}"


def token(text: str, message_id: str = "m1", channel: str = "answer") -> Event:
    return "token", {"t": 1, "message_id": message_id, "step": None, "channel": channel, "text": text}


def tool_call(tool_call_id: str, args_delta: str, message_id: str = "m1", name: str = "look") -> Event:
    data = {"t": 1, "message_id": message_id, "step": None, "index": 0, "args_delta": args_delta}
    return "tool_call", {**data, "tool_call_id": tool_call_id, "name": name}


def tool(name: str, tool_call_id: str, **data: Any) -> Event:
    """A tool event other than `tool_call`."""
    return name, {"t": 1, "tool_call_id": tool_call_id, "name": "look", **data}


def approval(interrupt_id: str, *requests: dict[str, Any], value: Any = None) -> Event:
    return "approval", {"t": 2, "interrupt_id": interrupt_id, "value": value, "requests": list(requests)}


def request(name: str, *allowed: str, tool_call_id: str = "c1", **arguments: Any) -> dict[str, Any]:
    """What an approval asks of one tool call; without `allowed`, anything."""
    choices = list(allowed or ("approve", "edit", "reject", "respond"))
    return {"tool_call_id": tool_call_id, "name": name, "input": arguments, "allowed": choices}


def paused(at: int, *interrupt_ids: str) -> str:
    """The control frame that ends the stream of a run that waits, whose last event is number `at`."""
    data = json.dumps({"interrupt_ids": interrupt_ids})
    return f"id: {RUN_ID}.1.{at}\nevent: paused\ndata: {data}\n\n"
