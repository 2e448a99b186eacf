"""A provider on loopback, over real HTTP, in the wires of OpenAI, Groq, Anthropic and Ollama.

What it does is in the prompt (`script.py`), so that any SDK, chain or benchmark can ask for it:
`tokens=20 rate=50`, `tools=2`, `reason=3`, `fail=429 times=1`, `cut=5`, `truncate=5`, `malformed=5`,
`error=5`, `stall=5`, or for one model alone `gpt-4.1-mini/cut=5`. The key `wrong-key` is refused, and the
model `no-such-model` is not there. Every call is in a ledger. `python -m tests.fake_provider [PORT]` serves
one by itself.
"""

from .ledger import Call
from .server import FakeProvider, fake_provider

__all__ = ["Call", "FakeProvider", "fake_provider"]
