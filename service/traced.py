"""What follows a run beside its events: the port of traces, and what there is where none are wanted."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from langchain_core.callbacks import BaseCallbackHandler


class RunTrace(Protocol):
    """One run's. `follower` hears what the bridge hears of the chain; `traceparent` is of the run's span, by
    https://www.w3.org/TR/trace-context."""

    @property
    def follower(self) -> BaseCallbackHandler | None: ...

    @property
    def traceparent(self) -> str | None: ...

    def entered(self) -> AbstractContextManager[None]:
        """What is done in here is done by the run."""
        ...

    def resumed(self, format_name: str, after: int) -> AbstractContextManager[None]:
        """A reader that has come back, past the event `after`, reads on in here."""
        ...

    def end(self, outcome: str, code: str | None) -> None:
        """The run is over, `code` being why it failed or was cancelled; to say so again changes nothing."""
        ...


class Untraced:
    follower: BaseCallbackHandler | None = None
    traceparent: str | None = None

    def entered(self) -> AbstractContextManager[None]:
        return nullcontext()

    def resumed(self, format_name: str, after: int) -> AbstractContextManager[None]:
        return nullcontext()

    def end(self, outcome: str, code: str | None) -> None:
        pass


UNTRACED = Untraced()
