"""The chain that both services run: one `ChatOpenAI` at the upstream, as in a user's own module."""

import os

from langchain_openai import ChatOpenAI

chain = ChatOpenAI(
    model="clock",
    base_url=os.environ.get("BENCHMARK_UPSTREAM", "http://127.0.0.1:9/v1"),
    streaming=True,
    stream_usage=True,
)
