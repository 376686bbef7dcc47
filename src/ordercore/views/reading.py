"""Reading flows: generators that yield reads and end in a value."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final, TypeVar, cast

from ordercore.errors import InvalidCommand, NotFound, nearest
from ordercore.flow import Read
from ordercore.store import Query, ReadStream, Snapshot
from ordercore.values import Sku, Stream, sku_of

T = TypeVar("T")
_BEYOND: Final = 1 << 40
Reading = Generator[Read, object, T]


def ask(*queries: Query[Any]) -> Generator[Read, object, Snapshot]:
    """Read in one round trip."""
    return cast(Snapshot, (yield Read(queries)))


def at_end(stream: Stream | None) -> ReadStream:
    """Asked beside a `ReadLog` of the same stream: it costs one row, and says whether the stream is archived."""
    return ReadStream(stream or Stream(""), _BEYOND)


def known_status(status: str | None, known: Sequence[str], of: str) -> None:
    """Nothing has a status that there is not. Raises NotFound with the nearest; None is any."""
    if status is not None and status not in known:
        name = str(status)[:64]
        hint = nearest(name, known)
        raise NotFound(f"There is no status {name!r} of {of}.", kind="status", name=name, hint=hint)


def existing(text: str) -> Sku:
    """Text that may be a SKU. Raises NotFound for what can be none, so that a reader need not know what may be one."""
    try:
        return sku_of(text)
    except InvalidCommand:
        raise NotFound(
            f"There is no item {ascii(text)[:64]!r}.",
            kind="item",
            name=ascii(text)[:64],
            hint="It cannot be a SKU: 1 to 64 letters, digits, blanks inside, and some marks.",
        ) from None
