"""What plugins bring: for each register hook what may come back, under which name, and what names are taken."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from ordercore.codec.registry import AREAS
from ordercore.hooks import API_SUPPORTED, StoreKind
from ordercore.message import DocumentType, EventType
from ordercore.ports import CarrierKind, ChannelKind, NotifierKind, ScannerKind, SupplierKind
from ordercore.projection import JOURNAL
from ordercore.sourcing import STRATEGIES
from ordercore.wiring.discovery import FoundPlugin
from ordercore.wiring.plugin_info import PluginProblem
from ordercore.wiring.registration import told, unsupported

MINE: Final = "ordercore"
"""Who holds the names of the core."""


@frozen
class Brought:
    """What one register hook may bring: `what` of its name, one of them in words, and how it is told and named."""

    what: str
    one: str
    fits: Callable[[object], bool]
    name: Callable[[object], str]

    @property
    def hook(self) -> str:
        """The hook's name."""
        return f"ordercore_register_{self.what}"


def _attribute(name: str) -> Callable[[object], str]:
    return lambda one: str(getattr(one, name))


def _instance_of(*classes: type) -> Callable[[object], bool]:
    return lambda one: isinstance(one, classes)


def _kind(what: str, cls: type) -> Brought:
    return Brought(what, f"a {cls.__name__}", _instance_of(cls), _attribute("kind"))


def _stored_name(one: object) -> str:
    """Events and documents have books of their own."""
    return _attribute("name")(one) + (" (document)" if isinstance(one, DocumentType) else "")


def _strategy(one: object) -> bool:
    return callable(one) and isinstance(getattr(one, "name", None), str) and type(getattr(one, "version", None)) is int


def _follower(one: object) -> bool:
    acts = any(callable(getattr(one, verb, None)) for verb in ("apply", "react", "project"))
    return acts and isinstance(getattr(one, "name", None), str)


BRINGS: Final[Mapping[str, Brought]] = {
    one.hook: one
    for one in (
        _kind("channels", ChannelKind),
        _kind("carriers", CarrierKind),
        _kind("suppliers", SupplierKind),
        _kind("scanners", ScannerKind),
        _kind("notifiers", NotifierKind),
        Brought(
            "projections",
            "a Follower, Reaction or Projection (name; apply, react or project)",
            _follower,
            _attribute("name"),
        ),
        Brought("reports", "a pathlib.Path", _instance_of(Path), str),
        Brought("strategies", "a Strategy (name, version, callable)", _strategy, _attribute("name")),
        Brought("stores", "a StoreKind", _instance_of(StoreKind), _attribute("scheme")),
        Brought("events", "an EventType or DocumentType", _instance_of(EventType, DocumentType), _stored_name),
    )
}
"""Hook -> what it brings."""

TAKEN: Final[Mapping[str, Iterable[str]]] = {
    "strategies": tuple(STRATEGIES),
    "stores": ("memory", "sqlite"),
    "projections": (JOURNAL,),
    "notifiers": ("email", "webhook"),
}
"""Names that are the core's own."""


def checked(
    found: FoundPlugin, brought: Brought, answer: object, taken: Mapping[str, str]
) -> tuple[dict[str, object], PluginProblem | None]:
    """What a hook returned, by name; or what is wrong with it. `taken`: who holds which name already."""
    if not isinstance(answer, Iterable) or isinstance(answer, str | bytes | Mapping):
        if inspect.iscoroutine(answer):
            answer.close()  # or Python warns that nobody awaited it
        return {}, _wrong(found, brought, answer)
    items: dict[str, object] = {}
    for one in answer:
        if not brought.fits(one):
            return {}, _wrong(found, brought, [one])
        name = brought.name(one)
        problem = _unfit(found, brought, one, name, {**taken, **dict.fromkeys(items, found.name)})
        if problem is not None:
            return {}, problem
        items[name] = one
    return items, None


def _unfit(
    found: FoundPlugin, brought: Brought, one: object, name: str, taken: Mapping[str, str]
) -> PluginProblem | None:
    wanted = getattr(one, "api_version", API_SUPPORTED[0])
    if wanted not in API_SUPPORTED:
        return unsupported(found, f"The {brought.what} kind {name!r} of plugin {found.name}", wanted)
    holder = MINE if brought.what == "events" and name.partition(".")[0] in AREAS else taken.get(name)
    if holder is None:
        return None
    message = f"Plugin {found.name} brings {name!r} among its {brought.what}, a name that {holder} has already."
    return told(found, "duplicate_name", message, "Rename one of them, or leave one of the plugins out.")


def _wrong(found: FoundPlugin, brought: Brought, answer: object) -> PluginProblem:
    shown = f"a list with {_article(answer[0])}" if isinstance(answer, list) else _article(answer)
    message = f"Plugin {found.name}: {brought.hook} returned {shown}."
    return told(found, "wrong_return", message, f"It returns a list; each of it is {brought.one}.")


def _article(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
