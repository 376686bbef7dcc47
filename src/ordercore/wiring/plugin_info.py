"""What is known of a plugin: where it is from, what it implements and brings, and what is the matter with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from attrs import field, frozen

from ordercore.errors import ConfigurationError

Origin = Literal["passed", "distribution", "file"]
"""`passed` by the host, named by an installed `distribution`, or a `file` in a folder of plugins."""

ProblemCode = Literal[
    "import_failed", "unknown_hook", "wrong_argument", "not_marked", "no_hooks", "hook_wrapper", "api_version",
    "hook_failed", "wrong_return", "duplicate_name",
]  # fmt: skip


def _kept(brings: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType(dict(brings))


class PluginWarning(UserWarning):
    """A plugin that was found cannot be used, and was left out."""


@frozen
class PluginProblem:
    """Why a plugin cannot be used. `cause` are the last lines of the traceback that lie in the plugin itself."""

    plugin: str
    distribution: str
    code: ProblemCode
    message: str
    hint: str = ""
    cause: str = ""

    def as_error(self) -> ConfigurationError:
        """The same as an error, for a plugin that the host insists on; its cause is a note to it."""
        error = ConfigurationError(self.message, hint=self.hint, plugin=self.plugin, problem=self.code)
        if self.cause:
            error.add_note(self.cause)
        return error


@frozen
class PluginInfo:
    """One plugin of a kernel; with `problems` it was left out, whole.

    `api_version` is what it wants, `hooks` what it implements (slips included), `brings` names by what they are
    (`channels`, `strategies`, `events`, ...), `guards` whether it may refuse commands: then, left out, it refuses all.
    """

    name: str
    origin: Origin = "passed"
    distribution: str = ""
    version: str = ""
    api_version: int = 1
    hooks: tuple[str, ...] = ()
    brings: Mapping[str, tuple[str, ...]] = field(factory=dict, converter=_kept)
    guards: bool = False
    load_seconds: float = 0.0
    problems: tuple[PluginProblem, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether the kernel uses it."""
        return not self.problems


@frozen
class HookCall:
    """One call of one plugin's hook, and what came of it in a word: never what the plugin was given."""

    plugin: str
    hook: str
    seconds: float
    result: str


Trace = Callable[[HookCall], None]
"""Told of every hook call."""
