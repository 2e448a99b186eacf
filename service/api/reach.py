"""Whether a request came by the machine itself: what a service without any key answers.

Who calls `create_app()` for a server of their own (`uvicorn --factory`) tells us no address to listen on. But
a server says at which of its addresses a connection was made (`server`, of the ASGI scope): one that was made
from another machine was never made at loopback.
"""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from starlette.types import Scope

IN_PROCESS = ("testserver", "testclient")  # Starlette's TestClient, as server and client


def is_local(scope: Scope) -> bool:
    """By loopback, a Unix socket, or without a network. A server that says nothing is not believed."""
    server, client = scope.get("server"), scope.get("client")
    if server is None:
        return False
    host, port = server[0], server[1]
    if port is None:  # the path of a socket
        return True
    return is_loopback(host) or (host, client[0] if client else None) == IN_PROCESS


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
