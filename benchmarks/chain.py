"""The model that all systems run: a `ChatOpenAI` at the upstream, as in a user's own module."""

import os
from typing import Any

from langchain_openai import ChatOpenAI


def chat_model(**options: Any) -> ChatOpenAI:
    """`options` are those that make no other answer of it."""
    return ChatOpenAI(
        model="clock",
        base_url=os.environ.get("BENCHMARK_UPSTREAM", "http://127.0.0.1:9/v1"),
        streaming=True,
        stream_usage=True,
        **options,
    )
