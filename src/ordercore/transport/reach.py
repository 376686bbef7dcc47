"""What may be reached: an address that a customer typed must not lead into the host's own network.

Source: OWASP, Server-Side Request Forgery Prevention. A name is resolved once, and it is the resolved address that is
checked and connected to, so that a name that changes its meaning in between gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from attrs import field, frozen

from ordercore.errors import NotSupported, TransientFailure

Address = IPv4Address | IPv6Address

_NAT64: Final = IPv6Network("64:ff9b::/96")
_UNICAST: Final = IPv6Network("2000::/3")
"""All that IANA has given out as global unicast. Whatever else there is, some network may lead to itself."""
_PROTOCOLS: Final = IPv4Network("192.0.0.0/24")


def _hosts(given: Iterable[str] | None) -> frozenset[str] | None:
    return None if given is None else frozenset(host.lower() for host in given)


def _private(given: Iterable[str]) -> frozenset[str]:
    return frozenset(host.lower() for host in given)


def resolve(host: str, port: int) -> tuple[str, ...]:
    """All addresses of a host, as the system says. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@frozen
class Target:
    """Where a URL leads: its host and port, and the address to connect to."""

    scheme: str
    host: str
    port: int
    address: str


@frozen
class Reach:
    """Which hosts requests may go to.

    `only`: these and no others (None: any public one). `private`: hosts that may have a private or loopback address,
    and may be spoken to without TLS. Names are compared whole, in lower case.
    """

    only: frozenset[str] | None = field(default=None, converter=_hosts)
    private: frozenset[str] = field(default=frozenset(), converter=_private)
    resolve: Callable[[str, int], tuple[str, ...]] = field(default=resolve, repr=False)

    def target(self, url: str) -> Target:
        """Where to connect for a URL. Raises NotSupported if it may not, TransientFailure if the name is unknown."""
        parts, port = _parts(url)
        host = (parts.hostname or "").lower()
        if self.only is not None and host not in self.only and host not in self.private:
            raise _refused("The host is not on the list of those that may be reached.", host)
        if parts.scheme == "http" and host not in self.private:
            raise _refused("Only https is spoken to hosts that are not listed as private.", host)
        return Target(parts.scheme, host, port, self._address(host, port))

    def _address(self, host: str, port: int) -> str:
        try:
            found = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise TransientFailure("The host's name is not known.", failure=type(error).__name__) from None
        if not found:
            raise TransientFailure("The host has no address.")
        # One that is not public is enough: which of them a client takes is not ours to guess.
        if host not in self.private and not all(map(is_public, found)):
            raise _refused("The host has an address that is not public.", host)
        return found[0]


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise _refused("The URL does not read.", "") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or not url.isprintable():
        raise _refused("A URL has the form https://host/path, without credentials.", "")
    return parts, port


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet; one that embeds another is judged by both."""
    address = ip_address(text.partition("%")[0])
    return _is_public(address) and all(map(_is_public, _embedded(address)))


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and address not in _PROTOCOLS
    # One that embeds another stands for it, and that one is judged as well.
    stands_for = address.ipv4_mapped is not None or address in _NAT64
    return stands_for or (address.is_global and address in _UNICAST)


def _embedded(address: Address) -> tuple[Address, ...]:
    if isinstance(address, IPv4Address):
        return ()
    inside: list[Address] = [one for one in (address.ipv4_mapped, address.sixtofour) if one is not None]
    if address.teredo is not None:
        inside += address.teredo
    if address in _NAT64:
        inside.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(inside)


def _refused(message: str, host: str) -> NotSupported:
    return NotSupported(
        message,
        capability="reach",
        host=host[:100],
        hint="What may be reached is said in Reach(only=..., private=...).",
    )
