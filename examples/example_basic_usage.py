"""A job from its beginning to its bill: create it, call a model for it, complete it.

    make run                                          # in the repository, in another terminal
    pip install ./clients/python
    python examples/example_basic_usage.py "What is the capital of France?"

Without keys any team may have jobs. Where the service has keys, `python -m service jobs bootstrap` prints
TEAM_ID, MODEL_GROUP and VIRTUAL_KEY, which are read from the environment; CHAINSTREAM_URL says where the
service is.
"""

import asyncio
import os
import sys

from chainstream_client import ChainstreamError, ConnectionFailed, SaaSLLMClient
from chainstream_client.jobs.job_answers import JobCompletion

URL = os.environ.get("CHAINSTREAM_URL", "http://127.0.0.1:8000")
TEAM_ID = os.environ.get("TEAM_ID", "demo")
MODEL_GROUP = os.environ.get("MODEL_GROUP", "chat-fast")
VIRTUAL_KEY = os.environ.get("VIRTUAL_KEY", "none")


async def main(question: str) -> None:
    async with SaaSLLMClient(URL, VIRTUAL_KEY, TEAM_ID) as client:
        job_id = await client.create_job("chat_example", {"example": "basic_usage"})
        print(f"Job {job_id} of the team {TEAM_ID}")
        answer = await client.chat(
            MODEL_GROUP,
            [
                {"role": "system", "content": "You are a helpful assistant."},
                {"role": "user", "content": question},
            ],
            temperature=0.7,
            purpose="example_query",
        )
        print(f"\n{question}\n{answer.text}\n")
        if usage := answer.usage:
            print(f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out, of {answer.model}")
        print(told(await client.complete_job(result={"response": answer.text})))


def told(completion: JobCompletion) -> str:
    """The bill of a job, in a line."""
    costs = completion.costs
    price = "at an unknown price" if costs.total_cost_usd is None else f"for ${costs.total_cost_usd:.6f}"
    credit = "one credit" if costs.credit_applied else "no credit"
    left = (
        "credits without a bound" if costs.credits_remaining is None else f"{costs.credits_remaining} credits"
    )
    return (
        f"{completion.status}: {costs.total_calls} call(s), {costs.total_tokens} tokens {price},"
        f" {credit}; the team has {left} left"
    )


if __name__ == "__main__":
    try:
        asyncio.run(main(" ".join(sys.argv[1:]) or "What is the capital of France?"))
    except ConnectionFailed:
        sys.exit(f"There is no service at {URL}: start it with `make run`, or set CHAINSTREAM_URL.")
    except ChainstreamError as error:
        sys.exit(str(error))
