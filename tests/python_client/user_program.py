"""What people write against the client, for the type checker: what is said of a type is so."""

from typing import assert_never, assert_type

from chainstream_client import (
    Approval,
    Approve,
    AsyncChainstream,
    Chainstream,
    ChainstreamError,
    Event,
    RateLimited,
    Run,
    SaaSLLMClient,
    StreamTruncated,
)
from pydantic import BaseModel


class Person(BaseModel):
    name: str


def shown(event: Event) -> str:
    """Narrowed by `type`, to the last one."""
    if event.type == "token":
        return assert_type(event.text, str)
    match event.type:
        case "run" | "reasoning" | "tool_call" | "message_end" | "usage" | "restart":
            return event.id
        case "tool_start" | "tool_progress" | "tool_end" | "tool_error":
            return assert_type(event.name, str)
        case "step_start" | "step_end" | "sources" | "custom" | "partial" | "approval":
            return str(event.seq)
        case "done":
            return str(assert_type(event.usage.cost_usd, float | None))
        case "error" | "cancelled" | "gap" | "paused" | "unknown":
            return event.type
        case _:
            assert_never(event.type)


def read() -> list[str]:
    told: list[str] = []
    try:
        with Chainstream("http://localhost:8000", api_key="key") as client:
            assert_type(client.wait("hi", chain="chat", params={"temperature": 0}), Run)
            with client.stream("hi", on_disconnect="continue") as stream:
                for event in stream:
                    told.append(shown(event))
                    if isinstance(event, Approval):
                        stream.decide(event, Approve())
    except RateLimited as error:
        assert_type(error.retry_after, float | None)
    except StreamTruncated as error:
        assert_type((error.run_id, error.cursor), tuple[str | None, str | None])
    except ChainstreamError:
        raise
    return told


async def read_too() -> Person:
    async with AsyncChainstream() as client, client.resume("run", after=7) as stream:
        async for event in stream:
            assert_type(event.id, str)
    async with SaaSLLMClient("http://localhost:8000", "key", "red") as jobs:
        await jobs.create_job("any")
        async for person in jobs.structured_output_stream("chat-fast", [], Person, temperature=0.2):
            assert_type(person, Person)
        return await jobs.structured_output("chat-fast", [], Person)
