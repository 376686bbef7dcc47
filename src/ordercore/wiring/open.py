"""Stores by URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ordercore.errors import ConfigurationError, did_you_mean
from ordercore.hooks import StoreKind
from ordercore.store import AsyncStore, Store
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
    raise _unknown(url, scheme, kinds)


def open_store_async(url: str, plugins: Plugins | Sequence[object] = ()) -> Store | AsyncStore:
    """The same for an asynchronous host: with an asynchronous driver where the kind of store has one."""
    kind = Plugins.of(plugins).store_kinds().get(url.partition("://")[0])
    if kind is not None and kind.open_async is not None:
        return kind.open_async(url)
    return open_store(url, plugins)


def _unknown(url: str, scheme: str, kinds: Mapping[str, StoreKind]) -> ConfigurationError:
    known = ("memory", "sqlite", *kinds)
    return ConfigurationError(
        f"No store for {url.rsplit('@', maxsplit=1)[-1]!r}.", scheme=scheme,
        hint=did_you_mean(scheme, known) or f"Known schemes: {', '.join(known)}, such as sqlite:///shop.db.",
    )  # fmt: skip
