"""A follower of the bridge: it hears of all that the bridge hears of, but of tokens each call's first."""

from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from service.callbacks import AsyncIteratorCallbackHandler
from tests.bridge.models import chat, last


class Heard(BaseCallbackHandler):
    def __init__(self) -> None:
        self.hooks: list[str] = []

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.hooks.append("start")

    def on_llm_new_token(self, token: str | list[Any], **kwargs: Any) -> None:
        self.hooks.append(str(token))

    def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        self.hooks.append("end")


class Failing(Heard):
    def on_llm_new_token(self, token: str | list[Any], **kwargs: Any) -> None:
        raise ValueError("secret")


async def heard_by(follower: Heard, calls: int = 1) -> str:
    handler = AsyncIteratorCallbackHandler(end_with_root=False)
    handler.follower = follower
    for _ in range(calls):
        await chat(*"abc", last()).ainvoke("hi", config={"callbacks": [handler]})
    handler.close()
    return "".join([text async for text in handler.aiter()])


async def test_a_follower_hears_of_each_call_its_first_token() -> None:
    follower = Heard()
    assert await heard_by(follower, calls=2) == "abcabc"
    assert follower.hooks == ["start", "a", "end"] * 2


async def test_a_follower_that_fails_fails_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    follower = Failing()
    assert await heard_by(follower) == "abc"
    assert follower.hooks == ["start", "end"]
    assert "Error in Failing.on_llm_new_token: ValueError" in caplog.text and "secret" not in caplog.text
