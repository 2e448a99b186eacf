"""create_app: the routes, what requests pass on their way there, and the lifespan in which the parts live."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from . import __version__
from .access.limits import CallerLimits
from .access_log import keep_queries_out
from .api import (
    admin,
    admin_model_groups,
    admin_teams,
    ag_ui,
    ai_sdk,
    chains,
    chat,
    health,
    history,
    jobs,
    openai_chat,
    openai_models,
    openai_responses,
    pages,
    plain_streams,
    search,
    stream,
    threads,
    usage,
    websocket,
)
from .api import runs as runs_api
from .api.openapi import document_answers
from .api.problems import install_problem_handlers
from .middleware import add_middleware, limit_policy
from .observability.metrics import Metrics
from .observability.requests import RequestWatch
from .observability.resource import service_resource
from .observability.tracing import Tracing, is_switched_off
from .parts import open_services
from .settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an ASGI app; without settings, by those of the environment.

    Mounted in another app, its parts live for the outer lifespan where that is ours, or enters ours:
    `FastAPI(lifespan=app.router.lifespan_context)`. Else they start at the first request.
    """
    settings = settings or Settings()
    keep_queries_out()
    limits = CallerLimits(limit_policy(settings))
    metrics, tracing = Metrics(service_resource()), Tracing()

    @asynccontextmanager
    async def lifespan(_outermost: object = None) -> AsyncIterator[None]:
        try:
            async with tracing.opened(), open_services(settings, limits, metrics, tracing) as services:
                app.state.services = services
                try:
                    yield
                finally:
                    del app.state.services
        except Exception as error:
            app.state.life_error = error
            raise

    app = FastAPI(
        title="Chainstream",
        version=__version__,
        summary="LangChain chains and agents, streamed live.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # its own puts queries into spans
    )
    for module in (
        runs_api,
        threads,
        history,
        search,
        usage,
        stream,
        chat,
        plain_streams,
        ag_ui,
        ai_sdk,
        websocket,
        openai_models,
        openai_chat,
        openai_responses,
        jobs,
        chains,
        admin,
        admin_teams,
        admin_model_groups,
        health,
        pages,
    ):
        app.include_router(module.router)
    app.state.page_files = pages.PageFiles(pages.STATIC)
    app.mount("/static", app.state.page_files, name="static")
    install_problem_handlers(app)
    document_answers(app)
    add_middleware(app, settings, lifespan, limits)
    if not is_switched_off(os.environ):
        app.add_middleware(RequestWatch, metrics=metrics, tracing=tracing)
    return app
