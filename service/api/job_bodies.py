"""The bodies of /api/jobs: a job, a call of it, what is added to it, and how it ends."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ..access.keys import is_name
from ..errors import InvalidRequest
from ..jobs.teams import checked_team_id
from .bodies import Clean, Metadata
from .openai_bodies import ChatParameters

GROUP_NAME = r"^[\w.-]{1,64}$"


def _named(text: str) -> str:
    if not text or not is_name(text):
        raise ValueError("must be 1 to 64 characters without line breaks")
    return text


def _team_id(text: str) -> str:
    try:
        return checked_team_id(text)
    except InvalidRequest as error:
        raise ValueError(error.message) from error


TeamId = Annotated[str, AfterValidator(_team_id)]
Named = Annotated[str, AfterValidator(_named)]
Purpose = Annotated[str, Clean, Field(max_length=128, pattern=r"^[^\x00]*$")]
Message = Annotated[str, Clean, Field(max_length=10_000)]
GroupName = Annotated[str, Field(pattern=GROUP_NAME, description="A model group.", examples=["chat-fast"])]


class NewJobBody(BaseModel):
    """A job to create."""

    model_config = ConfigDict(extra="forbid")

    team_id: TeamId = Field(description="The team of the key; where no key is asked for, any name.")
    user_id: Named | None = Field(None, description="Of the team's own users, whom it is for.")
    job_type: Named = Field(examples=["document_analysis"])
    metadata: Metadata = Field(default_factory=dict, description="Kept with the job and given back.")


class JobChatBody(ChatParameters):
    """A call of a job: OpenAI's parameters of a chat, for the model of a group."""

    model_group: GroupName
    purpose: Purpose | None = Field(
        None, description="What the call is for, as the job's completion lists it."
    )
    call_metadata: Metadata = Field(default_factory=dict, description="Kept with the call's run.")


class JobCallBody(JobChatBody):
    """A call to be answered whole."""

    stream: Literal[False] = Field(False, description="To stream, ask the route llm-call-stream.")


class JobStreamBody(JobChatBody):
    """A call to be streamed."""

    stream: Literal[True] = True


class JobMetadataBody(BaseModel):
    """What is added to a job's metadata: names that are there get the new value, those that are null go."""

    model_config = ConfigDict(extra="forbid")

    metadata: Metadata


class JobEndBody(BaseModel):
    """How a job ends."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["completed", "failed"]
    metadata: Metadata = Field(default_factory=dict, description="Added to the job's.")
    result: Annotated[Any, Clean] = Field(None, description="What came of it: any JSON.")
    error_message: Message | None = Field(None, description="Why it failed.")
