"""A job whose answer is shown while it is written, with its figures: first token, tokens a second, total.

    make run                                          # in the repository, in another terminal
    pip install ./clients/python
    python examples/example_streaming.py "Tell me a story about the sea"

Where a connection is cut, the client comes back and goes on; what cannot be had whole is an error. TEAM_ID,
MODEL_GROUP and VIRTUAL_KEY are as in example_basic_usage.py; CHAINSTREAM_URL says where the service is.
"""

import asyncio
import os
import sys
import time
from contextlib import aclosing
from dataclasses import dataclass, field

from chainstream_client import CallFailed, ChainstreamError, ConnectionFailed, SaaSLLMClient

URL = os.environ.get("CHAINSTREAM_URL", "http://127.0.0.1:8000")
TEAM_ID = os.environ.get("TEAM_ID", "demo")
MODEL_GROUP = os.environ.get("MODEL_GROUP", "chat-fast")
VIRTUAL_KEY = os.environ.get("VIRTUAL_KEY", "none")


@dataclass
class Figures:
    """When what came, on this side of the network."""

    asked: float = field(default_factory=time.perf_counter)
    first: float | None = None
    last: float = 0.0
    pieces: int = 0
    tokens: int | None = None  # as the provider counts them, once it has said so

    def piece(self) -> None:
        self.last = time.perf_counter()
        self.first = self.first or self.last
        self.pieces += 1

    def __str__(self) -> str:
        if self.first is None:
            return "nothing came"
        tokens, written = self.tokens or self.pieces, self.last - self.first
        pace = f"{(tokens - 1) / written:.0f} tokens/s" if written and tokens > 1 else "all at once"
        return (
            f"first token {(self.first - self.asked) * 1000:.0f} ms · {tokens} tokens · {pace}"
            f" · total {self.last - self.asked:.2f} s"
        )


async def main(question: str) -> None:
    async with SaaSLLMClient(URL, VIRTUAL_KEY, TEAM_ID) as client:
        job_id = await client.create_job("streaming_example", {"example": "streaming"})
        print(f"Job {job_id}\n")
        try:
            text, figures = await shown(client, question)
        except CallFailed as error:
            await client.complete_job(status="failed", error_message=str(error))
            raise
        print(f"\n\n{figures}")
        completion = await client.complete_job(result={"response": text})
        print(
            f"{completion.status}, {len(text)} characters, credit applied: {completion.costs.credit_applied}"
        )


async def shown(client: SaaSLLMClient, question: str) -> tuple[str, Figures]:
    """What was answered, printed as it came."""
    figures, text = Figures(), ""
    chunks = client.chat_stream(
        MODEL_GROUP,
        [{"role": "user", "content": question}],
        stream_options={"include_usage": True},
        purpose="streamed_answer",
    )
    async with aclosing(chunks):
        async for chunk in chunks:
            if chunk.usage:
                figures.tokens = chunk.usage.completion_tokens
            if chunk.restart:  # its own text is a note for people: another model answers anew
                print(chunk.text, end="", flush=True)
                text = ""
            elif chunk.text:
                figures.piece()
                text += chunk.text
                print(chunk.text, end="", flush=True)
    return text, figures


if __name__ == "__main__":
    try:
        asyncio.run(main(" ".join(sys.argv[1:]) or "Tell me a story about the sea"))
    except ConnectionFailed:
        sys.exit(f"There is no service at {URL}: start it with `make run`, or set CHAINSTREAM_URL.")
    except ChainstreamError as error:
        sys.exit(f"\n{error}")
