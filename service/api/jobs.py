"""/api/jobs: what teams are billed for by the piece. A call of a job is a run of a model alone, like those of
/v1, and answered as those are."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..access.caller import Caller
from ..errors import Forbidden
from ..history.account import clean
from ..jobs.job_rows import Ending
from ..jobs.job_rows import Job as StoredJob
from ..jobs.jobs import Member
from ..jobs.model_groups import Models
from ..run import Run, RunRequest
from ..values import encode_json, to_json
from ..wire.completion import ChatCompletion
from .access import MayRead, MayRun
from .admission import visit_of
from .job_bodies import JobCallBody, JobChatBody, JobEndBody, JobMetadataBody, JobStreamBody, NewJobBody
from .job_views import Job, JobCompletion, NewJob, job_view
from .json_answers import Json, OrStream
from .negotiation import attach_to, idempotency_key_of
from .openai_whole import whole_answer
from .run_views import root_of
from .services import Services, ServicesOf
from .starting import start
from .streaming import attach, follow

router = APIRouter(prefix="/api/jobs", tags=["jobs"])


@router.post("/create", status_code=201, summary="Create a job")
async def create_job(
    services: ServicesOf, caller: MayRun, request: Request, body: NewJobBody
) -> Json[NewJob]:
    """Costs nothing yet; `402` where the team has no credit that it could cost."""
    member = _member(services, caller)
    if member.team is None and not member.keyless:
        message = "What you showed belongs to no team: use a key with one (`keys create --team …`)."
        raise Forbidden("no_team", message)
    job = await services.jobs.create(
        member,
        body.team_id,
        user_id=body.user_id,
        job_type=body.job_type,
        metadata=_json(body.metadata),
    )
    view: NewJob = {
        "job_id": job.job_id,
        "team_id": job.team_id,
        "status": job.status,
        "created_at": job.created_at,
    }
    return Json(view, 201, {"Location": f"{root_of(request)}/api/jobs/{job.job_id}"})


@router.get("/{job_id}", summary="A job as it is now")
async def get_job(services: ServicesOf, caller: MayRead, job_id: str) -> Json[Job]:
    return Json(await _view(services, await services.jobs.find(_member(services, caller), job_id)))


@router.post("/{job_id}/llm-call", summary="Ask a model for a job", response_model=None)
async def call_model(
    services: ServicesOf, caller: MayRun, request: Request, job_id: str, body: JobCallBody
) -> Annotated[Response, OrStream(ChatCompletion)]:
    """Answered as OpenAI's chat completions. The tools of the request are the client's."""
    run = await _called(services, caller, request, job_id, body)
    return await whole_answer(services, request, run)


@router.post("/{job_id}/llm-call-stream", summary="Ask a model for a job, and stream its answer")
async def stream_model(
    services: ServicesOf, caller: MayRun, request: Request, job_id: str, body: JobStreamBody
) -> Response:
    """OpenAI's chunks as `data: {…}`, at the end `data: [DONE]`; a failure is a chunk with an `error`."""
    format_name = "openai-usage" if body.stream_options.include_usage else "openai"
    if place := attach_to(request):
        await services.jobs.find(_member(services, caller), job_id)
        run_id, cursor = place
        return await attach(services, caller, request, run_id, format_name, cursor)
    run = await _called(services, caller, request, job_id, body)
    return await follow(services, request, run, format_name)


@router.patch("/{job_id}/metadata", summary="Add to a job's metadata")
async def add_job_metadata(
    services: ServicesOf, caller: MayRun, job_id: str, body: JobMetadataBody
) -> Json[Job]:
    """Names that are there get the new value, and those that are null go."""
    member = _member(services, caller)
    return Json(await _view(services, await services.jobs.add_metadata(member, job_id, body.metadata)))


@router.post("/{job_id}/complete", summary="Complete a job")
async def complete_job(
    services: ServicesOf, caller: MayRun, job_id: str, body: JobEndBody
) -> Json[JobCompletion]:
    """Costs the team one credit, if the job is `completed` and none of its calls failed. Asked again, it
    answers the same and changes nothing. Calls that go on are cancelled by `failed`; for `completed` they are
    a `409`."""
    ending = Ending(
        status=body.status,
        metadata=body.metadata,
        result=None if body.result is None else _json(body.result),
        error_message=None if body.error_message is None else clean(body.error_message),
        at=datetime.now(UTC),
    )
    completion: Any = await services.jobs.complete(_member(services, caller), job_id, ending)
    return Json(completion)


async def _called(
    services: Services, caller: Caller, request: Request, job_id: str, body: JobChatBody
) -> Run:
    """The run of a call."""
    key = idempotency_key_of(request)
    member = _member(services, caller)
    job, models = await services.jobs.models_for(member, job_id, body.model_group)
    await visit_of(request).open_stream(caller)
    wanted = _wanted(services, job, models, body)
    of_team = replace(caller, team=job.team_id)  # where no key is asked for, nobody else says so

    async def begin(call_id: str) -> Run:
        return await start(services, request, of_team, wanted, attached=True, key=key, run_id=call_id)

    return await services.jobs.call(job, body.model_group, body.purpose, begin)


def _wanted(services: Services, job: StoredJob, models: Models, body: JobChatBody) -> RunRequest:
    params = body.params()
    told = {"user": params["user"]} if "user" in params else {}
    of_job = {"job_id": job.job_id, "model_group": body.model_group}
    return RunRequest(
        chain=services.registry.bare.name,
        model=models.model,
        fallbacks=models.fallbacks,
        input={"messages": [message.as_input() for message in body.messages]},
        params=params,
        metadata={**told, **body.call_metadata, **of_job},
        on_disconnect="continue",
    )


def _member(services: Services, caller: Caller) -> Member:
    return Member(caller.team, keyless=not services.gate.credentials.is_on)


async def _view(services: Services, job: StoredJob) -> Job:
    return job_view(job, await services.jobs.groups_used(job.job_id))


def _json(value: Any) -> str:
    return encode_json(to_json(value)).decode()
