"""Structured outputs: a person, a resume and a sentiment as models of pydantic, whole and as they fill.

    make run                                          # in the repository, in another terminal
    pip install ./clients/python
    python examples/example_structured_outputs.py

Without a key the built-in model answers, which finds in a text what stands there plainly, and leaves out the
rest. TEAM_ID, MODEL_GROUP and VIRTUAL_KEY are as in example_basic_usage.py; CHAINSTREAM_URL says where the
service is.
"""

import asyncio
import os
import sys
from contextlib import aclosing
from typing import Literal, TypeVar

from chainstream_client import ChainstreamError, ConnectionFailed, SaaSLLMClient
from pydantic import BaseModel, Field, ValidationError

URL = os.environ.get("CHAINSTREAM_URL", "http://127.0.0.1:8000")
TEAM_ID = os.environ.get("TEAM_ID", "demo")
MODEL_GROUP = os.environ.get("MODEL_GROUP", "chat-fast")
VIRTUAL_KEY = os.environ.get("VIRTUAL_KEY", "none")


class Person(BaseModel):
    """A person in a text."""

    name: str = Field(description="Full name")
    age: int | None = Field(None, description="Age in years")
    occupation: str | None = Field(None, description="What the person does")


class Resume(BaseModel):
    """A candidate's resume."""

    full_name: str = Field(description="Candidate's full name")
    email: str
    phone: str | None = None
    skills: list[str] = []
    experience_years: int | None = Field(None, description="Years of experience")
    education: list[str] = Field([], description="Degrees")


class Sentiment(BaseModel):
    """What somebody thinks of something."""

    sentiment: Literal["positive", "negative", "neutral"]
    confidence: float = Field(ge=0, le=1)
    key_phrases: list[str] = []


PERSON = "John Smith is a 35-year-old software engineer."
RESUME = """\
Jane Doe
jane.doe@example.org
+1 555 010 4477

Skills: Python, FastAPI, PostgreSQL, Docker
Experience: 5 years
Education:
- BSc Computer Science, 2018
- MSc Artificial Intelligence, 2020
"""
REVIEW = (
    "A positive surprise! It exceeded all my expectations, and the service was fantastic. Confidence: 0.9."
)

Model = TypeVar("Model", bound=BaseModel)


async def extracted(client: SaaSLLMClient, model: type[Model], text: str) -> Model:
    """All at once, as instructor's `create(response_model=…)`."""
    return await client.structured_output(
        MODEL_GROUP, _asking(model, text), model, temperature=0.1, purpose=f"extract_{model.__name__.lower()}"
    )


async def filling(client: SaaSLLMClient, model: type[Model], text: str) -> tuple[Model, int]:
    """The same as it fills, in a terminal on one line that is written anew; and the number of its states. The
    last one is whole, and was validated."""
    states = client.structured_output_stream(
        MODEL_GROUP, _asking(model, text), model, temperature=0.1, purpose=f"fill_{model.__name__.lower()}"
    )
    last, count = None, 0
    async with aclosing(states):
        async for last in states:
            count += 1
            if sys.stdout.isatty():
                print(f"\r\x1b[K  {last.model_dump_json(exclude_none=True)}"[:100], end="", flush=True)
    if sys.stdout.isatty():
        print("\r\x1b[K", end="")
    assert last is not None  # noqa: S101 - a stream that does not raise ends with the whole
    return last, count


def _asking(model: type[BaseModel], text: str) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": f"Extract as JSON what the text says. {model.__doc__}"},
        {"role": "user", "content": text},
    ]


def show(title: str, model: BaseModel) -> None:
    print(title)
    for name, value in model:
        print(
            f"  {name.replace('_', ' ')}: {', '.join(value) or 'none' if isinstance(value, list) else value}"
        )


async def main() -> None:
    async with SaaSLLMClient(URL, VIRTUAL_KEY, TEAM_ID) as client:
        job_id = await client.create_job("structured_extraction", {"example": "structured_outputs"})
        print(f"Job {job_id}")
        for model, text in ((Person, PERSON), (Resume, RESUME), (Sentiment, REVIEW)):
            whole = await extracted(client, model, text)
            show(f"\n{model.__name__}", whole)
            streamed, states = await filling(client, model, text)
            print(f"  streamed in {states} states:", "the same" if streamed == whole else repr(streamed))
        completion = await client.complete_job()
        print(f"\n{completion.status}: {', '.join(call.purpose or '' for call in completion.calls)}")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except ConnectionFailed:
        sys.exit(f"There is no service at {URL}: start it with `make run`, or set CHAINSTREAM_URL.")
    except ValidationError as error:
        sys.exit(f"The model's answer is not what was asked for: {error}")
    except ChainstreamError as error:
        sys.exit(str(error))
