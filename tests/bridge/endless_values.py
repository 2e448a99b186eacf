"""Values without an end, or with one that nobody lives to see.

`python -m tests.bridge.endless_values NAME` converts one, with little time and memory, and says how long its
JSON is.
"""

import dataclasses
import resource
import sys
from typing import Any

from service.values import encode_json, to_json

CPU_SECONDS = 10
MEMORY_BYTES = 2 << 30


@dataclasses.dataclass
class Node:
    name: str
    links: Any


def self_list() -> list[Any]:
    value: list[Any] = [1]
    value.append(value)
    return value


def self_dict() -> dict[str, Any]:
    value: dict[str, Any] = {"a": 1}
    value["self"] = value
    return value


def self_lists() -> list[Any]:
    """Contains itself several times: who follows each one goes on for ever."""
    value: list[Any] = []
    value.extend([value] * 8)
    return value


def laughs() -> list[Any]:
    """A billion laughs: lists of the same list, which are small until somebody writes them out."""
    value: list[Any] = ["ha"]
    for _ in range(30):
        value = [value] * 10
    return value


def self_objects() -> Node:
    node = Node("x", None)
    node.links = [node, {"again": node}, Node("y", [node, node])]
    return node


def main(name: str) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    value = globals()[name]()
    sys.stdout.write(str(len(encode_json(to_json(value)))))


if __name__ == "__main__":
    main(sys.argv[1])
