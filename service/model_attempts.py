"""What the LangChain metadata of a model call says of it as one of several attempts at the same answer.

Whoever tries several models knows what the bridge must tell, and has no way to its callbacks but this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

_HAS_NEXT = "fallback_left"
_SUPERSEDES = "fallback_for_run"
_CODE = "fallback_for_code"


@dataclass(frozen=True, slots=True)
class ModelAttempt:
    """`has_next`: should this call fail by its provider's fault, another follows. `supersedes` is LangChain's
    run id of the call before it, which failed, and `code` says how."""

    has_next: bool = False
    supersedes: UUID | None = None
    code: str = ""

    def metadata(self) -> dict[str, Any]:
        """As LangChain takes it: what tracers can write."""
        if self.supersedes is None:
            return {_HAS_NEXT: self.has_next}
        return {_HAS_NEXT: self.has_next, _SUPERSEDES: str(self.supersedes), _CODE: self.code}


FIRST_AND_ONLY = ModelAttempt()


def attempt_in(metadata: Mapping[str, Any] | None) -> ModelAttempt:
    """The inverse of `ModelAttempt.metadata`, among whatever else is there."""
    if not metadata or _HAS_NEXT not in metadata:
        return FIRST_AND_ONLY
    superseded = metadata.get(_SUPERSEDES)
    return ModelAttempt(
        bool(metadata[_HAS_NEXT]), UUID(superseded) if superseded else None, metadata.get(_CODE, "")
    )
