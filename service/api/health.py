"""/health: that the process answers; /ready: that it can do its work; /metrics: what it has done."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response
from typing_extensions import TypedDict

from .access import MayReadMetrics
from .json_answers import Json
from .services import ServicesOf

router = APIRouter(tags=["operation"])


class Health(TypedDict):
    """The process answers."""

    status: Literal["ok"]


class Dependency(TypedDict):
    """One thing that the service depends on, and how long it took to answer, or lags behind."""

    status: Literal["ok", "degraded", "failed"]
    latency_ms: float


class Ready(TypedDict):
    """Whether the service can do its work: `degraded` is still ready, `draining` is not."""

    status: Literal["ready", "degraded", "not_ready"]
    draining: bool
    dependencies: dict[str, Dependency]


NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"description": "Not ready; the same answer says what is not"}
}
STATUS: dict[str, Literal["ready", "degraded", "not_ready"]] = {
    "ok": "ready",
    "degraded": "degraded",
    "failed": "not_ready",
}


@router.get("/health", summary="Liveness")
@router.get("/healthz", include_in_schema=False)
async def health() -> Json[Health]:
    return Json({"status": "ok"})


@router.get("/ready", summary="Readiness, with each dependency", responses=NOT_READY)
@router.get("/readyz", include_in_schema=False)
async def ready(services: ServicesOf) -> Json[Ready]:
    """`200`, or `503` while a dependency that is needed does not answer, and from the shutdown on."""
    state, each = await services.readiness.state()
    answer: Ready = {
        "status": STATUS[state],
        "draining": services.readiness.draining,
        "dependencies": {
            name: {"status": health.state, "latency_ms": health.latency_ms} for name, health in each.items()
        },
    }
    return Json(answer, status=503 if state == "failed" else 200, headers={"Cache-Control": "no-store"})


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=PlainTextResponse,
    responses={200: {"content": {"application/openmetrics-text": {"schema": {"type": "string"}}}}},
)
async def metrics(services: ServicesOf, caller: MayReadMetrics, request: Request) -> Response:
    """In Prometheus's text, or OpenMetrics if `Accept` asks for it."""
    body, media_type = services.metrics.exposition(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
