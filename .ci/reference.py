"""Write the reference pages from the code, or with --check say which of them are out of date.

python .ci/reference.py [--check]
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from diagrams import svg
from facts import facts_page
from names import (
    capabilities_page,
    command_line_page,
    doc,
    fields_of,
    kernel_page,
    names_page,
    policies_page,
)
from pages import DOCS, llms
from pictures import order_picture, report_picture

from ordercore import errors
from ordercore.codec import Codec
from ordercore.hooks import OrdercoreHooks
from ordercore.lifecycle import LIFECYCLES, Lifecycle, Transition
from ordercore.message import Command
from ordercore.wiring.routes import ROUTES


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
        inspect.cleandoc(errors.__doc__ or "").partition("::\n\n")[2].rstrip(), "```", "",
    ]  # fmt: skip
    for cls in error_classes():
        lines += [f"## {cls.code}", "", f"`{cls.__name__}`, HTTP status {cls.http_status}.", "", doc(cls), ""]
        if cls.usual_hint:
            lines += [f"What usually helps: {cls.usual_hint}", ""]
    return "\n".join(lines)


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
    """All hooks."""
    lines = [
        "# Hook specifications", "", "Where plugins may speak; see `ordercore.hooks` for how a plugin is registered, and",
        "[Hooks by example](../plugins/hooks.md) for when each is called, what happens on an error, and examples.", "",
    ]  # fmt: skip
    for name, function in vars(OrdercoreHooks).items():
        if name.startswith("ordercore_"):
            given = [parameter for parameter in inspect.signature(function).parameters if parameter != "self"]
            lines += [f"## {name}({', '.join(given)})", "", doc(function), ""]
    return "\n".join(lines)


def picture_of(machine: Lifecycle) -> str:
    """The file of a lifecycle's diagram."""
    return f"pictures/lifecycle-{machine.name.replace(' ', '-')}.svg"


def table_row(row: Transition) -> str:
    """A transition as a row of a table, with a link to its command."""
    held = f" (unless a hold blocks `{row.hold}`)" if row.hold else ""
    targets = ", ".join("the same" if target == row.state else target for target in row.targets)
    asked = any(command.__name__ == row.command for command in ROUTES)  # others ordercore sends by itself
    name = f"[{row.command}](reference/commands.md#{row.command.lower()})" if asked else f"`{row.command}`"
    return f"| {row.state} | {name}{held} | {targets} |"


def lifecycles_page() -> str:
    """The lifecycle tables, each with its diagram."""
    lines = [
        "# Lifecycles", "", "Drawn from the tables in `ordercore.lifecycle`. A state is computed from quantities, never stored:",
        "an arrow says what may be computed after a command. A command that a state does not list is refused with",
        "[transition_refused](reference/errors.md#transition_refused), which lists those that are possible.", "",
    ]  # fmt: skip
    for machine in LIFECYCLES:
        name = machine.name.capitalize()
        lines += [f"## {name}", "", f"![{name}: states, commands, and where they lead]({picture_of(machine)})", ""]
        lines += ["| in | these commands are possible | and lead to |", "| --- | --- | --- |"]
        lines += [table_row(row) for row in machine.transitions]
        lines.append("")
    return "\n".join(lines)


PAGES = {
    "reference/errors.md": errors_page,
    "reference/commands.md": commands_page,
    "reference/events.md": events_page,
    "reference/hooks.md": hooks_page,
    "reference/kernel.md": kernel_page,
    "reference/names.md": names_page,
    "reference/policies.md": policies_page,
    "reference/capabilities.md": capabilities_page,
    "reference/command-line.md": command_line_page,
    "reference/facts.md": facts_page,
    "lifecycles.md": lifecycles_page,
    **{picture_of(machine): partial(svg, machine) for machine in LIFECYCLES},
    "pictures/order.svg": order_picture,
    "llms.txt": llms,  # last: it has a line of every page
}

DRAWN = {"pictures/report.svg": report_picture}
"""Written last and not compared: where a letter stands depends on the release of what draws it."""


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
    for name, make in DRAWN.items():
        if "--check" not in sys.argv or not (DOCS / name).exists():
            (DOCS / name).write_text(make())
    return stale


if __name__ == "__main__":
    sys.exit(main())
