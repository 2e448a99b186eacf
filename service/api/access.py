"""Who asks, as the routes are told: each names what its callers need to be allowed."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, APIKeyQuery, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from .. import log_context
from ..access.caller import ANYONE, Caller, Scope
from ..errors import Forbidden, HeaderTooLarge, Unauthorized
from .admission import admit
from .reach import is_local
from .services import Services, ServicesOf

HOW = "send it as `Authorization: Bearer <key>` or `X-API-Key: <key>`"
LONGEST_CREDENTIAL = 8192  # characters; of JWTs with many claims, a few thousand
NO_KEY_CONFIGURED = (
    "This route takes nobody without a key, and this service has none: set API_KEY, or make one with"
    " `keys create`."
)

_KEY = APIKeyHeader(name="X-API-Key", scheme_name="key", auto_error=False, description="A key.")
_BEARER = HTTPBearer(scheme_name="bearer", auto_error=False, description="A key, a JWT, or a run's token.")
_QUERY = APIKeyQuery(
    name="token", scheme_name="run_token", auto_error=False, description="A run's token, for EventSource."
)

_Key = Annotated[str | None, Security(_KEY)]
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
_Query = Annotated[str | None, Security(_QUERY)]


async def identify(services: Services, connection: HTTPConnection, shown: str | None) -> Caller:
    """Who shows this credential, or none. Raises Unauthorized, Forbidden, HeaderTooLarge and Overloaded."""
    credentials = services.gate.credentials
    if not credentials.is_on:
        return _anyone(services, connection)
    if not shown:
        raise Unauthorized("no_key", f"This route needs a key: {HOW}.")
    if len(shown) > LONGEST_CREDENTIAL:
        raise HeaderTooLarge("key_too_long", f"No key or token is over {LONGEST_CREDENTIAL} characters.")
    try:
        caller = await credentials.caller(shown)
    except Unauthorized as error:
        services.gate.audit.deny(error.code, None, address_of(connection))
        raise
    log_context.key_id.set(caller.key_id)
    return caller


def require(caller: Caller, scope: Scope) -> None:
    """Raises Forbidden, which names the scope that is missing."""
    if scope not in caller.scopes:
        raise Forbidden("scope_missing", f"This needs the scope `{scope}`, which what you showed has not.")


def address_of(connection: HTTPConnection) -> str | None:
    """Where the request comes from."""
    return connection.client.host if connection.client else None


def _anyone(services: Services, connection: HTTPConnection) -> Caller:
    if services.gate.open_to_all or is_local(connection.scope):
        return ANYONE
    message = (
        "This service has no keys, so it answers its own machine alone: set API_KEY, or make a key with"
        " `keys create`; ALLOW_ANONYMOUS=true lets anybody in."
    )
    raise Forbidden("anonymous_refused", message)


def _needs(scope: Scope, *, keyed: bool = False) -> Callable[..., Awaitable[Caller]]:
    """`keyed`: nobody gets in without a key, even where there is none."""

    async def caller(connection: HTTPConnection, services: ServicesOf, key: _Key, bearer: _Bearer) -> Caller:
        if keyed and not services.gate.credentials.is_on:
            raise Unauthorized("no_key_configured", NO_KEY_CONFIGURED)
        found = await identify(services, connection, bearer.credentials if bearer else key)
        if found.run_id is not None:
            raise Forbidden("one_run_only", "A run's token reads that run alone; this route needs a key.")
        require(found, scope)
        await admit(connection, found)
        return found

    return caller


async def _reader_of_run(
    connection: HTTPConnection, services: ServicesOf, key: _Key, bearer: _Bearer, token: _Query
) -> Caller:
    found = await identify(services, connection, bearer.credentials if bearer else key or token)
    require(found, "read")
    await admit(connection, found)
    return found


MayRun = Annotated[Caller, Depends(_needs("run"))]
MayRunKeyed = Annotated[Caller, Depends(_needs("run", keyed=True))]
MayRead = Annotated[Caller, Depends(_needs("read"))]
MayReadRun = Annotated[Caller, Depends(_reader_of_run)]  # with a run's token too: that run alone
MayReadMetrics = Annotated[Caller, Depends(_needs("metrics"))]
MayAdmin = Annotated[Caller, Depends(_needs("admin", keyed=True))]
