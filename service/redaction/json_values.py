"""Any JSON value with all of its strings cleaned, keys too, and its numbers where they are matches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Clean = Callable[[str], str]


class _Undecided:
    """In the place of a value of which nothing can be shown yet."""


_UNDECIDED = _Undecided()


@dataclass(frozen=True, slots=True)
class ValueFilter:
    """`clean` is for texts that are whole, `clean_open` for one that was cut or goes on."""

    clean: Clean
    clean_open: Clean

    def of(self, value: Any) -> Any:
        match value:
            case str():
                return self.clean(value)
            case bool() | None:
                return value
            case int() | float():
                return self._number(value)
            case list():
                return [self.of(item) for item in value]
            case dict():
                return {self.clean(key): self.of(item) for key, item in value.items()}
        return value

    def of_open(self, value: Any) -> Any:
        """A value that grows at its end: what is shown of it stays when more of it comes; None where that is
        nothing."""
        shown = self._open(value)
        return None if shown is _UNDECIDED else shown

    def _open(self, value: Any) -> Any:
        match value:
            case str():
                return self.clean_open(value)
            case int() | float() if not isinstance(value, bool):
                return value if self.clean_open(f"{value}") == f"{value}" else _UNDECIDED
            case list() if value:
                *before, last = value
                return [*map(self.of, before), *_decided(self._open(last))]
            case dict() if value:
                *earlier, (key, last) = value.items()
                shown = {self.clean(each): self.of(item) for each, item in earlier}
                return shown | {self.clean(key): item for item in _decided(self._open(last))}
        return value

    def _number(self, value: float) -> Any:
        text = f"{value}"
        shown = self.clean(text)
        return value if shown == text else shown


def _decided(value: Any) -> list[Any]:
    return [] if value is _UNDECIDED else [value]
