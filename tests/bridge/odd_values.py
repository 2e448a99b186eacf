"""Kinds of values that tools return, well-behaved and not."""

import dataclasses
import enum
from collections import namedtuple
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Word(enum.StrEnum):
    YES = "yes"


Pair = namedtuple("Pair", "left right")


@dataclasses.dataclass
class Shape:
    name: str
    sides: Any


class Item(BaseModel):
    name: str
    price: Any = None


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


class Guarded(BaseModel):
    key: SecretStr
    internal: str = Field("", exclude=True)


class Names(RootModel[list[str]]):
    pass


class Mute:
    """Cannot say what it is."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")

    __str__ = __repr__


class Hostile(Mapping[str, Any]):
    """A mapping whose every method fails."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError

    def __repr__(self) -> str:
        return "hostile"


@dataclasses.dataclass
class Cracked:
    whole: int
    broken: int = 0


# A value that cannot be read.
Cracked.broken = property(lambda self: 1 // 0, lambda self, value: None)  # type: ignore[assignment]


def nested_list(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value
