"""Which addresses a webhook may reach: those of the public internet, and what the operator allows by name.

A name is resolved once, every address that it has is judged, and the connection goes to an address that was judged, so
that a name which answers differently a moment later gains nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
# IPv6 addresses that carry an IPv4 one to a translator: the inner one may be private, and Python counts it as global.
_TRANSLATED = tuple(IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


class Refused(Exception):
    """The address is none that a webhook may reach; the message says why."""


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the order in which to try them. Raises: OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def checked(host: str, port: int, allowed: str, look_up: Resolve = resolve) -> str:
    """The address to connect to.

    `allowed` are further networks, separated by commas. Raises: Refused when any address of the host is neither
    public nor allowed; OSError when the name has none.
    """
    addresses = [ip_address(text.partition("%")[0]) for text in await look_up(host, port)]
    for address in addresses:
        if not (_is_public(address) or _is_allowed(address, allowed)):
            raise Refused(f"{host} is at {address}, which is no public address; the operator may allow it")
    if not addresses:
        raise OSError(f"{host} has no address")
    return str(addresses[0])


def _is_public(address: Address) -> bool:
    address = _unwrapped(address)
    if isinstance(address, IPv6Address) and any(address in network for network in _TRANSLATED):
        return False
    return address.is_global and not address.is_multicast


def _is_allowed(address: Address, allowed: str) -> bool:
    networks = [ip_network(text.strip(), strict=False) for text in allowed.split(",") if text.strip()]
    plain = _unwrapped(address)
    return any(plain.version == network.version and plain in network for network in networks)


def _unwrapped(address: Address) -> Address:
    """The IPv4 address in an IPv6 one of the form ::ffff:127.0.0.1."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
