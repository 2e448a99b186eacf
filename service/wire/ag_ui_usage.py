"""What the model calls of an AG-UI run used, one sum for each model, as its last event tells it."""

from ag_ui.core import TokenUsage

from ..events import Usage

MOST = 2**53 - 1  # that the protocol's numbers can be, as JavaScript's


class Used:
    """Takes one `usage` after the other."""

    def __init__(self) -> None:
        self._of: dict[str | None, list[int]] = {}

    def take(self, usage: Usage) -> None:
        sums = self._of.setdefault(usage.model, [0] * 5)
        tokens = (
            usage.input_tokens,
            usage.output_tokens,
            usage.total_tokens,
            usage.reasoning_tokens,
            usage.cached_tokens,
        )
        sums[:] = [max(0, min(MOST, known + more)) for known, more in zip(sums, tokens, strict=True)]

    def sums(self) -> list[TokenUsage] | None:
        """None where no model has told."""
        return [_token_usage(model, *sums) for model, sums in self._of.items()] or None


def _token_usage(
    model: str | None, read: int, written: int, total: int, reasoning: int, cached: int
) -> TokenUsage:
    return TokenUsage(
        model=model,
        input_tokens=read,
        output_tokens=written,
        total_tokens=total,
        reasoning_tokens=reasoning,
        cached_input_tokens=cached,
    )
