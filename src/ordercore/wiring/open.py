"""Stores by URL."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Final

from ordercore.errors import ConfigurationError, did_you_mean
from ordercore.hooks import StoreKind
from ordercore.store import AsyncStore, Store
from ordercore.store.memory import MemoryStore
from ordercore.wiring.plugins import Plugins

STORES: Final = "ordercore.stores"
"""The entry point group in which distributions name a `StoreKind` by its scheme."""
_OWN: Final = ("memory", "sqlite")


def open_store(url: str, plugins: Plugins | Sequence[object] = ()) -> Store:
    """The store that a URL names: `memory://`, `sqlite:///file.db`, or a scheme that a plugin brings."""
    scheme, separator, _ = url.partition("://")
    if scheme == "memory":
        return MemoryStore()
    if scheme == "sqlite" and separator:
        from ordercore.store.sqlite import SQLiteStore  # sqlite3 loads only when it is used

        return SQLiteStore.open(url)
    return store_kind(url, plugins).open(url)


def open_store_async(url: str, plugins: Plugins | Sequence[object] = ()) -> Store | AsyncStore:
    """The same for an asynchronous host: with an asynchronous driver where the kind of store has one."""
    if url.partition("://")[0] not in _OWN:
        kind = store_kind(url, plugins)
        if kind.open_async is not None:
            return kind.open_async(url)
    return open_store(url, plugins)


def migrate_store(
    url: str, plugins: Plugins | Sequence[object] = (), *, after_restore: bool = False
) -> tuple[int, int]:
    """Make the tables behind a URL, or what they lack: (version before, version after).

    `after_restore`: a backup was restored into it since it was last used. Raises ConfigurationError for a kind of store
    without tables, SchemaVersion for those of a newer release, StoreError.
    """
    scheme, _, _ = url.partition("://")
    if scheme == "sqlite":
        from ordercore.store.sqlite import SQLiteStore, schema  # sqlite3 loads only when it is used

        before = schema.version_in(url.removeprefix("sqlite:///"))
        SQLiteStore.open(url).close()  # which makes what is missing
        return before, schema.VERSION
    kind = store_kind(url, plugins) if scheme != "memory" else StoreKind(scheme, open_store)
    if kind.migrate is None:
        raise ConfigurationError(
            f"A store of {scheme}:// has no tables to be made.",
            scheme=scheme,
            hint="Open it: there is nothing to migrate.",
        )
    versions = kind.migrate(url)
    if after_restore and kind.after_restore is not None:
        kind.after_restore(url)
    return versions


def store_kind(url: str, plugins: Plugins | Sequence[object] = ()) -> StoreKind:
    """The kind of store behind a URL: of these plugins, or of a distribution that names its scheme as an entry point.

    An address says which kind is wanted, so nothing else of the distribution is loaded. Raises ConfigurationError.
    """
    scheme, separator, _ = url.partition("://")
    kinds = Plugins.of(plugins).store_kinds()
    if separator and scheme in kinds:
        return kinds[scheme]
    entries = entry_points(group=STORES)
    for entry in entries.select(name=scheme) if separator else ():
        kind = entry.load()
        if isinstance(kind, StoreKind):
            return kind
        raise ConfigurationError(
            f"{entry.value} is no StoreKind.", scheme=scheme,
            hint=f"The entry point {scheme!r} of the group {STORES!r} must name an ordercore.hooks.StoreKind.",
        )  # fmt: skip
    raise _unknown(url, scheme, (*kinds, *sorted(entries.names)))


def _unknown(url: str, scheme: str, kinds: Sequence[str]) -> ConfigurationError:
    known = (*_OWN, *kinds)
    return ConfigurationError(
        f"No store for {url.rsplit('@', maxsplit=1)[-1]!r}.", scheme=scheme,
        hint=did_you_mean(scheme, known) or f"Known schemes: {', '.join(known)}, such as sqlite:///shop.db.",
    )  # fmt: skip
