"""What instructor makes of a service's answers, as a JSON list: `python asking.py URL MODEL=MODE…`.

Runs in instructor's own environment, and so imports nothing of the project.
"""

import asyncio
import json
import sys
from typing import Any

import instructor  # type: ignore[import-not-found,unused-ignore]  # of an environment of its own
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

TEXT = "Ann Lee (ann@example.com) is 34 years old."


class Person(BaseModel):
    """A person."""

    name: str
    age: int
    email: str


def told(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value


async def asynchronous(url: str, mode: instructor.Mode, asked: dict[str, Any]) -> list[Any]:
    client = instructor.from_openai(AsyncOpenAI(base_url=url, api_key="any", max_retries=0), mode=mode)
    partials = client.chat.completions.create_partial(response_model=Person, **asked)
    return [told(value) async for value in partials]


def answers(url: str, model: str, mode_name: str) -> dict[str, Any]:
    mode = instructor.Mode[mode_name]
    client = instructor.from_openai(OpenAI(base_url=url, api_key="any", max_retries=0), mode=mode)
    asked: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": TEXT}],
        "max_retries": 0,
    }
    whole, completion = client.chat.completions.create_with_completion(response_model=Person, **asked)
    partials = client.chat.completions.create_partial(response_model=Person, **asked)
    return {
        "whole": told(whole),
        "finish": completion.choices[0].finish_reason,
        "partials": [told(value) for value in partials],
        "asynchronous": asyncio.run(asynchronous(url, mode, asked)),
        "several": [
            told(each) for each in client.chat.completions.create_iterable(response_model=Person, **asked)
        ]
        if mode_name == "TOOLS"
        else [],
    }


if __name__ == "__main__":
    url, *wanted = sys.argv[1:]
    sys.stdout.write(json.dumps([answers(url, *each.rsplit("=", 1)) for each in wanted]))
