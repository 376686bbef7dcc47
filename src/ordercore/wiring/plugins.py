"""The typed facade over pluggy: nothing outside this module sees an untyped hook call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, TypeVar

import pluggy

from ordercore.errors import ConfigurationError, Refused, did_you_mean
from ordercore.hooks import PROJECT, OrdercoreHooks, Refusal, StoreKind
from ordercore.message import Command, Context, DocumentType, EventType
from ordercore.plan import Strategy
from ordercore.ports import CarrierKind, ChannelKind, NotifierKind, ScannerKind, SupplierKind
from ordercore.projection import Follower, Reaction

GROUP: Final = "ordercore"
"""The entry point group in which distributions name their plugin modules."""

T = TypeVar("T")

_GUARDED: Final = ("command", "state", "context")


class Plugins:
    """The plugins of one kernel: registered, checked, and asked through typed methods."""

    def __init__(self, plugins: Sequence[object] = ()) -> None:
        """Register `plugins` (modules or objects with hook functions). Raises ConfigurationError for a wrong one."""
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(OrdercoreHooks)
        for plugin in plugins:
            self._register(plugin)
        self._check()
        self.guards: Final = tuple(
            (one.plugin_name, one.function, tuple(_GUARDED.index(name) for name in one.argnames))
            for one in self._manager.hook.ordercore_guard.get_hookimpls()
        )
        """(plugin, function, which of command, state and context it takes)."""

    def _register(self, plugin: object) -> None:
        try:
            self._manager.register(plugin)
        except (ValueError, pluggy.PluginValidationError) as error:
            raise ConfigurationError(
                f"Plugin {_name(plugin)} does not fit: {error}", plugin=_name(plugin),
                hint="Hook implementations take the parameters of the hook, or fewer.",
            ) from error  # fmt: skip

    def _check(self) -> None:
        known = [name for name in dir(OrdercoreHooks) if name.startswith("ordercore_")]
        for plugin in self._manager.get_plugins():
            for name in self._manager.get_hookcallers(plugin) or ():
                if name.name not in known:
                    raise ConfigurationError(
                        f"Plugin {_name(plugin)} implements {name.name}, which is no hook.", plugin=_name(plugin),
                        hook=name.name, hint=did_you_mean(name.name, known),
                    )  # fmt: skip

    def channel_kinds(self) -> Mapping[str, ChannelKind]:
        """Channel kinds by name."""
        return _once("channel", ((kind.kind, kind) for kind in self._all("channels", ChannelKind)))

    def carrier_kinds(self) -> Mapping[str, CarrierKind]:
        """Carrier kinds by name."""
        return _once("carrier", ((kind.kind, kind) for kind in self._all("carriers", CarrierKind)))

    def supplier_kinds(self) -> Mapping[str, SupplierKind]:
        """Supplier kinds by name."""
        return _once("supplier", ((kind.kind, kind) for kind in self._all("suppliers", SupplierKind)))

    def scanner_kinds(self) -> Mapping[str, ScannerKind]:
        """Scanner kinds by name."""
        return _once("scanner", ((kind.kind, kind) for kind in self._all("scanners", ScannerKind)))

    def notifier_kinds(self) -> Mapping[str, NotifierKind]:
        """Notifier kinds by name."""
        return _once("notifier", ((kind.kind, kind) for kind in self._all("notifiers", NotifierKind)))

    def projections(self) -> Sequence[Follower | Reaction]:
        """Followers that plugins bring."""
        return [one for group in self._manager.hook.ordercore_register_projections() for one in group]

    def report_folders(self) -> Sequence[Path]:
        """Folders with report files that plugins bring."""
        return tuple(self._all("reports", Path))

    def store_kinds(self) -> Mapping[str, StoreKind]:
        """Store kinds by the scheme of their URL."""
        return _once("store", ((kind.scheme, kind) for kind in self._all("stores", StoreKind)))

    def strategies(self) -> Mapping[str, Strategy]:
        """Sourcing strategies by name."""
        found: list[Strategy] = [s for group in self._manager.hook.ordercore_register_strategies() for s in group]
        return _once("strategy", ((strategy.name, strategy) for strategy in found))

    def events(self) -> Sequence[EventType | DocumentType]:
        """Event and document types that plugins bring."""
        return [one for group in self._manager.hook.ordercore_register_events() for one in group]

    def guard(self, command: Command[Any], state: object, context: Context) -> None:
        """Ask every guard, each by itself, so that its name is known; fails closed. Raises Refused."""
        given = (command, state, context)
        for plugin, function, wanted in self.guards:
            try:
                answer = function(*[given[n] for n in wanted])
            except Exception as error:
                raise Refused(
                    f"Guard {plugin} failed, and so refuses.", plugin=plugin, reason="guard_failed",
                    failure=type(error).__name__,
                ) from error  # fmt: skip
            if answer is None:
                continue
            if isinstance(answer, Refusal):
                raise Refused(answer.message, plugin=plugin, reason=answer.code)
            raise Refused(
                f"Guard {plugin} answered {type(answer).__name__}, and so refuses.", plugin=plugin,
                reason="guard_failed", failure="wrong_type",
            )  # fmt: skip

    def _all(self, what: str, kind: type[T]) -> Iterable[T]:
        for group in getattr(self._manager.hook, f"ordercore_register_{what}")():
            for one in group:
                if not isinstance(one, kind):
                    raise ConfigurationError(f"A plugin registered {one!r} as one of its {what}.")
                yield one


def _once(what: str, named: Iterable[tuple[str, T]]) -> dict[str, T]:
    found: dict[str, T] = {}
    for name, one in named:
        if name in found:
            raise ConfigurationError(f"Two plugins bring the {what} {name!r}.", name=name)
        found[name] = one
    return found


def _name(plugin: object) -> str:
    return str(getattr(plugin, "__name__", type(plugin).__name__))


def discover() -> Sequence[object]:
    """Plugin modules that installed distributions name as entry points. Raises ConfigurationError for a broken one."""
    found = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            found.append(entry.load())
        except Exception as error:
            raise ConfigurationError(
                f"Plugin {entry.name!r} ({entry.value}) does not load: {error}", plugin=entry.name
            ) from error
    return found
