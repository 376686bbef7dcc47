"""What a channel is: bytes in, intents and problems out; no network, no clock, no state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Literal, Protocol

from attrs import field, frozen

from ordercore.ports.transmission import Decoded, Transmission

ChannelCapability = Literal["push", "file"]
Settings = Mapping[str, object]


class Channel(Protocol):
    """One account of one kind of channel. Pure: the same bytes always decode to an equal value."""

    @property
    def instance(self) -> str:
        """The name of this account, unique within a kernel: it is part of the order's identity."""
        ...

    @property
    def capabilities(self) -> frozenset[ChannelCapability]:
        """`push`: deliveries come signed over the network; `file`: somebody hands over a file."""
        ...

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """Check who sent it, over the raw bytes and in constant time; return if it is who it says.

        Raises AuthenticationFailed. A channel that only reads files has nothing to check.
        """
        ...

    def decode(self, transmission: Transmission) -> Decoded:
        """Read it. Whatever is wrong with the content is a Problem in the result, never an exception.

        Raises ProtocolViolation only when not even one message can be delimited.
        """
        ...


def _capabilities(given: Iterable[ChannelCapability]) -> frozenset[ChannelCapability]:
    return frozenset(given)


@frozen
class ChannelKind:
    """A kind of channel, as a plugin registers it: `make(instance, settings)` builds one account.

    `make` raises ConfigurationError, with the nearest known names, for settings that cannot work.
    """

    kind: str
    make: Callable[[str, Settings], Channel]
    capabilities: frozenset[ChannelCapability] = field(converter=_capabilities)
    api_version: int = 1
