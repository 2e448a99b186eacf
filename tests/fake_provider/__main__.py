"""`python -m tests.fake_provider [PORT]`: says its address, and serves until it is ended."""

import sys
import threading

from .server import fake_provider

with fake_provider(int(sys.argv[1]) if sys.argv[1:] else 0) as provider:
    sys.stdout.write(f"{provider.url}\n")
    sys.stdout.flush()
    threading.Event().wait()
