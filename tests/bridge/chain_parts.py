"""What random chains are built of beside models: inputs, a retriever, tools' arguments, a graph's state."""

import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import BaseModel, model_validator


class Given(Runnable[Any, Any]):
    """Hands a fixed value on, and tells no callback."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        return self._value

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        return self._value


class Shelf(BaseRetriever):
    """Finds documents that bear the number that it noted."""

    search: Any

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        found: list[Document] = self.search()
        return found


class ToolInput(BaseModel):
    key: str
    number: int = 0


def refusing_input(note_fault: Callable[[], None]) -> type[ToolInput]:
    """Arguments that no call here has."""

    class RefusingInput(ToolInput):
        @model_validator(mode="before")
        @classmethod
        def refuse(cls, given: Any) -> Any:
            note_fault()
            raise ValueError("refused")

    return RefusingInput


class State(TypedDict):
    said: Annotated[list[str], operator.add]
