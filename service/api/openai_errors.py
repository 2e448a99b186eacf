"""Errors below /v1 as OpenAI's SDKs read them: their shape, the status that chooses a class, and retries."""

from collections.abc import Mapping

from starlette.responses import Response
from typing_extensions import TypedDict

from ..values import encode_json
from .safe_headers import SAFE

OPENAI_ROUTES = "/v1/"

_STATUSES = {402: 429, 422: 400}  # what is spent is a quota; what is invalid has no other status
_IN_VAIN = frozenset({402, 409})  # SDKs try these again, unless they are told not to
_TYPES = {401: "authentication_error", 402: "insufficient_quota", 403: "permission_error", 429: "requests"}
_CODES = {
    "rate_limited": "rate_limit_exceeded",
    "too_many_streams": "rate_limit_exceeded",
    "budget_exhausted": "insufficient_quota",
    "unknown_model": "model_not_found",
    "missing_key": "model_not_found",
}


class ErrorBody(TypedDict):
    """What was wrong, and what would be right; `param` is the part of the request, `code` is for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(TypedDict):
    """An error in OpenAI's shape."""

    error: ErrorBody


def openai_error(
    status: int, code: str, message: str, param: str | None, headers: Mapping[str, str]
) -> Response:
    """What elsewhere is a problem of this status and code."""
    code = _CODES.get(code, code)
    if code == "model_not_found":
        status = 404
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    body = OpenAIError(error=ErrorBody(message=message, type=kind, param=param, code=code))
    advice = {"x-should-retry": "false"} if status in _IN_VAIN else {}
    told = {**SAFE, **advice, **headers}
    return Response(encode_json(body), _STATUSES.get(status, status), told, media_type="application/json")
