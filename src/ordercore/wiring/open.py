"""Stores by URL."""

from __future__ import annotations

from collections.abc import Sequence

from ordercore.errors import ConfigurationError, did_you_mean
from ordercore.store import Store
from ordercore.store.memory import MemoryStore
from ordercore.wiring.plugins import Plugins


def open_store(url: str, plugins: Plugins | Sequence[object] = ()) -> Store:
    """The store that a URL names: `memory://`, `sqlite:///file.db`, or a scheme that a plugin brings."""
    scheme, separator, _ = url.partition("://")
    if scheme == "memory":
        return MemoryStore()
    if scheme == "sqlite" and separator:
        from ordercore.store.sqlite import SQLiteStore  # sqlite3 loads only when it is used

        return SQLiteStore.open(url)
    kinds = Plugins.of(plugins).store_kinds()
    if scheme in kinds:
        return kinds[scheme].open(url)
    known = ("memory", "sqlite", *kinds)
    raise ConfigurationError(
        f"No store for {url.rsplit('@', maxsplit=1)[-1]!r}.", scheme=scheme,
        hint=did_you_mean(scheme, known) or f"Known schemes: {', '.join(known)}, such as sqlite:///shop.db.",
    )  # fmt: skip
