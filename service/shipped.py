"""Where what ships beside the source lies: inside this package in the wheel, beside it in the repository."""

from pathlib import Path

_HERE = Path(__file__).parent
_IN_WHEEL = (_HERE / "static").is_dir()

CHAINS = f"{__package__}.chains" if _IN_WHEEL else "chains"  # a package, to import by this name
STATIC = (_HERE if _IN_WHEEL else _HERE.parent) / "static"
