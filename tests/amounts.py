"""How much the tests do of what they repeat: a little as a rule, more where the environment says so.

`TEST_KILLS=100 make test ARGS=tests/api/test_killed.py`, for example.
"""

import os


def _amount(name: str, default: int) -> int:
    return int(os.environ.get(f"TEST_{name}", default))


CASES = _amount(
    "CASES", 3000
)  # generated chains; 10,000 by hand; of fewer than these, a rare kind may be missing
SPLITS = _amount("CASES", 400)  # of texts with secrets
CUTS = _amount("CUTS", 100)  # places where a stream breaks; 500 by hand
FOREIGN_TRIES = _amount("FOREIGN_TRIES", 300)  # of callers to reach what is not theirs; 10,000 by hand
KILLS = _amount("KILLS", 1)  # of a service in the middle of runs; 100 by hand
DATABASE_RUNS = _amount("DATABASE_RUNS", 100)  # that live when their database restarts
DATABASE_STREAMS = _amount("DATABASE_STREAMS", 100)  # of such runs; 500 by hand
REQUESTS = _amount("REQUESTS", 200)  # of any form; 20,000 by `make fuzz`
SHARED_REQUESTS = _amount("SHARED_REQUESTS", 200)  # to two replicas at the same time; 10,000 by hand
BYPASSES = _amount("BYPASSES", 300)  # tries to get past a limit; 10,000 by hand
FAULTS = _amount("FAULTS", 99)  # in a service that tells of them in its log; 5,000 by hand
