"""What a notifier is: news for people and other systems, rendered and sent, nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Literal, Protocol

from attrs import field, frozen

from ordercore.ports.channel import Settings
from ordercore.ports.operation import Declined, Op

NotifierCapability = Literal["idempotent"]
"""`idempotent`: the receiver drops repeats by the key, so that what may have arrived may be sent again."""


@frozen
class Notice:
    """One piece of news. `kind` is the event's stored name (`alert.raised`), `facts` what the text was made from.

    `subject` is the stream it is about, `id` the same for good, `sequence` the event's version in its stream. No
    personal data: a notice names orders and items, never people.
    """

    id: str
    kind: str
    subject: str
    title: str
    text: tuple[str, ...]
    facts: Mapping[str, str | int | bool | None]
    occurred_at: datetime
    sequence: int = 0


@frozen
class Delivered:
    """The receiver's side took it over."""

    reference: str = ""


class Notifier(Protocol):
    """One way to tell somebody: a mailbox, a webhook, a chat room."""

    @property
    def instance(self) -> str:
        """Its name, unique within a kernel."""
        ...

    @property
    def capabilities(self) -> frozenset[NotifierCapability]:
        """What its receiver can do."""
        ...

    def wants(self, kind: str) -> bool:
        """Whether it is told of events of this stored name."""
        ...

    def deliver(self, notice: Notice, *, key: str, now: datetime) -> Op[Delivered | Declined]:
        """Render it and send it; the same key gives the same content."""
        ...


def _capabilities(given: Iterable[NotifierCapability]) -> frozenset[NotifierCapability]:
    return frozenset(given)


@frozen
class NotifierKind:
    """A kind of notifier, as a plugin registers it: `make(instance, settings)` builds one."""

    kind: str
    make: Callable[[str, Settings], Notifier]
    capabilities: frozenset[NotifierCapability] = field(default=frozenset(), converter=_capabilities)
    api_version: int = 1
