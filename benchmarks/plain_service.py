"""The baseline: what people write today to stream a chat model, with LangChain's stock handler.

It is the tutorials' code on purpose. The stock handler may lose the last tokens of a burst: they are counted.
"""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from langchain_classic.callbacks import AsyncIteratorCallbackHandler
from langchain_core.messages import HumanMessage

from .chain import chat_model

app = FastAPI()
model = chat_model()


async def answer(query: str) -> AsyncIterator[str]:
    handler = AsyncIteratorCallbackHandler()
    task = asyncio.create_task(model.ainvoke([HumanMessage(query)], config={"callbacks": [handler]}))
    async for token in handler.aiter():
        yield f"data: {token}\n\n"
    await task
    yield "data: [DONE]\n\n"


@app.get("/stream")
async def stream(query: str) -> StreamingResponse:
    return StreamingResponse(answer(query), media_type="text/event-stream")
