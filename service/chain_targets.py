"""What CHAINS and `serve` may name: a name in a file or a module, or a langgraph.json; as its parts."""

import re
from dataclasses import dataclass

from .errors import StartError

FORMS = "./file.py:name, module:name, alias= before either, or the path of a langgraph.json"

_TARGET = re.compile(r"(?:(?P<alias>[^=:/\\]+)=)?(?P<rest>.+)")
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class Target:
    """`place` is a path or a module's dotted name; `attribute` is empty where a path came without one."""

    text: str
    alias: str | None
    place: str
    attribute: str

    @property
    def is_file(self) -> bool:
        return self.place.endswith(".py")

    @property
    def is_langgraph_json(self) -> bool:
        return self.place.endswith(".json")

    @property
    def is_module(self) -> bool:
        return not self.is_file and not self.is_langgraph_json

    @property
    def name(self) -> str:
        """The chain's: the alias, else the name in the file or module; for a `build` that of its module."""
        return self.alias or (self._stem if self.attribute in ("", "build") else self.attribute)

    @property
    def _stem(self) -> str:
        if self.is_file:
            return re.split(r"[/\\]", self.place)[-1].removesuffix(".py")
        return self.place.rpartition(".")[2]


def parse_target(text: str) -> Target:
    """Raises StartError where it is none of FORMS."""
    if match := _TARGET.fullmatch(text):
        target = Target(text, match["alias"], *_place_and_attribute(match["rest"]))
        if target.is_file or _is_whole(target):
            return target
    raise not_a_target(text)


def not_a_target(text: str) -> StartError:
    return StartError("bad_chains", f"{text!r} names no chain; CHAINS and serve take {FORMS}.")


def _place_and_attribute(text: str) -> tuple[str, str]:
    if text.endswith((".py", ".json")):
        return text, ""
    place, _, attribute = text.rpartition(":")
    return place, attribute


def _is_whole(target: Target) -> bool:
    if target.is_langgraph_json:
        return not target.alias and not target.attribute
    return bool(_MODULE.fullmatch(target.place) and target.attribute)
