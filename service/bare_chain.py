"""The model itself, with no chain around it: what it writes is the answer, and the tools are the client's."""

from typing import Any


def build(model: Any) -> Any:
    """Takes messages, gives the model's."""
    return model
