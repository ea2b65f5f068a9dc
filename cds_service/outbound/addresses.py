"""Which addresses a listed host may have.

Operators list servers in their own network, so private addresses are allowed. What a name must never lead to is this
machine, its link (cloud metadata services live there) and addresses that are no server's, in any of the forms in which
an IPv4 address travels inside an IPv6 one. Only a host that is written as such an address may be it.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from cds_service.outbound.base_url import LOCALHOST, Address, literal

_NAT64 = ip_network("64:ff9b::/96")
"""Well-known prefix of translated IPv4 addresses (RFC 6052)."""

_NO_SERVERS = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # "this network" (RFC 6890)
            "192.0.0.0/24",  # protocol assignments (RFC 6890); also a cloud metadata service
            "64:ff9b:1::/48",  # local-use translation (RFC 8215): what is inside depends on the network
            "100.100.100.200/32",  # cloud metadata services outside the link-local range
            "168.63.129.16/32",
            "fd00:ec2::254/128",
        ),
    )
)


def permitted(host: str, address: Address) -> bool:
    """Whether a listed `host` (as `BaseUrl` holds it) may be at `address`."""
    listed = literal(host)
    if listed is not None:
        return address == listed
    if host == LOCALHOST:
        return address.is_loopback
    return not any(_is_nobodys(form) for form in _forms(address))


def _is_nobodys(address: Address) -> bool:
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_reserved and address not in _NAT64)  # those are judged by the address inside
        or any(address in network for network in _NO_SERVERS)
    )


def _forms(address: Address) -> Iterable[Address]:
    """The address, and the IPv4 addresses to which a tunnel or translator would send what goes there."""
    yield address
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def address_of(text: object) -> Address | None:
    """The address in a resolver's answer; None for anything else, such as an IPv6 address with a zone."""
    try:
        address = ip_address(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id else address
