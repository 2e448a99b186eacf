"""A run that is cancelled closes its connection to the provider, whatever SDK holds it."""

import time

import orjson
import pytest

from tests.fake_provider import FakeProvider
from tests.providers.asking import MODELS, once
from tests.serving import Served, request_bytes

CANCELS = 5


EACH = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@EACH
@pytest.mark.parametrize("speaking", ["tokens=100000 rate=50", "stall=1"], ids=["paced", "silent"])
def test_the_provider_sees_a_cancel_within_250_ms(
    service: Served, provider: FakeProvider, model: str, speaking: str
) -> None:
    """Of several the quickest: on a busy machine the others wait for their turn, and not for us."""
    taken = [cancelled_after(service, provider, model, speaking) for _ in range(CANCELS)]
    assert 0 < min(taken) < 0.25


@EACH
def test_a_provider_that_sends_without_a_pause_sees_it_too(
    service: Served, provider: FakeProvider, model: str
) -> None:
    """It shares this process's interpreter, so how long that takes says little."""
    assert cancelled_after(service, provider, model, "tokens=100000") > 0


def cancelled_after(service: Served, provider: FakeProvider, model: str, speaking: str) -> float:
    """The seconds from a cancel until the provider sees its connection closed."""
    prompt = once(speaking)
    body = orjson.dumps({"chain": "chat", "input": prompt, "model": model})
    run = orjson.loads(service.post("/runs", body).body)["run_id"]
    wait_for(b"event: token", service, run)
    [call] = provider.calls_of(prompt)
    cancelled = time.monotonic()
    service.post(f"/runs/{run}/cancel", b"{}")
    assert call.left.wait(10)
    return call.left_at - cancelled


def wait_for(seen: bytes, service: Served, run: str) -> None:
    """Read the run's events until this came."""
    with service.connected() as connection:
        connection.sendall(request_bytes("GET", f"/runs/{run}/events", b"", {}))
        got = b""
        while seen not in got:
            more = connection.recv(65536)
            assert more, got
            got += more
