"""`Optioned`: a chat model whose every call carries options, but for what the call itself says."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel as _Base
else:
    _Base = object

M = TypeVar("M", bound="Optioned")


class Optioned(_Base):
    """A mixin, to stand before a chat model's class. What it carries is as that class takes it at a call.

    Unlike `bind`, it leaves a chat model, which agents and chains can be built on.
    """

    call_options: dict[str, Any] = Field(default_factory=dict)

    def _carrying(self, given: Mapping[str, Any]) -> dict[str, Any]:
        unsaid = {name: value for name, value in self.call_options.items() if given.get(name) is None}
        return {**given, **unsaid}

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **given: Any) -> ChatResult:
        carried = self._carrying({**given, "stop": stop})
        return super()._generate(  # type: ignore[safe-super]  # of the class that this stands before
            messages, run_manager=run_manager, **carried
        )

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **given: Any
    ) -> ChatResult:
        carried = self._carrying({**given, "stop": stop})
        return await super()._agenerate(messages, run_manager=run_manager, **carried)

    # Not generators themselves: a second one would wake for each token.
    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **given: Any
    ) -> Iterator[ChatGenerationChunk]:
        return super()._stream(messages, run_manager=run_manager, **self._carrying({**given, "stop": stop}))

    def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **given: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        return super()._astream(messages, run_manager=run_manager, **self._carrying({**given, "stop": stop}))


def with_options(model: M, options: Mapping[str, Any]) -> M:
    """A copy of the model whose calls carry these."""
    return model.model_copy(update={"call_options": dict(options)})
