"""/health: that the process answers."""

from fastapi import APIRouter

router = APIRouter(tags=["operation"])


@router.get("/health", summary="Liveness")
@router.get("/healthz", include_in_schema=False)
async def health() -> dict[str, str]:
    return {"status": "ok"}
