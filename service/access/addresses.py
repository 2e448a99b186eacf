"""Where a request comes from: what proxies say of that is believed only of those that are trusted."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

_FOR = re.compile(r'for="?([^";,]+)"?', re.IGNORECASE)  # RFC 7239, section 5.2
_WITH_PORT = re.compile(r"\[([0-9a-f:.]+)\](?::\d+)?|([\d.]+)(?::\d+)?", re.IGNORECASE)
_OF_ONE_NETWORK = 64  # bits of an IPv6 address: whoever has one has all of its network


class Addresses:
    """Knows the trusted proxies, as addresses and networks."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = [ip_network(proxy) for proxy in trusted]

    def trusts(self, address: str) -> bool:
        if not self._trusted:
            return False
        parsed = _parsed(address)
        return parsed is not None and any(ip_address(parsed) in network for network in self._trusted)

    def client_of(self, peer: str, forwarded_for: Sequence[str], forwarded: Sequence[str]) -> str:
        """The client's address: of the hops that proxies name, the last that is none of the trusted.

        `forwarded_for` and `forwarded` are the values of X-Forwarded-For and Forwarded. A proxy writes one of
        them and passes on the other as the client sent it, so where they differ neither is believed.
        """
        if not self.trusts(peer):
            return peer
        told = [
            self._last_untrusted(peer, hops)
            for hops in (_split(forwarded_for), _FOR.findall(",".join(forwarded)))
            if hops
        ]
        return told[0] if told and len(set(told)) == 1 else peer

    def _last_untrusted(self, peer: str, hops: Sequence[str]) -> str:
        last = peer
        for hop in reversed(hops):
            address = _parsed(hop)
            if address is None:  # `unknown`, or a name: who came through there, the proxy after it knows
                return last
            last = address
            if not self.trusts(address):
                return last
        return last


@lru_cache(maxsize=4096)
def bucket_of(address: str) -> str:
    """What requests are counted by: the address, of IPv6 its network."""
    parsed = _parsed(address)
    if parsed is None or ":" not in parsed:
        return parsed or address
    return str(ip_network((parsed, _OF_ONE_NETWORK), strict=False))


def is_loopback(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and ip_address(parsed).is_loopback


def _split(values: Sequence[str]) -> list[str]:
    return [hop.strip() for hop in ",".join(values).split(",") if hop.strip()]


def _parsed(text: str) -> str | None:
    """An address without its port, one of IPv4 within IPv6 as such; None if it is none."""
    if found := _WITH_PORT.fullmatch(text):
        text = found[1] or found[2]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)
