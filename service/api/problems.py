"""Errors as HTTP: RFC 9457 problem details, one status for each kind of error, in one place."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, NotRequired

from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette._utils import get_route_path  # private, but what routes are matched by, so no way around
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import TypedDict

from ..errors import (
    BudgetExhausted,
    ChainstreamError,
    Overloaded,
    RefusedParam,
    RequestError,
    SpentBudget,
    Unauthorized,
)
from ..values import encode_json, to_json
from .openai_errors import OPENAI_ROUTES, openai_error
from .safe_headers import SAFE

_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request", 413: "body_too_large"}


class Problem(TypedDict):
    """RFC 9457. `code` is for programs, `detail` for people: what was wrong, and what would be right."""

    type: Literal["about:blank"]
    title: str
    status: int
    code: str
    detail: str
    request_id: str | None
    budget: NotRequired[SpentBudget]


class _Told(Response):
    """An error, which is told as OpenAI tells them where the request was for its routes."""

    def __init__(self, body: Problem, headers: dict[str, str], param: str | None) -> None:
        self._told = body, headers, param
        media_type = "application/problem+json"
        super().__init__(encode_json(to_json(body)), body["status"], SAFE | headers, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and get_route_path(scope).startswith(OPENAI_ROUTES):
            body, headers, param = self._told
            error = openai_error(body["status"], body["code"], body["detail"], param, headers)
            await error(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def problem(
    status: int,
    code: str,
    detail: str,
    headers: dict[str, str] | None = None,
    budget: SpentBudget | None = None,
    param: str | None = None,
) -> Response:
    """The response that tells of an error; `param` is the field of the request that is to blame."""
    body: Problem = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": correlation_id.get(),
    }
    if budget is not None:
        body["budget"] = budget
    return _Told(body, headers or {}, param)


def install_problem_handlers(app: FastAPI) -> None:
    app.exception_handler(ChainstreamError)(_ours)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(Exception)(_unexpected)


def problem_of(error: ChainstreamError) -> Response:
    """One of our own errors."""
    if isinstance(error, Overloaded):
        status = 503 if error.busy else 429
        return problem(status, error.code, error.message, {"Retry-After": str(error.retry_after)})
    if isinstance(error, Unauthorized):
        return problem(error.status, error.code, error.message, {"WWW-Authenticate": "Bearer"})
    if isinstance(error, BudgetExhausted):
        return problem(error.status, error.code, error.message, budget=error.budget)
    if isinstance(error, RefusedParam):
        return problem(error.status, error.code, error.message, param=error.param)
    if isinstance(error, RequestError):
        return problem(error.status, error.code, error.message)
    return problem(500, error.code, error.message)


async def _ours(request: Request, error: ChainstreamError) -> Response:
    return problem_of(error)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    errors = error.errors()
    if any(each["type"] == "json_invalid" for each in errors):
        said = errors[0].get("ctx", {}).get("error", "")
        return problem(400, "malformed_json", f"The body is not JSON: {said}.")
    if get_route_path(request.scope).startswith(OPENAI_ROUTES):
        return _invalid_of_openai(error)
    return problem(422, "invalid_request", "; ".join(sentence_of(each) for each in errors))


def _invalid_of_openai(error: RequestValidationError) -> Response:
    """With the path of the first field that is to blame, and a code where it is not known at all."""
    errors = [{**each, "loc": (each["loc"][0], *_path_in(error.body, each))} for each in error.errors()]
    first = errors[0]
    code = "unsupported_parameter" if first["type"] == "extra_forbidden" else "invalid_request"
    said = "; ".join(sentence_of(each) for each in errors)
    return problem(422, code, said, param=".".join(map(str, first["loc"][1:])) or None)


def _path_in(body: Any, error: Mapping[str, Any]) -> Iterator[object]:
    """Where the error is, without the names that pydantic gives to the choices of a union."""
    *path, last = error["loc"]
    for part in path[1:]:
        if isinstance(body, dict) and part in body:
            body = body[part]
            yield part
        elif isinstance(body, list) and isinstance(part, int):
            body = body[part]
            yield part
    if error["type"] == "missing" or (isinstance(body, dict) and last in body) or isinstance(last, int):
        yield last


def sentence_of(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors, for people."""
    where = _where(error["loc"] or ("message",))  # of a WebSocket; all else says where it was
    if error["type"] == "missing":
        return f"{where} is missing"
    if error["type"] == "extra_forbidden":
        return f"{where} is not known here"
    message = str(error["msg"])
    return f"{where}: {message[:1].lower()}{message[1:]}"


def _where(loc: Sequence[object]) -> str:
    kind, *path = loc
    if not path:
        return f"the {kind}"
    return f"{kind} field '{'.'.join(map(str, path))}'"


async def _http(request: Request, error: HTTPException) -> Response:
    code = _HTTP_CODES.get(error.status_code, "http_error")
    detail = str(error.detail)
    if error.status_code == 404:
        detail = f"There is no route {request.method} {request.url.path}; {_docs(request)} lists all."
    if error.status_code == 405:
        detail = f"{request.url.path} does not take {request.method}; {_docs(request)} lists what it takes."
    return problem(error.status_code, code, detail, dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> Response:
    return problem(500, "internal_error", "The service failed; its log has more under the request id.")


def _docs(request: Request) -> str:
    return f"{request.scope.get('root_path', '')}/docs"
