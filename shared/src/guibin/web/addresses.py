"""Whose address a request comes from: the peer's, or what trusted proxies say of the client before them."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

UNKNOWN: Final = "unknown"

_MOST_HOPS: Final = 20
_HOUSEHOLD_BITS: Final = 64
"""Whoever has one IPv6 address has all of its /64 network: they count as one."""


def networks_of(listed: str) -> Networks:
    """Read a list of addresses and networks, separated by commas.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(ip_network(part.strip()) for part in listed.split(",") if part.strip())


def client_address(peer: str | None, forwarded: Iterable[str], trusted: Networks) -> str:
    """Return the address of the client: the peer, or the last hop in X-Forwarded-For that no trusted proxy is.

    The header counts only when the peer itself is trusted, and only as far as trusted proxies wrote it: what stands
    before the first stranger is the stranger's own word.
    """
    client = _parsed(peer or "")
    if client is None:
        return UNKNOWN
    if trusted and _is_in(client, trusted):
        hops = ",".join(forwarded).split(",")[-_MOST_HOPS:]
        for hop in reversed(hops):
            found = _parsed(hop.strip())
            if found is None:
                break
            client = found
            if not _is_in(found, trusted):
                break
    return str(client)


@lru_cache(maxsize=4_096)
def counted_as(address: str) -> str:
    """Return under which name an address is counted: itself, or its /64 network for IPv6."""
    found = _parsed(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, _HOUSEHOLD_BITS), strict=False))
    return address


@lru_cache(maxsize=4_096)
def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_in(address: Address, networks: Networks) -> bool:
    return any(address in network for network in networks)
