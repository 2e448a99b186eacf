"""A langgraph.json: its graphs, and what LangGraph's own server would set up before it imports them."""

import json
import os
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError, model_validator

from .chain_modules import put_first
from .errors import StartError


class Graph(BaseModel):
    """Where a graph is: `./file.py:name`, relative to the json's folder, or `module:name`."""

    path: str
    description: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: object) -> object:
        return {"path": value} if isinstance(value, str) else value


class LangGraphJson(BaseModel):
    """What of it counts here; the rest is for LangGraph's own server."""

    graphs: dict[str, Graph]
    dependencies: list[str] = []
    env: dict[str, Any] | str = {}


def read_langgraph_json(path: Path) -> LangGraphJson:
    """Raises StartError, which names the file and what is wrong in it."""
    try:
        content = LangGraphJson.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise StartError("bad_chains", f"There is no file {path}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise _wrong(path, f"{where}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise _wrong(path, str(error)) from error
    if not content.graphs:
        raise _wrong(path, "it has no graphs")
    return content


def prepare(content: LangGraphJson, path: Path) -> None:
    """Sets its `env` where the environment has none, and makes its local `dependencies` importable."""
    folder = path.resolve().parent
    for name, value in _environment(content, path).items():
        os.environ.setdefault(name, value)
    put_first(folder)
    for dependency in content.dependencies:
        if dependency.startswith("."):  # the others are packages, which the user has installed
            if not (folder / dependency).is_dir():
                raise _wrong(path, f"dependencies: there is no folder {dependency}")
            put_first((folder / dependency).resolve())


def _environment(content: LangGraphJson, path: Path) -> dict[str, str]:
    if isinstance(content.env, dict):
        return {name: _text(value) for name, value in content.env.items()}
    # A file that is missing sets nothing, as with LangGraph's own: in production there may be none.
    values = dotenv_values(path.parent / content.env)
    return {name: value for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _wrong(path: Path, what: str) -> StartError:
    return StartError("bad_chains", f"{path} is not right: {what}.")
