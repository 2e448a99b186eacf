"""The names in an expression of PromQL: metrics, the labels that each is asked by, and those of groupings."""

import re
from dataclasses import dataclass

KEYWORDS = {
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "and",
    "or",
    "unless",
    "bool",
    "offset",
}
_VARIABLE = re.compile(r"\$(?:__\w+|\w+|\{\w+\})")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"\b([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


@dataclass(frozen=True)
class Query:
    """`metrics` are names with the labels in their braces; `groupings` the labels that a sum keeps."""

    metrics: dict[str, set[str]]
    groupings: set[str]

    @classmethod
    def of(cls, expression: str) -> "Query":
        plain = _STRING.sub('""', expression)
        plain = re.sub(r"\[[^\]]*\]", "", _VARIABLE.sub("", plain))
        groupings = {label.strip() for found in _GROUPING.findall(plain) for label in found.split(",")}
        rest = _GROUPING.sub(" ", plain)
        metrics: dict[str, set[str]] = {}
        for found in _SELECTOR.finditer(rest):
            name, matchers = found[1], found[2] or ""
            is_function = rest[found.end() :].lstrip().startswith("(")
            if name in KEYWORDS or is_function or name.isdigit() or _in_braces(rest, found.start()):
                continue
            metrics.setdefault(name, set()).update(_MATCHER.findall(matchers))
        return cls(metrics, groupings - {""})


def _in_braces(text: str, at: int) -> bool:
    return text.count("{", 0, at) > text.count("}", 0, at)
