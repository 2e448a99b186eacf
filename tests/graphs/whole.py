"""Runs over HTTP, whole: every event with every field that is the same in each run, one line an event."""

import json
from collections.abc import Sequence
from typing import Any

from tests.serving import Answer, Served

CHANGING = (
    "t",
    "duration_ms",
    "ttft_ms",
    "created_at",
    "run_id",
    "protocol",
    "attempt",
    "interrupt_id",
    "usage",
    "blocked",
)


def started(served: Served, chain: str, given: Any, **fields: Any) -> Answer:
    """Starts a run and reads it to its end, or to where it waits."""
    body = {"chain": chain, "input": given, **fields}
    return served.post("/runs/stream", json.dumps(body).encode())


def events_in(answer: Answer) -> list[tuple[str, dict[str, Any]]]:
    frames = [frame.split("\n") for frame in answer.text.split("\n\n") if "event: " in frame]
    named = [dict(line.split(": ", 1) for line in frame) for frame in frames]
    return [(frame["event"], json.loads(frame["data"])) for frame in named]


def told(answer: Answer) -> list[str]:
    """`name field=value …`, the tokens of a message joined, fields that are null left out."""
    lines: list[str] = []
    speaking: tuple[object, ...] = ()
    for name, data in events_in(answer):
        if name == "token" and speaking == (speaking := (data["message_id"], data["channel"])):
            lines[-1] += data["text"]
            continue
        if name != "token":
            speaking = ()
        lines.append(_line(name, data))
    return [line.rstrip() for line in lines]


def _line(name: str, data: dict[str, Any]) -> str:
    shown = {field: value for field, value in data.items() if field not in CHANGING and value is not None}
    return " ".join([name, *(f"{field}={_value(value)}" for field, value in shown.items())])


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def decided(served: Served, answer: Answer, *decisions: Sequence[dict[str, Any]]) -> Answer:
    """Answers the approvals that a run waits for, in their order, and reads on from there."""
    run_id = answer.headers["x-run-id"]
    asked = [data["interrupt_id"] for name, data in events_in(answer) if name == "approval"]
    for interrupt_id, each in zip(asked, decisions, strict=True):
        accepted = decide(served, run_id, interrupt_id, each)
        assert accepted.status == 200, accepted.text
    return served.get(f"/runs/{run_id}/events", {"Last-Event-ID": last_id(answer)})


def decide(served: Served, run_id: str, interrupt_id: str, decisions: Sequence[dict[str, Any]]) -> Answer:
    body = json.dumps({"decisions": decisions}).encode()
    return served.post(f"/runs/{run_id}/approvals/{interrupt_id}", body)


def last_id(answer: Answer) -> str:
    return [line for line in answer.text.split("\n") if line.startswith("id: ")][-1].removeprefix("id: ")
