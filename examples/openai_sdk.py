"""OpenAI's own SDK: a chain as `model`, streamed, and gone on with where its connection is cut.

    make run                                # in the repository, in another terminal
    pip install openai
    python examples/openai_sdk.py "What is 37*43, and what time is it in Tokyo?"

CHAINSTREAM_URL and CHAINSTREAM_KEY say where the service is and who asks. Ctrl-C cancels the run.
"""

import os
import sys
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx2
from openai import APIConnectionError, APIError, OpenAI
from openai.types.responses import ResponseStreamEvent

URL = os.environ.get("CHAINSTREAM_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("CHAINSTREAM_KEY", "none")
QUESTION = "What is 37*43, and what time is it in Tokyo?"
LAST = ("response.completed", "response.failed", "response.incomplete")
TRIES = 4  # in a row, that bring nothing new


class Cut(Exception):
    """The stream ended before the answer did, and could not be gone on with."""


class Asked:
    """One question, over however many connections its answer takes."""

    def __init__(self, client: OpenAI, question: str) -> None:
        self._client = client
        self._question = question
        self._once = uuid4().hex  # sent twice, the question starts one run
        self._seen = 0
        self.id = ""

    def events(self) -> Iterator[ResponseStreamEvent]:
        """Each event once. The SDK takes a stream that was cut for one that is over; here it goes on."""
        tries = 0
        while True:
            try:
                for event in self._connection():
                    if "response" in event.model_fields_set and not self.id:
                        self.id = event.response.id  # type: ignore[union-attr]  # those that begin have it
                    self._seen, tries = event.sequence_number, 0
                    yield event
                    if event.type in LAST:
                        return
            except APIConnectionError as error:
                if not self.id and isinstance(error.__cause__, httpx2.ConnectError):
                    raise  # there is nobody to ask
            tries += 1
            if tries > TRIES:
                raise Cut("The stream was cut off, and could not be gone on with.")
            if tries > 1:
                time.sleep(0.05 * 2**tries)

    def _connection(self) -> Iterator[ResponseStreamEvent]:
        if self.id:
            return self._client.responses.retrieve(self.id, stream=True, starting_after=self._seen)
        return self._client.responses.create(
            model="agent",
            input=self._question,
            stream=True,
            background=True,  # it goes on while nobody is connected
            extra_headers={"Idempotency-Key": self._once},
        )


def show(asked: Asked) -> None:
    """Print the answer as it is written, and what it took."""
    began = time.perf_counter()
    first = 0.0
    for event in asked.events():
        if event.type == "response.output_text.delta":
            first = first or time.perf_counter() - began
            print(event.delta, end="", flush=True)
        elif event.type == "response.output_text.done":
            print()
        elif event.type == "response.completed":
            usage, total = event.response.usage, time.perf_counter() - began
            tokens = usage.output_tokens if usage else 0
            print(f"— {tokens} tokens, the first after {first * 1000:.0f} ms, all in {total:.2f} s")
        elif event.type == "response.failed":
            sys.exit(f"The run failed: {event.response.error and event.response.error.message}")
        elif event.type == "response.incomplete":
            sys.exit(f"The run ended early: {event.response.incomplete_details}")


def main() -> None:
    client = OpenAI(base_url=f"{URL}/v1", api_key=KEY)
    asked = Asked(client, " ".join(sys.argv[1:]) or QUESTION)
    try:
        print("Chains and models:", ", ".join(model.id for model in client.models.list()))
        show(asked)
    except APIConnectionError:
        sys.exit(f"There is no service at {URL}: start it with `make run`, or set CHAINSTREAM_URL.")
    except (APIError, Cut) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        if asked.id:
            client.responses.cancel(asked.id)
        sys.exit("\nCancelled.")


if __name__ == "__main__":
    main()
