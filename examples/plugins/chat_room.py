"""News of orders in a chat room: an observer that renders messages and hands them to whoever sends them.

A follower is told everything at least once, so each message has a key that is the same whenever it is made again; a room
that drops repeats by their key shows each once. As a one-file plugin it prints; a host gives its own function:

    kernel = Kernel(plugins=[ChatRoom(send=post_to_our_room)])

What must not be sent twice even if the room cannot tell (a booking, a payment, a mail) is a notifier instead: the kernel
records what it has sent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from attrs import frozen

from ordercore.hooks import hookimpl
from ordercore.message import Recorded
from ordercore.order.events import LinesBackordered, LinesCancelled, OrderPlaced, ParcelShipped
from ordercore.values import Money

ORDERCORE_API = 1


@frozen
class Message:
    """What stands in the room. No names and no addresses: a chat room is not the place for them."""

    key: str
    text: str


Send = Callable[[Message], None]


def rendered(record: Recorded) -> Message | None:
    """The message about a record, None for most of them. Pure."""
    order = record.stream.removeprefix("order/")
    match record.event:
        case OrderPlaced(currency=currency, lines=lines, total=total):
            text = f":package: *{order}* came in: {_counted(len(lines), 'line')}, {Money(total, currency)}"
        case LinesBackordered(lines=waiting):
            text = f":hourglass: *{order}* waits for {_counted(sum(line.quantity for line in waiting), 'unit')}"
        case ParcelShipped(contents=contents):
            text = f":truck: *{order}* left with {_counted(sum(moved.quantity for moved in contents), 'unit')}"
        case LinesCancelled():
            text = f":x: *{order}* was cancelled, or a part of it"
        case _:
            return None
    return Message(f"{record.stream}/{record.version}", text)


def _counted(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


class ChatRoom:
    """The observer, and the plugin that brings it. `send` may raise: then the same records come again later."""

    name = "chat-room"

    def __init__(self, send: Send) -> None:
        self.send = send

    def apply(self, records: Sequence[Recorded]) -> None:
        """Render these records, and hand on what there is to say."""
        for message in filter(None, map(rendered, records)):
            self.send(message)

    @hookimpl
    def ordercore_register_projections(self) -> Iterable[ChatRoom]:
        """Itself."""
        return [self]


def _print(message: Message) -> None:
    print(message.text, file=sys.stderr)


_printing: Final = ChatRoom(_print)


@hookimpl
def ordercore_register_projections() -> Iterable[ChatRoom]:
    """The room on standard error, for `--plugins-dir`."""
    return [_printing]
