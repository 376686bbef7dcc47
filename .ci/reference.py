"""Write the reference pages from the code, or with --check say which of them are out of date.

python .ci/reference.py [--check]
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import attrs

from ordercore import errors
from ordercore.codec import Codec
from ordercore.hooks import OrdercoreHooks
from ordercore.lifecycle import LIFECYCLES
from ordercore.message import Command
from ordercore.store import Capability
from ordercore.wiring.routes import ROUTES

DOCS = Path(__file__).parent.parent / "docs"


def doc(thing: object) -> str:
    """A docstring, unindented."""
    return inspect.cleandoc(thing.__doc__ or "")


def error_classes() -> Iterator[type[errors.OrdercoreError]]:
    """Every error class, in the order of the module."""
    for thing in vars(errors).values():
        if isinstance(thing, type) and issubclass(thing, errors.OrdercoreError):
            yield thing


def errors_page() -> str:
    """Codes of all errors."""
    lines = [
        "# Errors", "", "Every error has a stable `code`, typed `fields`, a message made from them and a hint;",
        "`as_problem()` gives RFC 9457 problem details with the status below.", "", "```text",
        doc(errors).partition("::\n\n")[2].rstrip(), "```", "",
    ]  # fmt: skip
    for cls in error_classes():
        lines += [f"## {cls.code}", "", f"`{cls.__name__}`, HTTP status {cls.http_status}.", "", doc(cls), ""]
    return "\n".join(lines)


def fields_of(cls: type[Any]) -> Iterator[str]:
    """A row per field."""
    for one in attrs.fields(cls):
        kind = one.type if isinstance(one.type, str) else getattr(one.type, "__name__", str(one.type))
        given = "" if one.default is attrs.NOTHING else ", optional"
        yield f"- `{one.name}`: `{kind}`{given}"


def commands_page() -> str:
    """All commands, by area."""
    lines = ["# Commands", "", "What `kernel.handle` takes. A natural key makes a repeat a repeat by itself.", ""]
    areas: dict[str, list[type[Command[Any]]]] = {}
    for cls in ROUTES:
        areas.setdefault(cls.__module__.rpartition(".")[0], []).append(cls)
    for area, classes in areas.items():
        lines += [f"## `{area}`", ""]
        for cls in classes:
            lines += [f"### {cls.__name__}", "", doc(cls), ""]
            lines += [*fields_of(cls), ""]
            if ROUTES[cls].key is not None:
                lines += ["It has a natural key.", ""]
    return "\n".join(lines)


def events_page() -> str:
    """All events under their stored names."""
    lines = ["# Events", "", "What the log holds, under the names and versions it is stored with.", ""]
    for kind in sorted(Codec().events(), key=lambda kind: kind.name):
        if kind.cls.__module__.startswith("ordercore.testing"):
            continue
        lines += [f"## {kind.name}", "", f"`{kind.cls.__name__}`, version {kind.version}. {doc(kind.cls)}", ""]
        lines += [*fields_of(kind.cls), ""]
    return "\n".join(lines)


def hooks_page() -> str:
    """All hooks, and the capabilities of stores."""
    lines = ["# Hooks", "", "Where plugins may speak; see `ordercore.hooks` for how a plugin is registered.", ""]
    for name, function in vars(OrdercoreHooks).items():
        if name.startswith("ordercore_"):
            given = [parameter for parameter in inspect.signature(function).parameters if parameter != "self"]
            lines += [f"## {name}({', '.join(given)})", "", doc(function), ""]
    lines += ["## Capabilities of stores", "", ", ".join(f"`{name}`" for name in get_args(Capability)) + ".", ""]
    return "\n".join(lines)


def lifecycles_page() -> str:
    """The lifecycle tables as diagrams."""
    lines = [
        "# Lifecycles", "", "Drawn from the tables in `ordercore.lifecycle`. A state is computed from quantities, never stored:",
        "an arrow says what may be computed after a command.", "",
    ]  # fmt: skip
    for machine in LIFECYCLES:
        lines += [f"## {machine.name.capitalize()}", "", "```mermaid", machine.diagram(), "```", ""]
        holds = sorted({(row.command, row.hold) for row in machine.transitions if row.hold})
        if holds:
            lines += ["A hold can block: " + ", ".join(f"`{name}` ({step})" for name, step in holds) + ".", ""]
    return "\n".join(lines)


PAGES = {
    "reference/errors.md": errors_page,
    "reference/commands.md": commands_page,
    "reference/events.md": events_page,
    "reference/hooks.md": hooks_page,
    "lifecycles.md": lifecycles_page,
}


def main() -> int:
    """Write or compare."""
    stale = 0
    for name, make in PAGES.items():
        path, text = DOCS / name, make().rstrip() + "\n"
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"docs/{name} is out of date: make reference")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
