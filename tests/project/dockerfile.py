"""The Dockerfile as its instructions, and what its image would have, made without an engine."""

import json
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """Of all stages: the name of each and what follows it, in one line."""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    split = (line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#"))
    return [(name, " ".join(rest.split())) for name, rest in split]


def last_stage() -> list[Instruction]:
    """That of the image."""
    found = instructions()
    begins = [at for at, (name, _) in enumerate(found) if name == "FROM"]
    return found[begins[-1] :]


def last(name: str) -> str:
    """The instruction of this name that counts."""
    return [rest for each, rest in last_stage() if each == name][-1]


def command_in(text: str) -> list[str]:
    """Of an instruction in exec form, which no shell stands before."""
    return [str(word) for word in json.loads(text)]


def health_command() -> list[str]:
    return command_in(last("HEALTHCHECK").partition(" CMD ")[2])


def environment() -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in last("ENV").split())


def copied() -> list[tuple[list[str], str]]:
    """What the last stage has of the checkout: sources and the place."""
    given = [rest.split() for name, rest in last_stage() if name == "COPY" and "--from" not in rest]
    return [(sources, place) for *sources, place in given]


def make_folder(folder: Path) -> None:
    """Copies what the image would have, with the data's folder."""
    for sources, place in copied():
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, folder / place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, folder / place)
    (folder / "data").mkdir()


def sent() -> set[str]:
    """What .dockerignore lets through, which ignores all else."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    return {match[1] for line in lines if (match := re.fullmatch(r"!(\S+)", line))}
