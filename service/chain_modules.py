"""Modules of a service's users, imported as their own Python would, and where in them an error came from."""

import hashlib
import importlib
import re
import sys
import sysconfig
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

_OURS = Path(__file__).parent
_STANDARD = Path(sysconfig.get_path("stdlib"))
_INSTALLED = frozenset({"site-packages", "dist-packages"})


def import_file(path: Path) -> ModuleType:
    """The module of a file, as `python file.py` would find what it imports: its folder comes first.

    A file in a package is imported by its dotted name, so that it may import relatively; what lies beside it
    is found without the name of the package too, after all else. Where another module has its name already,
    it gets one of its own.
    """
    path = path.resolve()
    packages = _packages_around(path)
    if not packages:
        put_first(path.parent)
        return _load(_free_name(path.stem, path), path)
    put_first(packages[0].parent)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    opening = packages[0] / "__init__.py"
    top = _load(_free_name(packages[0].name, opening), opening)
    dotted = ".".join([top.__name__, *(package.name for package in packages[1:])])
    package = importlib.import_module(dotted)
    return package if path.name == "__init__.py" else _load(f"{dotted}.{path.stem}", path)


def put_first(folder: Path) -> None:
    """Import from this folder before any other."""
    if (text := str(folder)) in sys.path:
        sys.path.remove(text)
    sys.path.insert(0, text)


def origin_of(error: BaseException) -> str:
    """` (file, line n)` of the innermost line of a user's that an error came from; empty if there is none."""
    if isinstance(error, SyntaxError) and error.filename and _is_users(error.filename):
        return f" ({_shown(error.filename)}, line {error.lineno})"
    frames = [frame for frame in extract_tb(error.__traceback__) if _is_users(frame.filename)]
    return f" ({_shown(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""


def _packages_around(path: Path) -> list[Path]:
    """The packages that a file lies in, the outermost first."""
    found: list[Path] = []
    for folder in path.parents:
        if not (folder / "__init__.py").is_file():
            break
        found.insert(0, folder)
    return found


def _free_name(stem: str, path: Path) -> str:
    name = re.sub(r"\W", "_", stem)
    other = sys.modules.get(name)
    if other is None or _file_of(other) == path:
        return name
    return f"{name}_{hashlib.sha256(bytes(path)).hexdigest()[:8]}"


def _file_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file else None


def _load(name: str, path: Path) -> ModuleType:
    """The module from this very file: a search by name would find a built-in one of the same name first."""
    if loaded := sys.modules.get(name):
        return loaded
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return sys.modules[name]


def _is_users(file: str) -> bool:
    path = Path(file)
    if not path.is_absolute() or _INSTALLED.intersection(path.parts):
        return False
    return not path.is_relative_to(_OURS) and not path.is_relative_to(_STANDARD)


def _shown(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
