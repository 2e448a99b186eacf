"""What a request passes on its way to the routes, and an answer on its way back, in one order."""

import re

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from .access.addresses import Addresses
from .access.limits import CallerLimits, LimitPolicy, Rate, routes_with_rates
from .api.admission import Admission
from .api.browsers import LOOPBACK, SiteCheck
from .api.forwarded import Forwarded
from .api.hosts import HostCheck
from .api.input_bound import InputBound
from .api.safe_headers import SafeHeaders
from .api.streaming import EXPOSED_HEADERS
from .lifetime import Lifespan, SelfStart, StartErrors
from .request_log import RequestLog
from .settings import Settings

# What OpenAI's SDK sends from a page, besides the rest.
_OF_OPENAI = (
    *("OpenAI-Organization", "OpenAI-Project"),
    *(
        f"X-Stainless-{name}"
        for name in (
            *(
                "Lang",
                "Package-Version",
                "OS",
                "Arch",
                "Runtime",
                "Runtime-Version",
                "Retry-Count",
                "Timeout",
            ),
            *("Helper-Method", "Poll-Helper", "Custom-Poll-Interval"),
        )
    ),
)

_REQUEST_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)


def add_middleware(app: FastAPI, settings: Settings, lifespan: Lifespan, limits: CallerLimits) -> None:
    # The last added is the outermost.
    app.add_middleware(SelfStart, lifespan=lifespan)
    app.add_middleware(Admission, limits=limits)
    app.add_middleware(SiteCheck, origins=settings.cors_origins)
    app.add_middleware(InputBound, max_bytes=settings.max_input_bytes)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_origin_regex=None if settings.cors_origins else LOOPBACK,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=[
            "Content-Type",
            "Last-Event-ID",
            "Idempotency-Key",
            "X-Request-ID",
            "Authorization",
            "X-API-Key",
            *_OF_OPENAI,
        ],
        expose_headers=EXPOSED_HEADERS,
    )
    app.add_middleware(HostCheck, allowed=settings.allowed_hosts, bound=settings.host)
    app.add_middleware(Forwarded, addresses=Addresses(settings.trusted_proxies))
    app.add_middleware(SafeHeaders)
    app.add_middleware(RequestLog)
    app.add_middleware(
        CorrelationIdMiddleware,
        header_name="X-Request-ID",
        validator=lambda text: bool(_REQUEST_ID.fullmatch(text)),
    )
    app.add_middleware(StartErrors)


def limit_policy(settings: Settings) -> LimitPolicy:
    rate = Rate(settings.rate_limit_requests, settings.rate_limit_window_seconds)
    return LimitPolicy(
        rate=rate if settings.rate_limit_enabled else None,
        routes=routes_with_rates(settings.rate_limit_routes),
        tokens_per_minute=settings.rate_limit_tokens_per_minute,
        streams=settings.max_streams_per_key,
    )
