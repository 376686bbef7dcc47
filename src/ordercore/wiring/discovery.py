"""Finding plugins: entry points of installed distributions, and files in folders. One that breaks stops nobody."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Final

from attrs import evolve, frozen

from ordercore.errors import ConfigurationError, did_you_mean
from ordercore.hooks import GUARD, nearest_hook
from ordercore.wiring.plugin_info import Origin, PluginProblem

GROUP: Final = "ordercore"
"""The entry point group in which distributions name their plugin modules."""

FILES: Final = "ordercore_plugin_"
"""What the module of a one-file plugin is called, before the name of its file."""

CAUSE_FRAMES: Final = 3

_NAMES: Final = re.compile(r"\bordercore_\w+")
_OURS: Final = Path(__file__).parent.parent
_IMPORTERS: Final = (Path(importlib.__file__), Path(importlib.metadata.__file__))

Finder = tuple[str, Callable[[], "FoundPlugin"]]


@frozen(eq=False)
class FoundPlugin:
    """A plugin that was looked for and found: its module, or why there is none.

    Hand it to a kernel as it is. Unless `strict`, it is left out with a PluginWarning when it cannot be used; if it
    `may_guard`, every command is refused then.
    """

    name: str
    module: object | None
    origin: Origin = "distribution"
    distribution: str = ""
    version: str = ""
    load_seconds: float = 0.0
    strict: bool = False
    may_guard: bool = False
    problem: PluginProblem | None = None

    @classmethod
    def of(cls, plugin: object) -> FoundPlugin:
        """What a host passes: taken as it is, and insisted on."""
        if isinstance(plugin, cls):
            return plugin
        return cls(str(getattr(plugin, "__name__", type(plugin).__name__)), plugin, "passed", strict=True)


def discover(
    only: Iterable[str] | None = None, *, folders: Iterable[Path] = (), strict: bool = False
) -> Sequence[FoundPlugin]:
    """Plugins that installed distributions name as entry points, and the `*.py` files of `folders`, loaded.

    `only` limits them to these names. Without `strict` one that does not load is found with its problem. Raises
    ConfigurationError for a name in `only` or a folder that is not there, and with `strict` for one that does not load.
    """
    finders = sorted((*_of_distributions(), *_of_folders(folders)), key=lambda finder: finder[0])
    if only is not None:
        wanted = _known(only, [name for name, _ in finders])
        finders = [finder for finder in finders if finder[0] in wanted]
    found = [evolve(load(), strict=strict) for _, load in finders]
    if strict:
        for one in found:
            if one.problem is not None:
                raise one.problem.as_error()
    return found


def _known(only: Iterable[str], names: Sequence[str]) -> frozenset[str]:
    wanted = frozenset(only)
    for name in sorted(wanted.difference(names)):
        hint = did_you_mean(name, names) or f"Found: {', '.join(names) or 'none'}."
        raise ConfigurationError(f"There is no plugin {name!r}.", plugin=name, hint=hint)
    return wanted


def _of_distributions() -> Iterator[Finder]:
    for entry in entry_points(group=GROUP):
        yield entry.name, partial(_installed, entry)


def _of_folders(folders: Iterable[Path]) -> Iterator[Finder]:
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(
                f"There is no folder {folder}.", path=str(folder), hint="Name folders with modules of plugins."
            )
        for path in folder.glob("*.py"):
            if not path.name.startswith("_"):
                yield path.stem, partial(_in_file, path)


def _installed(entry: EntryPoint) -> FoundPlugin:
    dist = entry.dist
    about = FoundPlugin(
        entry.name, None, "distribution", "" if dist is None else dist.name, "" if dist is None else dist.version
    )
    return _loaded(about, entry.load, partial(_sources, entry.module))


def _in_file(path: Path) -> FoundPlugin:
    return _loaded(FoundPlugin(path.stem, None, "file"), partial(_module_of, path), lambda: [path])


def _loaded(about: FoundPlugin, load: Callable[[], object], sources: Callable[[], Iterable[Path]]) -> FoundPlugin:
    started = perf_counter()
    try:
        module = load()
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a module does when it is imported
        problem = PluginProblem(
            about.name, about.distribution, "import_failed", f"Plugin {about.name} cannot be imported: {_said(error)}",
            hint="Mend it, install what it needs, or uninstall it.", cause=cause_of(error),
        )  # fmt: skip
        return evolve(about, load_seconds=perf_counter() - started, may_guard=_may_guard(sources), problem=problem)
    return evolve(about, module=module, load_seconds=perf_counter() - started)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ").rstrip(".") + "."


def _module_of(path: Path) -> ModuleType:
    name = FILES + path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations of its classes are looked up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _sources(module: str) -> Iterable[Path]:
    """Source files of the module's top package, found without importing anything of it."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    if spec is None:
        raise ModuleNotFoundError(module)
    folders = spec.submodule_search_locations
    if folders:
        return [path for folder in folders for path in Path(folder).rglob("*.py")]
    return [Path(spec.origin or "")]


def _may_guard(sources: Callable[[], Iterable[Path]]) -> bool:
    """Whether a module that did not load may have a guard: its text names one, or there is no text to look at."""
    try:
        texts = [path.read_text("utf-8", errors="replace") for path in sources()]
    except (ImportError, OSError, ValueError):
        return True
    return not texts or any(nearest_hook(word) == GUARD for text in texts for word in _NAMES.findall(text))


def cause_of(error: BaseException) -> str:
    """The last lines of the traceback that lie outside of ordercore and the import system, and the error itself."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _foreign(frame.filename)]
    lines = []
    for frame in frames[-CAUSE_FRAMES:]:
        lines.append(f"{_shown(frame.filename)}, line {frame.lineno}, in {frame.name}")
        if frame.line:
            lines.append(f"    {frame.line}")
    if isinstance(error, SyntaxError) and error.filename:
        lines.append(f"{_shown(error.filename)}, line {error.lineno}")
        lines.append(f"    {(error.text or '').strip()}")
        return "\n".join([*lines, f"{type(error).__name__}: {error.msg}"])
    return "\n".join([*lines, *"".join(traceback.format_exception_only(error)).splitlines()])


def _foreign(filename: str) -> bool:
    if filename.startswith("<"):
        return False
    path = Path(filename)
    return not path.is_relative_to(_OURS) and path not in _IMPORTERS


def _shown(filename: str) -> str:
    """Relative to the working directory, or to the folder that packages are installed in."""
    path = Path(filename)
    for root in (Path.cwd(), *map(Path, sys.path)):
        if path.is_relative_to(root):
            return str(path.relative_to(root))
    return filename
