"""The hooks: where many plugins may speak. Each is a function of this name, marked with `hookimpl`.

::

    from ordercore.hooks import hookimpl
    from ordercore.ports import ChannelKind

    ORDERCORE_API = 1


    @hookimpl
    def ordercore_register_channels():
        return [ChannelKind("paper", make=PaperChannel, capabilities={"file"})]

A module with such functions is a plugin: pass it as `Kernel(plugins=[module])`, or name it in the entry point group
`ordercore` of a distribution, where `discover()` finds it. Plugins run in this process and are trusted.
Hooks are called once when a kernel is built (`register`) or once per command (`guard`), never per line. Every plugin is
asked by itself, so that whatever goes wrong has its name; hook wrappers therefore have nothing to wrap and are refused.

A plugin is used whole or not at all. One that the host passes raises ConfigurationError when it cannot be used; one
that was discovered is left out with a PluginWarning, and if it may be a guard, every command is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import pluggy
from attrs import frozen

from ordercore.message import Command, Context, DocumentType, EventType
from ordercore.plan import Strategy
from ordercore.ports import CarrierKind, ChannelKind, NotifierKind, ScannerKind, SupplierKind
from ordercore.projection import Follower, Projection, Reaction
from ordercore.store import AsyncStore, Store

PROJECT: Final = "ordercore"
API_VERSION: Final = 1
"""The version of these hooks and of the ports. A plugin says which it was written for: `ORDERCORE_API = 1`."""
API_SUPPORTED: Final = (1,)
"""Versions whose plugins still work."""
hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)


@frozen
class StoreKind:
    """A kind of store: `open(url)` gives one for a URL whose scheme is `scheme`, such as `sqlite:///shop.db`.

    `open_async` gives one whose driver is asynchronous; without it an `AsyncKernel` calls the other in its executor.
    `migrate` makes the tables or what they lack and returns their version before and after; `after_restore` is done once
    after a backup was restored. Both are what `ordercore migrate` calls; None where there is nothing to do.
    """

    scheme: str
    open: Callable[[str], Store]
    open_async: Callable[[str], AsyncStore] | None = None
    migrate: Callable[[str], tuple[int, int]] | None = None
    after_restore: Callable[[str], None] | None = None


@frozen
class Refusal:
    """A guard's no. `code` is the plugin's own and stable, `message` is shown to the caller as it is."""

    code: str
    message: str


class OrdercoreHooks:
    """Every hook there is. An implementation may leave out parameters, but not name others."""

    @hookspec
    def ordercore_register_channels(self) -> Iterable[ChannelKind]:  # type: ignore[empty-body]  # a spec has no body
        """Kinds of channels. Called once per kernel; a kind is claimed by one plugin, the first."""

    @hookspec
    def ordercore_register_carriers(self) -> Iterable[CarrierKind]:  # type: ignore[empty-body]  # a spec has no body
        """Kinds of carriers. Called once per kernel; kinds are claimed as those of channels are."""

    @hookspec
    def ordercore_register_suppliers(self) -> Iterable[SupplierKind]:  # type: ignore[empty-body]  # a spec has no body
        """Kinds of suppliers. Called once per kernel; kinds are claimed as those of channels are."""

    @hookspec
    def ordercore_register_scanners(self) -> Iterable[ScannerKind]:  # type: ignore[empty-body]  # a spec has no body
        """Kinds of scanners. Called once per kernel; kinds are claimed as those of channels are."""

    @hookspec
    def ordercore_register_notifiers(self) -> Iterable[NotifierKind]:  # type: ignore[empty-body]  # a spec has no body
        """Kinds of notifiers. Called once per kernel; kinds are claimed as those of channels are."""

    @hookspec
    def ordercore_register_projections(self) -> Iterable[Follower | Reaction | Projection]:  # type: ignore[empty-body]  # a spec has no body
        """Followers of the log: observers, reactions that send commands, projections. Called once per kernel.

        Each has a cursor under its `name`, which no two may share; it is given every event at least once, in order,
        whenever the kernel works. One that raises gets the same again later, and holds up nobody else.
        """

    @hookspec
    def ordercore_register_reports(self) -> Iterable[Path]:  # type: ignore[empty-body]  # a spec has no body
        """Folders with report files (TOML). Called once per kernel; read when a report is made."""

    @hookspec
    def ordercore_register_strategies(self) -> Iterable[Strategy]:  # type: ignore[empty-body]  # a spec has no body
        """Sourcing strategies, by their `name`. Called once per kernel; names are claimed as kinds of channels are."""

    @hookspec
    def ordercore_register_stores(self) -> Iterable[StoreKind]:  # type: ignore[empty-body]  # a spec has no body
        """Kinds of stores, by the scheme of their URL. Called once per kernel; schemes are claimed as kinds are."""

    @hookspec
    def ordercore_register_events(self) -> Iterable[EventType | DocumentType]:  # type: ignore[empty-body]  # a spec has no body
        """Names that the plugin's own events and documents are stored under. Called once per kernel.

        Names begin with the plugin's: `acme.gift_wrapped`. Events need a rule for `postings_of` as well.
        """

    @hookspec
    def ordercore_guard(self, command: Command[Any], state: object, context: Context) -> Refusal | None:
        """Whether this command may be decided on this state. None lets it pass; the first Refusal stands.

        `command` is what was asked, `state` what it would act on (an `Order`, an item; None where there is none yet),
        `context` the time and the actor. Called once per command, and again when it is decided again (after a
        conflict, and before it is refused), so it must be pure: no clock, no network, no changes to what it is given.
        Guards are asked in pluggy's order: the one registered last first, `tryfirst` before and `trylast` after them.
        It fails closed: one that raises, or returns anything else, refuses the command, and the caller sees the
        plugin's name.
        """


GUARD: Final = "ordercore_guard"
HOOKS: Final = tuple(name for name in vars(OrdercoreHooks) if name.startswith("ordercore_"))
"""The names of all hooks."""


def nearest_hook(name: str) -> str:
    """The hook that is or was most likely meant by this name, or nothing."""
    return name if name in HOOKS else next(iter(difflib.get_close_matches(name, HOOKS, n=1)), "")
