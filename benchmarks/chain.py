"""The model of the services that ours is compared with: a `ChatOpenAI` at the upstream (OPENAI_BASE_URL)."""

from langchain_openai import ChatOpenAI

MODEL = "clock"


def chat_model() -> ChatOpenAI:
    """It streams, and asks for usage, as ours does."""
    return ChatOpenAI(model=MODEL, streaming=True, stream_usage=True)
