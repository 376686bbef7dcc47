"""The typed facade over pluggy: nothing outside this module sees an untyped hook call.

A plugin is used whole or not at all: it is examined, asked for all that it brings, and only then are its names claimed.
Each implementation is called by itself, so that whatever it does has the plugin's name.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple, TypeVar, cast

import pluggy
from attrs import evolve

from ordercore.codec import Codec
from ordercore.errors import ConfigurationError, Refused
from ordercore.hooks import GUARD, PROJECT, OrdercoreHooks, Refusal, StoreKind
from ordercore.message import Command, Context, DocumentType, EventType
from ordercore.plan import Strategy
from ordercore.ports import (
    Carrier,
    CarrierKind,
    Channel,
    ChannelKind,
    Notifier,
    NotifierKind,
    Scanner,
    ScannerKind,
    Settings,
    Supplier,
    SupplierKind,
)
from ordercore.projection import Follower, Projection, Reaction
from ordercore.wiring.accounts import Kind, Request, made
from ordercore.wiring.bring import BRINGS, MINE, TAKEN, checked
from ordercore.wiring.discovery import GROUP, FoundPlugin, cause_of, discover
from ordercore.wiring.plugin_info import HookCall, PluginInfo, PluginProblem, PluginWarning, Trace
from ordercore.wiring.registration import ARGUMENTS, Declared, declared, examine, may_guard, told, wanted_api

__all__ = ["FoundPlugin", "Plugins", "discover"]

T = TypeVar("T")


class Guard(NamedTuple):
    """A guard of a plugin; `wanted`: which of command, state and context it takes."""

    plugin: str
    function: Callable[..., object]
    wanted: tuple[int, ...]


class Plugins:
    """The plugins of one kernel: registered, checked, and asked through typed methods.

    Raises ConfigurationError for one that cannot be used, if it was passed by the host or found with `strict=True`;
    another is left out, with a PluginWarning, and its problems are in `infos`.
    """

    def __init__(self, plugins: Sequence[object] = (), *, trace: Trace | None = None) -> None:
        """Register `plugins`: modules or objects with hook functions, or what `discover()` found."""
        self.trace = trace
        self._manager = pluggy.PluginManager(PROJECT)
        if plugins:  # most kernels of a test suite have none, and this is the larger part of making one
            self._manager.add_hookspecs(OrdercoreHooks)
        self._brought: dict[str, dict[str, object]] = {one.what: {} for one in BRINGS.values()}
        self._holders: dict[str, dict[str, str]] = {
            what: dict.fromkeys(TAKEN.get(what, ()), MINE) for what in self._brought
        }
        self._infos: list[PluginInfo] = []
        # Those that are insisted on come first, so that of two with one name the other is left out.
        for found in sorted(map(FoundPlugin.of, plugins), key=lambda found: not found.strict):
            self._use(found)
        self.unusable_guards: Final = tuple(info for info in self._infos if info.guards and not info.usable)
        self.guards: Final = self._guards() if plugins else ()

    def _guards(self) -> tuple[Guard, ...]:
        """In the order of pluggy: the one registered last first."""
        return tuple(
            Guard(one.plugin_name, one.function, tuple(ARGUMENTS[GUARD].index(name) for name in one.argnames))
            for one in reversed(self._manager.hook.ordercore_guard.get_hookimpls())
        )

    @classmethod
    def of(cls, plugins: Plugins | Sequence[object]) -> Plugins:
        """These, or the ones made from these."""
        return plugins if isinstance(plugins, cls) else cls(cast("Sequence[object]", plugins))

    def _use(self, found: FoundPlugin) -> None:
        if found.module is not None and self._manager.is_registered(found.module):
            if found.strict and found.origin == "passed":
                raise ConfigurationError(
                    f"Plugin {found.name} is passed twice.", plugin=found.name, hint="Pass it once."
                )
            return  # the host passed it, and it was found as well
        found = evolve(found, name=self._free(found.name))
        hooks = () if found.module is None else declared(found.module, self._manager)
        problems = (found.problem,) if found.problem is not None else examine(found, hooks)
        brought: dict[str, dict[str, object]] = {}
        if not problems:
            brought, problems = self._ask(found, hooks)
        if not problems:
            problems = self._registered(found)
        if problems and found.strict:
            raise problems[0].as_error()
        if not problems:
            self._claim(found, brought)
        self._infos.append(_info(found, hooks, brought, problems))
        if problems:
            _warn(self._infos[-1])

    def _free(self, name: str) -> str:
        taken = {info.name for info in self._infos}
        return next(one for one in (name, *(f"{name}-{n}" for n in range(2, 10_000))) if one not in taken)

    def _ask(
        self, found: FoundPlugin, hooks: Sequence[Declared]
    ) -> tuple[dict[str, dict[str, object]], tuple[PluginProblem, ...]]:
        """Call every register hook of a plugin: what it brings, by what it is and by name."""
        brought: dict[str, dict[str, object]] = {}
        for hook in hooks:
            if hook.hook == GUARD:
                continue
            one = BRINGS[hook.hook]
            try:
                answer = self._call(found.name, hook.hook, hook.function, ())
                taken = {**self._holders[one.what], **dict.fromkeys(brought.get(one.what, ()), found.name)}
                items, problem = checked(found, one, answer, taken)
            except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a plugin raises is the plugin's
                message = f"Plugin {found.name}: {hook.hook} raised {type(error).__name__}."
                return {}, (told(found, "hook_failed", message, cause=cause_of(error)),)
            if problem is not None:
                return {}, (problem,)
            brought[one.what] = {**brought.get(one.what, {}), **items}
        if brought.get("events"):
            return self._with_events(found, brought)
        return brought, ()

    def _with_events(
        self, found: FoundPlugin, brought: dict[str, dict[str, object]]
    ) -> tuple[dict[str, dict[str, object]], tuple[PluginProblem, ...]]:
        """A trial: events of all plugins so far and of this one in one codec."""
        try:
            Codec().register(*self.events(), *cast("Iterable[EventType]", brought["events"].values()))
        except ConfigurationError as error:
            return {}, (told(found, "duplicate_name", f"Plugin {found.name}: {error.message}", error.hint),)
        return brought, ()

    def _registered(self, found: FoundPlugin) -> tuple[PluginProblem, ...]:
        """Hand it to pluggy, which has rules of its own."""
        try:
            self._manager.register(found.module, found.name)
        except pluggy.PluginValidationError as error:
            self._manager.unregister(name=found.name)
            return (told(found, "wrong_argument", f"Plugin {found.name} does not fit: {error}"),)
        return ()

    def _claim(self, found: FoundPlugin, brought: Mapping[str, Mapping[str, object]]) -> None:
        for what, items in brought.items():
            self._brought[what].update(items)
            self._holders[what].update(dict.fromkeys(items, found.name))

    def _call(self, plugin: str, hook: str, function: Callable[..., object], arguments: Sequence[object]) -> object:
        """The one place where a hook is called."""
        if self.trace is None:
            return function(*arguments)
        started = perf_counter()
        result = "raised"
        try:
            answer = function(*arguments)
            result = _in_a_word(answer)
        except Exception as error:
            result = f"raised {type(error).__name__}"
            raise
        finally:
            self.trace(HookCall(plugin, hook, perf_counter() - started, result))
        return answer

    @property
    def infos(self) -> tuple[PluginInfo, ...]:
        """Every plugin, those that were left out too; for modules that the host passed, their distribution."""
        if all(info.distribution or info.origin != "passed" for info in self._infos):
            return tuple(self._infos)
        homes = {entry.module: entry.dist for entry in entry_points(group=GROUP)}
        return tuple(
            evolve(info, distribution=home.name, version=home.version)
            if info.origin == "passed" and (home := homes.get(info.name)) is not None
            else info
            for info in self._infos
        )

    def channel_kinds(self) -> Mapping[str, ChannelKind]:
        """Channel kinds by name."""
        return self._named("channels", ChannelKind)

    def carrier_kinds(self) -> Mapping[str, CarrierKind]:
        """Carrier kinds by name."""
        return self._named("carriers", CarrierKind)

    def supplier_kinds(self) -> Mapping[str, SupplierKind]:
        """Supplier kinds by name."""
        return self._named("suppliers", SupplierKind)

    def scanner_kinds(self) -> Mapping[str, ScannerKind]:
        """Scanner kinds by name."""
        return self._named("scanners", ScannerKind)

    def notifier_kinds(self) -> Mapping[str, NotifierKind]:
        """Notifier kinds by name, those of the core too."""
        from ordercore.notifiers import NOTIFIERS  # what composes mail loads only where it is wanted

        return {**NOTIFIERS, **self._named("notifiers", NotifierKind)}

    def store_kinds(self) -> Mapping[str, StoreKind]:
        """Store kinds by the scheme of their URL."""
        return self._named("stores", StoreKind)

    def strategies(self) -> Mapping[str, Strategy]:
        """Sourcing strategies by name."""
        return cast("dict[str, Strategy]", dict(self._brought["strategies"]))

    def projections(self) -> Sequence[Follower | Reaction | Projection]:
        """Followers that plugins bring."""
        return cast("tuple[Follower | Reaction | Projection, ...]", tuple(self._brought["projections"].values()))

    def report_folders(self) -> Sequence[Path]:
        """Folders with report files that plugins bring."""
        return tuple(self._named("reports", Path).values())

    def events(self) -> Sequence[EventType | DocumentType]:
        """Event and document types that plugins bring."""
        return cast("tuple[EventType | DocumentType, ...]", tuple(self._brought["events"].values()))

    def channel(self, kind: str, instance: str, settings: Settings) -> Channel:
        """One account of a kind of channel. Raises ConfigurationError."""
        return self._made(Request("channel", kind, instance, settings), self.channel_kinds(), ("verify", "decode"))

    def carrier(self, kind: str, instance: str, settings: Settings) -> Carrier:
        """One account of a kind of carrier. Raises ConfigurationError."""
        return self._made(Request("carrier", kind, instance, settings), self.carrier_kinds(), ("rate", "book", "void"))

    def supplier(self, kind: str, instance: str, settings: Settings) -> Supplier:
        """One account of a kind of supplier. Raises ConfigurationError."""
        return self._made(Request("supplier", kind, instance, settings), self.supplier_kinds(), ("send",))

    def scanner(self, kind: str, instance: str, settings: Settings) -> Scanner:
        """One scanner of a kind. Raises ConfigurationError."""
        return self._made(Request("scanner", kind, instance, settings), self.scanner_kinds(), ("observe",))

    def notifier(self, kind: str, instance: str, settings: Settings) -> Notifier:
        """One notifier of a kind. Raises ConfigurationError."""
        return self._made(Request("notifier", kind, instance, settings), self.notifier_kinds(), ("wants", "deliver"))

    def _named(self, what: str, cls: type[T]) -> dict[str, T]:
        return {name: one for name, one in self._brought[what].items() if isinstance(one, cls)}

    def _made(self, wanted: Request, kinds: Mapping[str, Kind[T]], members: Sequence[str]) -> T:
        return made(wanted, kinds, members, self._holders[wanted.what + "s"])

    @property
    def guarded(self) -> bool:
        """Whether commands have to be asked about."""
        return bool(self.guards or self.unusable_guards)

    def guard(self, command: Command[Any], state: object, context: Context) -> None:
        """Ask every guard, each by itself, so that its name is known; fails closed. Raises Refused."""
        for info in self.unusable_guards:
            raise _cannot_be_asked(info)
        given = (command, state, context)
        for plugin, function, wanted in self.guards:
            try:
                answer = self._call(plugin, GUARD, function, [given[n] for n in wanted])
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


def _cannot_be_asked(info: PluginInfo) -> Refused:
    """A guard that is left out has not said yes. What it would have forbidden nobody knows, so nothing is done."""
    problem = info.problems[0]
    return Refused(
        f"Plugin {info.name} may guard commands and cannot be used, so every command is refused. {problem.message}",
        plugin=info.name, reason="guard_unusable", failure=problem.code,
        hint="Mend it, or take it away on purpose: uninstall it, or name the plugins to use.",
    )  # fmt: skip


def _info(
    found: FoundPlugin, hooks: Sequence[Declared], brought: Mapping[str, Mapping[str, object]],
    problems: tuple[PluginProblem, ...],
) -> PluginInfo:  # fmt: skip
    wanted = wanted_api(found.module)
    return PluginInfo(
        found.name, found.origin, found.distribution, found.version, wanted if type(wanted) is int else 0,
        tuple(sorted({hook.hook for hook in hooks})), {what: tuple(items) for what, items in brought.items() if items},
        found.may_guard or may_guard(hooks), found.load_seconds, problems,
    )  # fmt: skip


def _warn(info: PluginInfo) -> None:
    problem = info.problems[0]
    refuses = " It may guard commands, so every command is refused." if info.guards else ""
    said = f"Plugin {info.name} is left out: {problem.message}{refuses} See: ordercore plugins doctor"
    warnings.warn(said, PluginWarning, stacklevel=2)


def _in_a_word(answer: object) -> str:
    if answer is None:
        return "None"
    if isinstance(answer, Refusal):
        return f"Refusal({answer.code!r})"
    return f"{len(answer)} in a {type(answer).__name__}" if isinstance(answer, list | tuple) else type(answer).__name__
