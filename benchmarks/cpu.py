"""CPU time and memory of a process with all its children, from /proc (Linux)."""

import os
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the third on; the second, a name, may hold blanks (man 5 proc)."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(root: int) -> list[int]:
    """`root` and every process below it."""
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    parents = {pid: int(stat[1]) for pid in pids if (stat := _stat(pid))}
    found = [root]
    for parent in found:
        found += [pid for pid, its_parent in parents.items() if its_parent == parent]
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of the tree; children that have ended count too."""
    ticks = [int(tick) for pid in tree(root) if (stat := _stat(pid)) for tick in stat[11:15]]
    return sum(ticks) / TICK


def resident_mb(root: int) -> float:
    """Resident memory of the tree in 10⁶ bytes; a page that two of its processes share counts twice."""
    return sum(map(_resident_kb, tree(root))) * 1024 / 1e6


def _resident_kb(pid: int) -> int:
    lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))
