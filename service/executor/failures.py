"""What an exception that ended a chain means: a code, whose fault it was, whether to try again.

The sentences are for clients and name no secret, path or prompt: an exception's own text may hold any of
them, so it goes to the service's log alone.
"""

import asyncio

from langchain_core.exceptions import OutputParserException
from langgraph.errors import GraphRecursionError

from ..bridge import Bridge, BridgeError
from ..errors import RunFailed
from ..provider_failures import causes_of, provider_failure_of
from ..values import clean_text

OBSERVATION_MAX_CHARS = 1_000


def failure_of(error: BaseException, bridge: Bridge) -> RunFailed:
    """The RunFailed that tells clients of `error`; the bridge knows which errors tools and models raised."""
    if isinstance(error, RunFailed):
        return error
    name = type(error).__name__
    if isinstance(error, BridgeError):
        return RunFailed("bridge_failed", "The service lost an event of this run.", fault="service")
    if isinstance(error, GraphRecursionError):
        message = "The graph took more steps than its recursion limit allows."
        return RunFailed("recursion_limit", message, fault="chain")
    causes = list(causes_of(error))
    if any(cause in bridge.tool_errors for cause in causes):
        return RunFailed(
            "tool_failed", f"A tool raised {name}, and the chain did not handle it.", fault="tool"
        )
    if of_model := next((cause for cause in causes if cause in bridge.model_errors), None):
        return provider_failure_of(of_model)
    if isinstance(error, OutputParserException):
        return _invalid_output(error)
    if isinstance(error, asyncio.CancelledError):
        return RunFailed("chain_failed", "The chain cancelled itself.", fault="chain")
    return RunFailed("chain_failed", f"The chain raised {name}; the service's log has more.", fault="chain")


def _invalid_output(error: OutputParserException) -> RunFailed:
    """LangChain's `observation` is what may be told of the error: to a model that is to do better, say."""
    told = f": {clean_text(error.observation[:OBSERVATION_MAX_CHARS])}" if error.observation else ""
    message = f"What the model wrote is not what the chain needs{told}."
    return RunFailed("invalid_output", message, fault="provider", retryable=True)
