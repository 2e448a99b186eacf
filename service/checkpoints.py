"""Checkpoints of graphs that wait for a person: in memory while they run, copied to where they last."""

from itertools import groupby
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

Saver = BaseCheckpointSaver[Any]


class _LenientSerializer(JsonPlusSerializer):
    """Copies what it can, and keeps the rest as it is: in memory nothing needs to be bytes."""

    def dumps_typed(self, obj: Any) -> tuple[str, Any]:
        try:
            return super().dumps_typed(obj)
        except Exception:
            return "as it is", obj

    def loads_typed(self, data: tuple[str, Any]) -> Any:
        return data[1] if data[0] == "as it is" else super().loads_typed(data)


def memory_checkpoints() -> InMemorySaver:
    """For graphs while they run; a state of any Python values."""
    return InMemorySaver(serde=_LenientSerializer(allowed_msgpack_modules=True))


def lasting_serializer() -> JsonPlusSerializer:
    """As memory's, but everything becomes bytes, or raises what serializing it raises."""
    return JsonPlusSerializer(allowed_msgpack_modules=True)


async def copy_thread(from_: Saver, to: Saver, thread_id: str) -> None:
    """All checkpoints of a thread with what is pending there, to a saver that has none of it.

    The graph's own last checkpoint comes last, with its interrupts: where those are, all is that belongs to
    them, so a copy that was cut off is never taken for a whole one.
    """
    found = [each async for each in from_.alist(_config(thread_id))]
    for each in sorted(found, key=_place):
        await _put(each, to)


def _place(found: CheckpointTuple) -> tuple[bool, str]:
    at = found.config["configurable"]
    return at["checkpoint_ns"] == "", at["checkpoint_id"]


async def _put(found: CheckpointTuple, to: Saver) -> None:
    at = found.config["configurable"]
    config = _config(at["thread_id"], checkpoint_ns=at["checkpoint_ns"])
    if found.parent_config is not None:
        config["configurable"]["checkpoint_id"] = found.parent_config["configurable"]["checkpoint_id"]
    versions = found.checkpoint["channel_versions"]
    saved = await to.aput(config, found.checkpoint, found.metadata, versions)
    by_task = groupby(found.pending_writes or (), key=lambda write: write[0])
    for number, (task_id, writes) in enumerate(by_task):
        # Savers order writes by their task's path, which they keep to themselves: numbers keep the order.
        await to.aput_writes(saved, [write[1:] for write in writes], task_id, f"{number:06}")


def _config(thread_id: str, **others: str) -> RunnableConfig:
    return RunnableConfig(configurable={"thread_id": thread_id, **others})
