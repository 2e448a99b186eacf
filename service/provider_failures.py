"""What an exception of a model call means, whichever SDK raised it: by its status, or by its class's name.

So no SDK need be imported, and the models that chains bring along are told in the same words. The tables name
the exceptions of openai, groq, anthropic, ollama, httpx, httpx2 and aiohttp, and Python's own.
"""

from collections.abc import Iterator

from .errors import RunFailed

_UNREACHABLE = {
    *("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"),
    *("ClientConnectorError", "ConnectionTimeoutError", "ConnectionRefusedError", "gaierror"),
}
_TIMED_OUT = {"ReadTimeout", "WriteTimeout", "APITimeoutError", "ServerTimeoutError", "TimeoutError"}
_CUT = {
    *("RemoteProtocolError", "ReadError", "WriteError", "ConnectionResetError", "BrokenPipeError"),
    *("ClientPayloadError", "ServerDisconnectedError", "ClientOSError", "IncompleteRead"),
}
_MALFORMED = {"JSONDecodeError", "UnicodeDecodeError", "APIResponseValidationError", "DecodingError"}
_UNKNOWN = "provider_failed"


def provider_failure_of(error: BaseException) -> RunFailed:
    """The RunFailed for what a model call raised."""
    causes = list(causes_of(error))
    for cause in causes:
        if isinstance(cause, RunFailed):
            return cause
    for cause in causes:
        status = getattr(cause, "status_code", None)
        if isinstance(status, int) and not isinstance(status, bool):
            return _by_status(status)
    names = {base.__name__ for cause in causes for base in type(cause).__mro__}
    return _by_name(names) or RunFailed(
        _UNKNOWN,
        f"The model call failed with {type(error).__name__}.",
        fault="provider",
        retryable=isinstance(error, OSError),
    )


def falls_back(failure: RunFailed) -> bool:
    """Whether another provider may answer where one failed so: by its fault, or since it refuses our key."""
    return failure.fault == "provider" or failure.code == "provider_auth"


def tells_of_provider(failure: RunFailed) -> bool:
    """Whether the provider is known to have failed: else it may be a request that no SDK can make."""
    return failure.code != _UNKNOWN


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _by_status(status: int) -> RunFailed:
    match status:
        case 401 | 402 | 403:
            message = f"The provider refuses the service's key, or its account ({status})."
            return RunFailed("provider_auth", message, fault="service")
        case 404:
            message = "The provider has no such model, or not for this service's key (404)."
            return RunFailed("unknown_model", message, fault="client")
        case 429:
            message = "The provider takes no more calls for now: its rate limit or quota (429)."
            return RunFailed("provider_rate_limited", message, fault="provider", retryable=True)
        case 408:
            return _timed_out()
        case _ if status in (409, 425) or status >= 500:
            message = f"The provider failed ({status})."
            return RunFailed("provider_error", message, fault="provider", retryable=True)
        case _ if status >= 400:
            message = f"The provider does not take this request ({status})."
            return RunFailed("provider_bad_request", message, fault="client")
    message = "The provider broke its answer off with an error."  # told in a stream that had begun with 200
    return RunFailed("provider_stream_error", message, fault="provider", retryable=True)


def _by_name(names: set[str]) -> RunFailed | None:
    if names & _UNREACHABLE:
        message = "The provider cannot be reached."
        return RunFailed("provider_unreachable", message, fault="provider", retryable=True)
    if names & _TIMED_OUT:
        return _timed_out()
    if names & _CUT:
        message = "The connection to the provider broke off before the answer's end."
        return RunFailed("provider_cut", message, fault="provider", retryable=True)
    if names & _MALFORMED:
        message = "The provider sent something that is not of its protocol."
        return RunFailed("provider_malformed", message, fault="provider")
    if "APIError" in names and "APIConnectionError" not in names:
        return _by_status(200)
    if "APIConnectionError" in names:
        message = "The provider cannot be reached."
        return RunFailed("provider_unreachable", message, fault="provider", retryable=True)
    return None


def _timed_out() -> RunFailed:
    message = "The provider did not answer in time."
    return RunFailed("provider_timeout", message, fault="provider", retryable=True)
