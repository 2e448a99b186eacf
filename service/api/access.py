"""Who asks, as the routes are told: each names what its callers need to be allowed."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from ..access.caller import ANYONE, Caller


async def _caller(connection: HTTPConnection) -> Caller:
    return ANYONE


MayRun = Annotated[Caller, Depends(_caller)]
MayRead = Annotated[Caller, Depends(_caller)]
