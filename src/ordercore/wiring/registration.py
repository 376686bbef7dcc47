"""Looking at a plugin before it is used: its API version, its hooks, their names and arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen
from pluggy import PluginManager

from ordercore.errors import did_you_mean
from ordercore.hooks import API_SUPPORTED, API_VERSION, GUARD, HOOKS, OrdercoreHooks, nearest_hook
from ordercore.wiring.discovery import FoundPlugin
from ordercore.wiring.plugin_info import PluginProblem, ProblemCode

_REGISTERS: Final = "ordercore_register_"
_BY_POSITION: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _arguments() -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(inspect.signature(getattr(OrdercoreHooks, name)).parameters)[1:] for name in HOOKS}


ARGUMENTS: Final = _arguments()
"""Hook -> the parameters that an implementation may take."""


@frozen
class Declared:
    """A function of a plugin that is, or looks like, the implementation of a hook."""

    hook: str
    function: Callable[..., object]
    marked: bool
    wrapper: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of its parameters that have no default: pluggy passes these."""
        try:
            parameters = inspect.signature(self.function).parameters.values()
        except (TypeError, ValueError):
            return ()
        return tuple(one.name for one in parameters if one.default is one.empty and one.kind in _BY_POSITION)


def declared(plugin: object, manager: PluginManager) -> tuple[Declared, ...]:
    """Everything of a plugin that is marked as a hook, or has the name of one and lacks the mark."""
    return tuple(_declared(plugin, manager))


def _declared(plugin: object, manager: PluginManager) -> Iterator[Declared]:
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is not None:
            wraps = options["wrapper"] or options["hookwrapper"]
            yield Declared(options["specname"] or name, getattr(plugin, name), marked=True, wrapper=wraps)
        elif name in HOOKS or name.startswith(_REGISTERS):
            function = getattr(plugin, name)
            if inspect.isroutine(function):
                yield Declared(name, function, marked=False)


def examine(found: FoundPlugin, hooks: Sequence[Declared]) -> tuple[PluginProblem, ...]:
    """Everything that keeps a plugin from being used, as far as it shows without calling it."""
    problems = tuple(_version(found)) + tuple(problem for hook in hooks for problem in _hook(found, hook))
    if not hooks:
        problems += (
            told(
                found, "no_hooks", f"Plugin {found.name} implements no hook.",
                "Name the module whose functions are marked with @hookimpl.",
            ),
        )  # fmt: skip
    return problems


def told(found: FoundPlugin, code: ProblemCode, message: str, hint: str = "", cause: str = "") -> PluginProblem:
    """A problem of this plugin."""
    return PluginProblem(found.name, found.distribution, code, message, hint, cause)


def wanted_api(plugin: object) -> object:
    """The API version that a plugin was written for: the first one, if it does not say."""
    return getattr(plugin, "ORDERCORE_API", API_SUPPORTED[0])


def _version(found: FoundPlugin) -> Iterator[PluginProblem]:
    wanted = wanted_api(found.module)
    if type(wanted) is not int or wanted not in API_SUPPORTED:
        yield unsupported(found, f"Plugin {found.name}", wanted)


def unsupported(found: FoundPlugin, what: str, wanted: object) -> PluginProblem:
    """This plugin, or a kind that it brings, was written for another version of ordercore's hooks and ports."""
    newer = type(wanted) is int and wanted > API_VERSION
    hint = "Upgrade ordercore" if newer else f"Upgrade {found.distribution or 'the plugin'}"
    other = "the plugin" if newer else "ordercore"
    return told(
        found, "api_version",
        f"{what} wants API version {wanted!r}; ordercore offers {API_VERSION} and supports "
        f"{', '.join(map(str, API_SUPPORTED))}.",
        f"{hint}, or install a release of {other} that fits.",
    )  # fmt: skip


def _hook(found: FoundPlugin, hook: Declared) -> Iterator[PluginProblem]:
    name = found.name
    if hook.hook not in HOOKS:
        # What all of them begin with would make each of them look near.
        hint = did_you_mean(hook.hook, HOOKS, limit=1) or f"Hooks: {', '.join(HOOKS)}."
        yield told(found, "unknown_hook", f"Plugin {name} implements {hook.hook}, which is no hook.", hint)
    elif not hook.marked:
        message = f"Plugin {name} has a function {hook.hook} without the mark of a hook: it would never be called."
        yield told(found, "not_marked", message, "Write @hookimpl above it: from ordercore.hooks import hookimpl")
    elif hook.wrapper:
        message = f"Plugin {name} wraps {hook.hook}: every plugin is asked by itself, so there is nothing to wrap."
        yield told(found, "hook_wrapper", message, "Implement the hook without wrapper=True.")
    else:
        yield from _parameters(found, hook)


def _parameters(found: FoundPlugin, hook: Declared) -> Iterator[PluginProblem]:
    allowed = ARGUMENTS[hook.hook]
    for argument in hook.arguments:
        if argument not in allowed:
            takes = f"It may take {', '.join(allowed)}, or fewer." if allowed else "It takes no arguments."
            if argument == "self":
                takes = "Pass an object of the class, not the class."
            message = f"Plugin {found.name}: {hook.hook} has no argument {argument!r}."
            yield told(
                found, "wrong_argument", message, " ".join(filter(None, (did_you_mean(argument, allowed), takes)))
            )


def may_guard(hooks: Iterable[Declared]) -> bool:
    """Whether any of these is a guard, or was most likely meant to be one."""
    return any(nearest_hook(hook.hook) == GUARD for hook in hooks)
