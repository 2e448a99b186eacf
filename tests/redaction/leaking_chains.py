"""Chains that tell what must not be told, in every kind of event, cut where chance has it.

A prompt names its seed, `seed=7`; what is hidden in that run is in HIDDEN.
"""

import json
import random
import re
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun, adispatch_custom_event
from langchain_core.documents import Document
from langchain_core.exceptions import OutputParserException
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict

from tests.bridge.models import ScriptedChat
from tests.redaction.samples import MADE, split

HIDDEN: dict[int, list[str]] = {}
GOT: list[Any] = []  # what the tool was given: the ledger


class _Leak:
    """One run's texts with something hidden in each, and all of what is."""

    def __init__(self, prompt: str) -> None:
        found = re.search(r"seed=(\d+)", prompt)
        seed = int(found[1]) if found else 0
        self.chance = random.Random(seed)
        self.hidden = HIDDEN.setdefault(seed, [])

    def text(self, about: str) -> str:
        kind = self.chance.choice([*MADE])
        hidden = self.chance.choice(MADE[kind])(self.chance)
        self.hidden.append(hidden)
        return f"{about} is {hidden} , you know."

    def pieces(self, about: str) -> list[str]:
        return split(self.chance, self.text(about))


@tool
async def look(where: str) -> dict[str, Any]:
    """Tells what it was given, as it goes on and at its end."""
    GOT.append(where)
    await adispatch_custom_event("looking", {"at": where})
    return {"found": [where, {where: 1}], "long": "x" * 40_000 if "long" in where else ""}


@tool
async def stumble(where: str) -> str:
    """Fails with what it was given."""
    raise ValueError(f"cannot {where}")


class Shelf(BaseRetriever):
    """Finds one document, which says what was asked."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document(query, metadata={"source": f"https://example.org/{query}", "title": query})]


async def _leak(prompt: Any, config: RunnableConfig) -> str:
    leak = _Leak(str(prompt))
    args = json.dumps({"where": leak.text("the place"), "n": 1}, ensure_ascii=leak.chance.random() < 0.5)
    calls = [
        {
            "tool_call_chunks": [
                tool_call_chunk(
                    name="look" if not at else None, args=piece, id="c1" if not at else None, index=0
                )
            ]
        }
        for at, piece in enumerate(split(leak.chance, args))
    ]
    thoughts = [{"additional_kwargs": {"reasoning_content": piece}} for piece in leak.pieces("the thought")]
    inner = ScriptedChat(replies=[[*thoughts, *leak.pieces("the note")]]).with_config(tags=["inner"])
    await inner.ainvoke("x", config)
    await ScriptedChat(replies=[[*leak.pieces("the plan"), *calls]]).ainvoke("x", config)
    await look.ainvoke({"type": "tool_call", "id": "c1", "name": "look", "args": json.loads(args)}, config)
    await look.ainvoke({"where": leak.text("the long one") + " long"}, config)
    try:
        await stumble.ainvoke({"where": leak.text("the fault")}, config)
    except ValueError:
        await adispatch_custom_event("note", [leak.text("the custom"), 4111111111111111], config=config)
    await Shelf().ainvoke(leak.text("the question"), config)
    whole = leak.text("the partial")
    for end in range(0, len(whole), 7):
        await adispatch_custom_event("partial", {"said": whole[:end]}, config=config)
    if "fails" in str(prompt):
        said = leak.text("the observation")
        raise OutputParserException("no", observation=said, llm_output=said, send_to_llm=True)
    answer = await ScriptedChat(replies=[leak.pieces("the answer")]).ainvoke("x", config)
    return str(answer.content)


leaking = RunnableLambda(_leak)


class Asked(TypedDict):
    prompt: str
    said: str


def _ask(state: Asked) -> dict[str, Any]:
    leak = _Leak(state["prompt"])
    return {"said": f"{interrupt({'question': leak.text('the matter')})} {leak.text('the end')}"}


asking = StateGraph(Asked).add_node("ask", _ask).add_edge(START, "ask").compile()
