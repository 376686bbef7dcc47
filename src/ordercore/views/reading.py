"""Reading flows: generators that yield reads and end in a value."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar, cast

from ordercore.flow import Read
from ordercore.store import Query, Snapshot

T = TypeVar("T")
Reading = Generator[Read, object, T]


def ask(*queries: Query[Any]) -> Generator[Read, object, Snapshot]:
    """Read in one round trip."""
    return cast(Snapshot, (yield Read(queries)))
