"""Reading what the loop's thread does while it goes on."""

import subprocess
import sys

from tests.installed import ROOT
from tests.serving import TIMEOUT


def test_a_collection_of_garbage_amid_a_look_is_not_the_end_of_the_process() -> None:
    """As it was with Python 3.11: frames that were gone were read."""
    program = [sys.executable, "-m", "tests.loop_watch.looking_while_collecting"]
    ended = subprocess.run(
        program, cwd=ROOT, capture_output=True, text=True, timeout=3 * TIMEOUT, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
