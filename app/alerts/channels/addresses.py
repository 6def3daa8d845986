"""Which addresses a channel may reach: those of the public internet, and what the operator allows by network.

A name is resolved once, every address that it has is judged, and the connection goes to an address that was judged, so
that a name which answers differently a moment later gains nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
# All that is routed in the internet lies here; outside are IPv4 addresses in IPv6 clothes, and site-local ones, which
# Python counts as global.
_ROUTED = IPv6Network("2000::/3")
# Addresses that carry an IPv4 one to a relay: the inner one may be private.
_RELAYED = tuple(IPv6Network(text) for text in ("2002::/16", "2001::/32"))


class Refused(Exception):
    """The address is none that a channel may reach; the message says why."""


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the order in which to try them. Raises: OSError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        # An empty label, or one of more than 63 characters.
        raise OSError(f"{host[:100]} is no name of a host") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def checked(host: str, port: int, allowed: str, look_up: Resolve = resolve) -> list[str]:
    """The addresses to connect to, in order, at least one.

    `allowed` are further networks, separated by commas. Raises: Refused when any address of the host is neither
    public nor allowed; OSError when the name has none.
    """
    addresses = [ip_address(text.partition("%")[0]) for text in await look_up(host, port)]
    for address in addresses:
        if not (_is_public(address) or _is_allowed(address, allowed)):
            raise Refused(f"{host} is at {address}, which is no public address; the operator may allow it")
    if not addresses:
        raise OSError(f"{host} has no address")
    return [str(address) for address in addresses]


def _is_public(address: Address) -> bool:
    address = _unwrapped(address)
    if isinstance(address, IPv6Address):
        routed = address in _ROUTED and not any(address in network for network in _RELAYED)
        return routed and address.is_global
    return address.is_global and not address.is_multicast


def _is_allowed(address: Address, allowed: str) -> bool:
    networks = [ip_network(text.strip(), strict=False) for text in allowed.split(",") if text.strip()]
    plain = _unwrapped(address)
    return any(plain.version == network.version and plain in network for network in networks)


def _unwrapped(address: Address) -> Address:
    """The IPv4 address in an IPv6 one of the form ::ffff:127.0.0.1."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
