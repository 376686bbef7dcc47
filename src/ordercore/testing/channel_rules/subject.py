"""The channel under test: what its author supplies, what it declares, and how a rule looks at what it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, get_args

from attrs import fields_dict, has

from ordercore.errors import ProtocolViolation
from ordercore.ports import (
    Channel,
    ChannelKind,
    Decoded,
    Inbound,
    OrderRequest,
    Severity,
    SubmitOrder,
    Transmission,
    check,
)
from ordercore.testing.channel_rules.sample import Document, LineSample, OrderSample, Sample
from ordercore.testing.channel_rules.variants import Variant, variants_of
from ordercore.testing.person import PERSON
from ordercore.testing.suite import Suite

INSTANCE: Final = "shop"
NOW: Final = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SECRET: Final = "a secret of nobody"  # noqa: S105  # as it says
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,63}\Z")


class ChannelSubject(Suite):
    """What a subclass of the suite says about its channel."""

    plugin = "channel"
    page = "docs/channels.md"

    push: bool = False
    """Deliveries come signed: `sign()` signs one. Checked against `channel.capabilities`."""
    file: bool = False
    """Somebody hands over a file, unsigned. Checked against `channel.capabilities`."""
    rows: bool = False
    """It is a `RowSource` too, and reads a file of any length row by row."""
    many: bool = False
    """A document may hold several orders."""
    cancels: bool = False
    """A document can say that its order is cancelled."""
    totals: bool = False
    """A document states the total of its order."""
    addresses: bool = False
    """A document says who gets the order and where."""
    text_ids: bool = False
    """Ids of orders and lines are text, so that leading zeros count; without it they are whole numbers."""
    fractions: bool = False
    """Quantities may be fractions: 1.25 kg. Without it a fraction is refused."""
    delimited: bool = False
    """A document that was cut off is not taken for a whole one. A table cannot tell."""
    timestamped: bool = False
    """A signature holds for a while only: `sign()` is told when."""

    kind: ClassVar[ChannelKind]
    """The kind as the plugin registers it."""
    settings: ClassVar[Mapping[str, object]] = {}
    """Settings of one account that reads everything the suite writes; with `secret` among them where `push`."""
    secret: ClassVar[str] = SECRET
    """What `settings` have as their secret."""

    examples: ClassVar[int] = 25
    """Documents that hypothesis tries per rule."""
    seconds_at_10_000_lines: ClassVar[float] = 6.0
    """CPU time that an order of ten thousand lines may take."""
    megabytes_at_10_000_lines: ClassVar[int] = 200
    """Memory that it may take beyond the document."""

    def make_channel(self) -> Channel:
        """A channel `shop` with the settings, fresh. Override it if it takes more than the kind."""
        return self.kind.make(INSTANCE, self.settings)

    def samples(self) -> Sequence[Sample]:
        """Override this: documents as the platform sends them, with what is in them. At least one."""
        self.missing("samples()")

    def document(self, orders: Sequence[OrderSample]) -> Document:
        """Override this: these orders as the platform would send them, in this sequence.

        The suite asks for one order at a time unless `many`; for none, and for lines of none, too.
        """
        self.missing("document()")

    def sign(self, document: Document, secret: str, at: datetime) -> Mapping[str, str]:
        """Override this where `push`: the headers of a delivery of this document, signed with `secret` at `at`."""
        self.missing("sign()")

    def variants(self, document: Document) -> Iterator[Variant]:
        """The document with one thing in its structure changed. The suite knows JSON and CSV; override it for others."""
        return variants_of(document)

    # What rules use

    def signed(self, document: Document, transport_id: str = "", at: datetime = NOW) -> Transmission:
        """A delivery of the document, signed where the channel is pushed to."""
        headers = {**document.headers, **(self.sign(document, self.secret, at) if self.push else {})}
        return Transmission(INSTANCE, document.media_type, document.body, headers, at, transport_id)

    def read(self, document: Document, channel: Channel | None = None, what: str = "the document") -> Decoded | None:
        """What the channel makes of it, None for a ProtocolViolation; anything else that is raised fails the rule."""
        transmission = Transmission(INSTANCE, document.media_type, document.body, document.headers, NOW)
        try:
            decoded = (channel or self.make_channel()).decode(transmission)
        except ProtocolViolation:
            return None
        except Exception as error:
            raise AssertionError(f"decode raised {type(error).__name__} for {what}: that is no problem") from error
        assert isinstance(decoded, Decoded), f"decode answered a {type(decoded).__name__} for {what}"
        return decoded

    def read_whole(self, orders: Sequence[OrderSample], channel: Channel | None = None) -> list[OrderRequest]:
        """Orders that were written down, as they are read; nothing may be the matter with them."""
        decoded = self.read(self.document(orders), channel)
        assert decoded is not None, "a document that is right was not recognized at all"
        assert decoded.rejected == (), f"a document that is right was refused: {decoded.rejected[:3]}"
        return orders_of(decoded)

    def order(self, number: int = 1, **changes: Any) -> OrderSample:
        """An order with two lines and, where the channel has addresses, somebody to send it to."""
        lines = (
            LineSample(self.id(900 + number * 10), "TEA", Decimal(2), Decimal("10.00"), "Tea"),
            LineSample(self.id(901 + number * 10), "CUP", Decimal(1), Decimal("7.50"), "Cup"),
        )
        ship_to = PERSON if self.addresses else None
        return OrderSample(**{"order": self.id(1000 + number), "lines": lines, "ship_to": ship_to} | changes)

    def id(self, number: int) -> str:
        """An id as the channel has them."""
        return f"{number:08d}" if self.text_ids else str(number)

    def long(self, lines: int) -> OrderSample:
        """An order of that many lines, free of charge."""
        return self.order(lines=tuple(LineSample(self.id(n), "TEA", price=Decimal(0)) for n in range(1, lines + 1)))

    def one_line(self, **changes: Any) -> OrderSample:
        """An order of one line, with these changes to the line."""
        return self.order(lines=(LineSample(**{"line_id": self.id(901), "sku": "TEA"} | changes),))


def orders_of(decoded: Decoded) -> list[OrderRequest]:
    """The orders that a document states."""
    return [item.intent.order for item in decoded.items if isinstance(item.intent, SubmitOrder)]


def assert_sound(decoded: Decoded | None, what: str) -> None:
    """Nothing is dropped in silence, no item is handed on that cannot be right, and problems are told as agreed."""
    if decoded is None:
        return
    assert decoded.items or decoded.problems, f"{what} was dropped: neither an item nor a problem"
    for item in decoded.items:
        assert isinstance(item, Inbound), f"{what}: a {type(item).__name__} is no item"
    for problem in decoded.problems:
        assert _CODE.match(problem.code), f"{what}: {problem.code!r} is no code"
        assert problem.severity in get_args(Severity), f"{what}: there is no severity {problem.severity!r}"
        assert problem.message, f"{what}: {problem.code} says nothing"
    for order in orders_of(decoded):
        rejects = [problem.code for problem in check(order) if problem.severity == "reject"]
        assert not rejects, f"{what}: an order was handed on that cannot be right: {rejects}"


def assert_refused(decoded: Decoded | None, what: str) -> None:
    """Not read, with the reason."""
    assert_sound(decoded, what)
    if decoded is not None:
        assert not orders_of(decoded), f"{what} was taken for an order"
        assert decoded.rejected, f"{what} was not refused"


def tree(value: object) -> Iterator[object]:
    """A value and everything in it."""
    yield value
    members: Sequence[object] = ()
    if isinstance(value, Mapping):
        members = [*value.keys(), *value.values()]
    elif isinstance(value, tuple | list | set | frozenset):
        members = list(value)
    elif has(cls := type(value)):
        members = [getattr(value, name) for name in fields_dict(cls)]
    for member in members:
        yield from tree(member)
