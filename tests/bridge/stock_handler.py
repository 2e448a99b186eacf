"""LangChain's own AsyncIteratorCallbackHandler in our handler's place, as far as it goes: the control."""

from collections.abc import AsyncIterator
from typing import Any

from langchain_classic.callbacks import AsyncIteratorCallbackHandler as Stock

from service.events import BridgeEvent, MessageEnd, Token


class StockHandler(Stock):
    """Tells its text as the tokens of one message, which is all that it knows.

    It is given what its users gave it: models that stream (`tap_…`), a start of chat models, and `done.set()`
    by whoever awaits the chain.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()

    def tap_output_aiter(self, run_id: Any, output: Any) -> Any:
        return output

    def tap_output_iter(self, run_id: Any, output: Any) -> Any:
        return output

    async def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        await self.on_llm_start(serialized, [], **kwargs)

    async def events(self) -> AsyncIterator[BridgeEvent]:
        async for text in self.aiter():
            yield Token(t=0, message_id="m1", step=None, channel="answer", text=text)
        yield MessageEnd(t=0, message_id="m1", finish_reason="stop")

    def close(self) -> None:
        self.done.set()
