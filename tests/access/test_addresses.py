"""Where requests come from, as proxies and others tell it."""

import random
from ipaddress import IPv4Address

import pytest

from service.access.addresses import Addresses, bucket_of, is_loopback
from tests.amounts import BYPASSES

PROXY, CLIENT, LIAR = "10.0.0.1", "198.51.100.7", "203.0.113.9"
TRUSTED = Addresses(["10.0.0.0/8", "::1", "fd00::/8"])

TOLD = [
    ([], [], PROXY),
    ([CLIENT], [], CLIENT),
    ([f"{LIAR}, {CLIENT}"], [], CLIENT),
    ([LIAR, CLIENT], [], CLIENT),
    ([f"{CLIENT}, 10.0.0.2, 10.0.0.3"], [], CLIENT),
    ([f"{LIAR}, {CLIENT}, 10.0.0.2"], [], CLIENT),
    (["10.0.0.5, 10.0.0.2"], [], "10.0.0.5"),
    ([f"{CLIENT}:4711"], [], CLIENT),
    (["[2001:db8::7]:4711"], [], "2001:db8::7"),
    (["::ffff:198.51.100.7"], [], CLIENT),
    ([f"{LIAR}, unknown"], [], PROXY),
    ([f"{LIAR}, nonsense, 10.0.0.2"], [], "10.0.0.2"),
    ([""], [], PROXY),
    ([], [f"for={CLIENT}"], CLIENT),
    ([], [f'for={LIAR}, for="{CLIENT}:1";proto=https;by=10.0.0.1'], CLIENT),
    ([], ['For="[2001:db8::7]:4711"'], "2001:db8::7"),
    ([], ["for=_hidden"], PROXY),
    ([CLIENT], [f"for={CLIENT}"], CLIENT),
    ([CLIENT], [f"for={LIAR}"], PROXY),
]


@pytest.mark.parametrize(("forwarded_for", "forwarded", "client"), TOLD)
def test_of_a_trusted_proxy_the_last_hop_that_is_not_trusted_is_the_client(
    forwarded_for: list[str], forwarded: list[str], client: str
) -> None:
    assert TRUSTED.client_of(PROXY, forwarded_for, forwarded) == client


@pytest.mark.parametrize("addresses", [TRUSTED, Addresses([])])
def test_others_are_who_they_are_whatever_they_say(addresses: Addresses) -> None:
    assert addresses.client_of(LIAR, [CLIENT], [f"for={CLIENT}"]) == LIAR


def test_whatever_a_client_sends_through_a_proxy_it_is_taken_for_itself() -> None:
    chance = random.Random(7)
    for _ in range(BYPASSES):
        said = [str(IPv4Address(chance.getrandbits(32))) for _ in range(chance.randint(0, 5))]
        hops = ", ".join([*said, CLIENT])
        passed_on = [f"for={chance.choice([*said, LIAR])}"] if chance.random() < 0.5 else []
        assert TRUSTED.client_of(PROXY, [hops], passed_on) in (CLIENT, PROXY)


@pytest.mark.parametrize(
    ("address", "bucket"),
    [
        (CLIENT, CLIENT),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", CLIENT),
        ("testclient", "testclient"),
    ],
)
def test_addresses_are_counted_one_by_one_those_of_ipv6_by_their_network(address: str, bucket: str) -> None:
    assert bucket_of(address) == bucket


@pytest.mark.parametrize("name", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_known_in_all_its_forms(name: str) -> None:
    assert is_loopback(name) and not is_loopback(f"{name}.example")
