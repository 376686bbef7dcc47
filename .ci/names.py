"""Pages about the public Python names, the policies, the capabilities and the command line, written from the code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from types import UnionType
from typing import Any, Final, ForwardRef, Literal, NewType, get_args, get_origin, get_type_hints

import attrs
import click

from ordercore.errors import OrdercoreError
from ordercore.kernel import Kernel
from ordercore.message import Command
from ordercore.policies import Policies

MODULES: Final = (
    "ordercore",
    "ordercore.catalog",
    "ordercore.order",
    "ordercore.stock",
    "ordercore.plan",
    "ordercore.readable",
    "ordercore.values",
    "ordercore.message",
    "ordercore.projection",
    "ordercore.hooks",
    "ordercore.ports",
    "ordercore.notifiers",
    "ordercore.notices",
    "ordercore.transport",
    "ordercore.codec",
    "ordercore.intake",
    "ordercore.views",
    "ordercore.wiring",
    "ordercore.upkeep",
    "ordercore.worker",
    "ordercore.report",
    "ordercore.store",
    "ordercore.store.transfer",
    "ordercore.store.archived",
    "ordercore.store.migrations",
    "ordercore.store.refusal",
    "ordercore.store.guards",
    "ordercore.store.stored",
    "ordercore.store.scalars",
    "ordercore.store.verify",
    "ordercore.store.memory",
    "ordercore.store.sqlite",
    "ordercore.testing",
)
"""What hosts and plugins import from."""

CHOSEN: Final = {
    "ordercore.report": (
        "Column",
        "Definition",
        "FactTable",
        "Facts",
        "Rows",
        "Session",
        "Written",
        "follow",
        "write_report",
    ),
    "ordercore.values": (
        "Address",
        "CommandId",
        "Cursor",
        "GeoPoint",
        "LineId",
        "LocationCode",
        "MAX_QUANTITY",
        "Money",
        "OrderId",
        "Place",
        "Price",
        "Quantity",
        "Sku",
        "Stream",
        "code_of",
        "country_of",
        "exponent_of",
        "instant_of",
        "sku_of",
        "text_of",
    ),
    "ordercore.message": ("Context", "DocumentType", "Envelope", "Event", "EventType", "Receipt", "Recorded"),
    "ordercore.codec": ("JsonValue", "parse_json"),
    "ordercore.intake": ("ItemMapping", "Quarantined", "digest"),
    "ordercore.store.transfer": (
        "ConsumerRow",
        "CounterRow",
        "Counts",
        "DocumentRow",
        "Export",
        "LogRow",
        "StoredRow",
        "TimerRow",
        "Transfer",
        "another",
        "sound",
        "transfer_of",
    ),
    "ordercore.store.archived": (
        "ARCHIVE",
        "CARRIED",
        "SEGMENT",
        "Archiving",
        "Back",
        "Carried",
        "CarriedRow",
        "Cut",
        "Segment",
        "archiving_of",
        "before",
        "before_archive",
    ),
    "ordercore.store.stored": ("events_of",),
    "ordercore.store.scalars": ("micros_of", "moment_of"),
    "ordercore.store.guards": ("floors_of",),
    "ordercore.store.verify": ("Differences", "Movements", "Past", "Rebuild"),
    "ordercore.projection": ("Follower", "ParkedRecord", "Projection", "Reaction", "reaction_key"),
    "ordercore.notifiers": (
        "Attachment",
        "EmailNotifier",
        "WebhookNotifier",
        "check_settings",
        "cloud_event",
        "compose",
        "delivered",
        "facts_of",
        "lines_of",
        "notice_of",
        "sign_webhook",
        "title_of",
        "verify_webhook",
    ),
    "ordercore.wiring": ("IntakeReport", "PluginInfo", "PluginProblem", "PluginWarning", "WorkReport", "discover"),
}
"""Of these modules, what hosts and plugins need."""

CAPABILITIES: Final = ("ordercore.ports", "ordercore.store")
"""Packages whose `...Capability` types say what an adapter may be able to do."""


def doc(thing: object) -> str:
    """A docstring, unindented, with its rst blocks as Markdown."""
    text = inspect.cleandoc(inspect.getdoc(thing) or "")
    return re.sub(r"^::\n\n((?:(?:    .*)?\n)+)", _block, text + "\n", flags=re.MULTILINE).strip()


def _block(found: re.Match[str]) -> str:
    return "```text\n" + inspect.cleandoc(found[1]) + "\n```\n\n"


def kind_of(type_: object) -> str:
    """A type as it is written."""
    if isinstance(type_, str):
        return type_
    if isinstance(type_, ForwardRef):
        return type_.__forward_arg__
    if isinstance(type_, UnionType):
        return " | ".join(kind_of(one) for one in get_args(type_))
    return type_.__name__ if isinstance(type_, type) and not get_args(type_) else str(type_).replace("typing.", "")


def fields_of(cls: type[Any]) -> Iterator[str]:
    """A row for each field of an attrs class or a named tuple."""
    if attrs.has(cls):
        for one in attrs.fields(cls):
            if one.init and not one.name.startswith("_"):
                yield f"- `{one.name}`: `{kind_of(one.type)}`{'' if one.default is attrs.NOTHING else ', optional'}"
    else:
        given = getattr(cls, "_field_defaults", {})
        for name in getattr(cls, "_fields", ()):
            yield f"- `{name}`: `{kind_of(cls.__annotations__[name])}`{', optional' if name in given else ''}"


def members_of(cls: type[Any]) -> Iterator[str]:
    """A row for each public method and property that the class itself defines."""
    for name, thing in vars(cls).items():
        if name.startswith("_"):
            continue
        function = getattr(thing, "__func__", thing)
        if isinstance(thing, property):
            yield f"- `{name}`: `{kind_of(inspect.signature(thing.fget).return_annotation)}`. {first(thing)}"  # type: ignore[arg-type]
        elif inspect.isfunction(function):
            yield f"- `{name}{signature(function)}`. {first(function)}"


class Bare(str):
    """An annotation that is shown as it is written, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        """The text itself."""
        return str(self)


def signature_of(function: Any) -> inspect.Signature:
    """A signature without `self`, its annotations as they are written."""
    found = inspect.signature(function)
    kept = [
        one if one.annotation is one.empty else one.replace(annotation=Bare(kind_of(one.annotation)))
        for name, one in found.parameters.items()
        if name not in {"self", "cls"}
    ]
    returned = found.return_annotation
    returned = returned if returned is found.empty else Bare(kind_of(returned))
    return found.replace(parameters=kept, return_annotation=returned)


def signature(function: Any) -> str:
    """The same as text."""
    return str(signature_of(function))


def first(thing: object) -> str:
    """The first paragraph of a docstring in one line."""
    return " ".join(inspect.cleandoc(getattr(thing, "__doc__", None) or "").partition("\n\n")[0].split())


def public(module: str) -> Iterator[tuple[str, object]]:
    """The public names of a module."""
    loaded = import_module(module)
    for name in CHOSEN.get(module) or getattr(loaded, "__all__", None) or _defined(loaded):
        yield name, getattr(loaded, name)


def _defined(module: Any) -> list[str]:
    return [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and (getattr(thing, "__module__", "") == module.__name__ or name == "hookimpl")
    ]


def entry(module: str, name: str, thing: object) -> Iterator[str]:
    """What there is to say of a name."""
    yield from (f"### {name}", "")
    thing = getattr(thing, "__wrapped__", thing)  # of a function that remembers its answers
    if isinstance(thing, type) and issubclass(thing, Command) and thing is not Command:
        yield f"A command: [{name}](commands.md#{name.lower()})."
    elif isinstance(thing, type) and issubclass(thing, OrdercoreError):
        yield f"An error: [{thing.code}](errors.md#{thing.code})."
    elif thing is Kernel or name == "AsyncKernel":
        yield f"{first(thing)} See [Kernel](kernel.md)."
    elif isinstance(thing, type):
        yield doc(thing)
        rows = [*fields_of(thing), *members_of(thing)]
        yield from ("", *rows) if rows else ()
    elif inspect.isfunction(thing):
        yield from (f"`{name}{signature(thing)}`", "", doc(thing))
    elif inspect.ismodule(thing):
        yield doc(thing)
    elif get_origin(thing) is Literal:
        yield "One of " + ", ".join(f"`{value}`" for value in get_args(thing)) + "."
    elif isinstance(thing, NewType):
        yield f"A `{thing.__supertype__.__name__}` of a type of its own."
    elif name == "hookimpl":
        yield "Marks a function as the implementation of the hook of its name."
    else:
        yield f"`{kind_of(thing)}`" if get_origin(thing) or get_args(thing) else f"`{value_of(thing)}`"
    yield ""


def value_of(thing: object) -> str:
    """A constant; a set in an order that is the same in every run."""
    return f"{{{', '.join(map(repr, sorted(thing)))}}}" if isinstance(thing, frozenset) else repr(thing)


def names_page() -> str:
    """Every public name."""
    lines = [
        "# Public names", "", "What hosts, plugins and tests import, module by module. What stands in no `__all__` may change",
        "without notice. Quantities are ints of the item's smallest unit, money ints of minor units.", "",
    ]  # fmt: skip
    seen: dict[int, str] = {}
    for module in MODULES:
        lines += [f"## `{module}`", "", first(import_module(module)), ""]
        for name, thing in public(module):
            if isinstance(thing, type) and id(thing) in seen:
                lines += [f"### {name}", "", f"The same as in `{seen[id(thing)]}`.", ""]
                continue
            seen[id(thing)] = module
            lines += entry(module, name, thing)
    return "\n".join(lines)


def kernel_page() -> str:
    """The methods of the kernel."""
    lines = ["# Kernel", "", doc(Kernel), "", "`AsyncKernel` has the same names, awaited.", ""]
    lines += ["```python", "from ordercore import AsyncKernel, Kernel", "```", ""]
    for name, thing in {"__init__": Kernel.__init__, **vars(Kernel)}.items():
        function = getattr(thing, "__func__", thing)
        if isinstance(thing, property):
            function = thing.fget
        if not inspect.isfunction(function) or (name.startswith("_") and name != "__init__"):
            continue
        title = "Kernel" if name == "__init__" else name
        shown = laid(title, function)
        shown = shown.replace("() -> ", ": ", 1) if isinstance(thing, property) else shown
        lines += [f"## {title}", "", "```text", shown, "```", "", doc(function), ""]
    return "\n".join(lines)


def laid(name: str, function: Any) -> str:
    """A signature, a parameter a line where it is long."""
    found = signature_of(function)
    if name == "Kernel":
        found = found.replace(return_annotation=found.empty)
    if len(text := f"{name}{found}") < 88:
        return text
    rows: list[str] = []
    for one in found.parameters.values():
        if one.kind is one.KEYWORD_ONLY and "*" not in rows:
            rows.append("*")
        rows.append(str(one))
    end = "" if found.return_annotation is found.empty else f" -> {found.return_annotation}"
    return f"{name}(\n" + "".join(f"    {row},\n" for row in rows) + f"){end}"


def policies() -> Iterator[tuple[str, type[Any]]]:
    """The policies, and what they are made of: (name of the option or nothing, class)."""
    yield "", Policies
    for one in attrs.fields(Policies):
        if attrs.has(cls := type(one.default)):
            yield one.name, cls


def options_of(cls: type[Any]) -> Iterator[str]:
    """A row of a table for each option."""
    for one in attrs.fields(cls):
        values = ", ".join(f"`{value}`" for value in choices(cls, one.name)) or f"`{kind_of(one.type)}`"
        default = one.default.factory() if isinstance(one.default, attrs.Factory) else one.default  # type: ignore[arg-type,misc]
        yield f"| `{one.name}` | {values} | `{default!r}` |"


def choices(cls: type[Any], name: str) -> tuple[str, ...]:
    """The words that an option may be."""
    type_ = get_type_hints(cls)[name]
    return get_args(type_) if get_origin(type_) is Literal else ()


def policies_page() -> str:
    """The policies of a kernel."""
    lines = ["# Policies", ""]
    for name, cls in policies():
        lines += [f"## {name}", "", f"`{cls.__name__}`", ""] if name else []
        lines += [doc(cls), "", "| option | values | default |", "| --- | --- | --- |", *options_of(cls), ""]
    lines += [
        "## How to set them", "", "They are an argument of the kernel; an order may differ by the fields of the same names of",
        "[PlaceOrder](commands.md#placeorder).", "", "```python", "from ordercore import Kernel",
        "from ordercore.policies import Policies", "", 'kernel = Kernel(policies=Policies(shortage="backorder"))', "```", "",
    ]  # fmt: skip
    return "\n".join(lines)


def capability_types() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(package, name of the type, capabilities) of everything that declares capabilities."""
    for package in CAPABILITIES:
        for name, thing in sorted(vars(import_module(package)).items()):
            if name.endswith("Capability") and get_origin(thing) is Literal:
                yield package, name, get_args(thing)


def capabilities_page() -> str:
    """What adapters may declare that they can do."""
    lines = [
        "# Capabilities", "", "What a store, a channel or another adapter declares about itself, and what its suite then asks of it.",
        "See [The store contract](../stores.md), and the how-to guides for the others.", "",
    ]  # fmt: skip
    for package, name, values in capability_types():
        owner = name.removesuffix("Capability") or "Store"
        described = getattr(getattr(import_module(package), owner, None), "capabilities", None)
        lines += [f"## {owner}", "", f"`{package}.{name}`: " + ", ".join(f"`{value}`" for value in values) + ".", ""]
        lines += [doc(described), ""] if described is not None else []
    return "\n".join(lines)


def commands_of(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command of a group and of the groups in it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None  # noqa: S101  # it was listed
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands_of(command, (*path, name))


def command_line_page() -> str:
    """The command line: what `--help` says of each command."""
    from ordercore.cli.app import commands

    lines = ["# Command line", "", 'Needs the extra: `pip install "ordercore[cli]"`.', ""]
    for path, command in [(("ordercore",), commands), *commands_of(commands, ("ordercore",))]:
        with click.Context(command, info_name=" ".join(path), max_content_width=88, terminal_width=88) as context:
            text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        lines += [f"## {' '.join(path)}", "", "```text", text, "```", ""]
    return "\n".join(lines)
