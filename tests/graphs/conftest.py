"""One server for all graphs of this folder."""

from collections.abc import Iterator

import pytest

from tests.graphs import approving, fixtures
from tests.serving import Served, serving

GRAPHS = tuple(
    f"{module.__name__}:{name}"
    for module, names in (
        (
            fixtures,
            "router house supervisor remembering writing within odd_tool doubling consulting held configured"
            " greeting plain_greeting by_hand endless blocking waiting",
        ),
        (
            approving,
            "mailer strict_mailer two_mails per_call booker two_bookings asking asking_two asking_form"
            " stopping buried unlent inboxed delegating classifying remembering_mailer",
        ),
    )
    for name in names.split()
)


@pytest.fixture(scope="session")
def graphs() -> Iterator[Served]:
    with serving(chains=GRAPHS) as served:
        yield served
