"""A graph goes on from a copy of its checkpoints as from the original."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from service.callbacks import AsyncIteratorCallbackHandler
from service.checkpoints import Saver, copy_thread, memory_checkpoints
from service.database_checkpoints import file_beside, open_saver
from service.database_url import parse_database_url
from service.graphs import AnyGraph, asks_in
from tests.graphs.approving import asking_two, booker, per_call, stopping, two_bookings
from tests.migrated import DIALECTS
from tests.postgres import Server

MESSAGES = {"messages": [("human", "go")]}
QUESTION = {"question": "q", "answers": []}
CONFIG = RunnableConfig(configurable={"thread_id": "t"})


@pytest.fixture(params=DIALECTS)
async def lasting(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Saver]:
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/x.db"
    else:
        server: Server = request.getfixturevalue("postgres")
        address = server.url(server.create_database())
    async with open_saver(parse_database_url(address)) as saver:
        await saver.setup()  # type: ignore[attr-defined]  # both have it, their base has not
        yield saver


def on(graph: Any, saver: Saver) -> AnyGraph:
    copy: AnyGraph = graph.copy(update={"checkpointer": saver})
    return copy


async def invoke(graph: AnyGraph, given: Any) -> Any:
    handler = AsyncIteratorCallbackHandler()  # for which models stream
    return await graph.ainvoke(given, {**CONFIG, "callbacks": [handler]}, durability="exit")


async def waits(graph: AnyGraph) -> list[str]:
    return sorted(interrupt.id for interrupt in (await graph.aget_state(CONFIG)).interrupts)


async def pending(saver: Saver) -> list[tuple[str, str]]:
    """What is pending at the graph's last checkpoint, in its order, but for the order in one task."""
    last = await saver.aget_tuple(CONFIG)
    assert last is not None
    by_task = groupby(last.pending_writes or (), key=lambda write: write[0])
    return [(task_id, str(sorted(write[1] for write in writes))) for task_id, writes in by_task]


@pytest.mark.parametrize(
    ("graph", "given"),
    [
        (booker, MESSAGES),
        (two_bookings, MESSAGES),
        (per_call, MESSAGES),
        (asking_two, QUESTION),
        (stopping, QUESTION),
    ],
)
async def test_a_graph_goes_on_from_a_copy_of_a_copy(lasting: Saver, graph: Any, given: Any) -> None:
    before, after = memory_checkpoints(), memory_checkpoints()
    original, copied = on(graph, before), on(graph, after)
    await invoke(original, given)
    await copy_thread(before, lasting, "t")
    assert await pending(lasting) == await pending(before)
    await copy_thread(lasting, after, "t")
    asked = await waits(original)
    assert await waits(copied) == asked
    state, other = await original.aget_state(CONFIG), await copied.aget_state(CONFIG)
    assert (other.values, other.next, other.config) == (state.values, state.next, state.config)
    answers: Any = Command(resume={each: {"type": "approve"} for each in asked}) if asked else None
    ended, expected = [await invoke(each, answers) for each in (copied, original)]
    assert told(ended) == told(expected)
    assert not (await copied.aget_state(CONFIG)).next


def told(state: Any) -> Any:
    """Without what is made up anew each time."""
    if "messages" in state:
        return [(message.type, message.content) for message in state["messages"]]
    return state


async def test_a_copy_that_was_cut_off_is_not_taken_for_a_whole_one(lasting: Saver) -> None:
    before = memory_checkpoints()
    await invoke(on(asking_two, before), QUESTION)
    asked = await waits(on(asking_two, before))
    count = 0
    while True:
        await lasting.adelete_thread("t")
        try:
            async with cut_off(lasting, after=count):
                await copy_thread(before, lasting, "t")
            break
        except ConnectionError:
            graph = on(asking_two, lasting)
            assert not await asks_in(graph, CONFIG, asked)
            count += 1
    assert count > 3
    assert await asks_in(on(asking_two, lasting), CONFIG, asked)


@asynccontextmanager
async def cut_off(saver: Any, *, after: int) -> AsyncIterator[None]:
    """A saver whose connection breaks after so many writes."""
    left = [after]
    kept = {name: getattr(saver, name) for name in ("aput", "aput_writes")}

    def counted(write: Any) -> Any:
        async def counting(*args: Any) -> Any:
            if not left[0]:
                raise ConnectionError("cut off")
            left[0] -= 1
            return await write(*args)

        return counting

    for name, write in kept.items():
        setattr(saver, name, counted(write))
    try:
        yield
    finally:
        for name, write in kept.items():
            setattr(saver, name, write)


def test_the_checkpoints_of_a_file_lie_beside_it() -> None:
    assert file_beside(Path("data/x.db")) == Path("data/x-checkpoints.db")
    assert file_beside(Path("data/x")) == Path("data/x-checkpoints")
