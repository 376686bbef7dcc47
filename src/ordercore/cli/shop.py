"""The shop that a command works on: its kernel by URL, its channels by kind, and what its names could have meant."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from attrs import evolve, frozen
from click.core import ParameterSource

from ordercore.cli.options import plugged_options
from ordercore.cli.plugged import configured, plugins, store_or_configured
from ordercore.errors import ConfigurationError, NotFound
from ordercore.kernel import Kernel
from ordercore.policies import Policies, Shortage
from ordercore.ports import Channel, ChannelCapability, Decoded, Transmission
from ordercore.store import Document, Query, ReadDocuments
from ordercore.wiring.archive_folder import ArchiveFolder
from ordercore.wiring.open import open_store

A = TypeVar("A")

PAGE: Final = 1_000
_SQLITE: Final = "sqlite:///"

F = TypeVar("F", bound=Callable[..., Any])


def store_option(command: F) -> F:
    """`--store URL`, or the store of `--config FILE`; and `--plugins-dir DIR`."""
    store = click.option(
        "--store", "url", metavar="URL", envvar="ORDERCORE_STORE", show_envvar=True, callback=store_or_configured,
        help="The store, such as sqlite:///shop.db (relative) or sqlite:////var/lib/shop.db.",
    )  # fmt: skip
    return store(plugged_options(command))


shortage_option = click.option(
    "--shortage", type=click.Choice(("refuse", "backorder", "partial")), default="refuse", show_default=True,
    help="What happens to orders that stock does not cover.",
)  # fmt: skip


@contextmanager
def opened(
    url: str, channels: Mapping[str, Channel] | None = None, *, new: bool = False, shortage: Shortage = "refuse",
    archive: Path | None = None,
) -> Iterator[Kernel]:  # fmt: skip
    """A kernel over the store, with every installed plugin; closed at the end.

    Unless `new`, the store must be there: to look into a file must not create it. Raises NotFound, ConfigurationError
    and StoreError.
    """
    check_url(url, new=new)
    arguments = arguments_of(shortage)
    if channels is not None:
        arguments["channels"] = {**arguments.get("channels", {}), **channels}
    if archive is not None:
        arguments["archive"] = ArchiveFolder.at(archive)
    with Kernel(open_store(url, arguments["plugins"]), **arguments) as kernel:
        yield kernel


def check_url(url: str, *, new: bool = False) -> None:
    """Whether it names a store and, unless `new`, one that is there. Raises ConfigurationError and NotFound."""
    if "://" not in url:
        raise ConfigurationError(f"{url!r} is not the URL of a store.", hint=f"Write {_SQLITE}{url}")
    if not new and url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        raise NotFound(
            f"There is no file {url.removeprefix(_SQLITE)}.", kind="store", name=url,
            hint="`ordercore import` makes a store, and `ordercore demo` makes build/demo.db.",
        )  # fmt: skip


def arguments_of(shortage: Shortage) -> dict[str, Any]:
    """Arguments of a kernel, as --config has them; a --shortage that was typed goes before the file's."""
    config = configured()
    if config is None:
        return {"plugins": plugins(), "policies": Policies(shortage=shortage)}
    context = click.get_current_context()
    typed = context.get_parameter_source("shortage") is ParameterSource.COMMANDLINE
    policies = evolve(config.policies, shortage=shortage) if typed else config.policies
    return {**config.arguments(), "policies": policies}


@frozen
class HandedOver:
    """A channel whose documents are files of whoever runs the command: there is no sender to check."""

    channel: Channel

    @property
    def instance(self) -> str:
        """As the channel's."""
        return self.channel.instance

    @property
    def capabilities(self) -> frozenset[ChannelCapability]:
        """As the channel's."""
        return self.channel.capabilities

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """A signature proves a sender over the network; this file was handed over."""

    def decode(self, transmission: Transmission) -> Decoded:
        """As the channel's."""
        return self.channel.decode(transmission)


def channel_of(kind: str, instance: str, settings: Mapping[str, object]) -> Channel:
    """One account of an installed kind of channel. Raises ConfigurationError, saying what to install."""
    return plugins().channel(kind, instance, settings)


def file_channel(kind: str, instance: str, settings: Mapping[str, object]) -> HandedOver:
    """The same for files. Raises ConfigurationError for a kind that does not read files."""
    return _for_files(channel_of(kind, instance, settings), f"The kind {kind!r}")


def configured_channel(instance: str) -> HandedOver | None:
    """The account of --config for files; None if the file has none of this name."""
    config = configured()
    if config is None or instance not in config.channels:
        return None
    return _for_files(config.channels[instance], f"The channel {instance!r}")


def _for_files(channel: Channel, named: str) -> HandedOver:
    if "file" not in channel.capabilities:
        raise ConfigurationError(
            f"{named} does not read files.", instance=channel.instance,
            hint="It has webhooks or an API: use it from a program.",
        )  # fmt: skip
    return HandedOver(channel)


def settings_of(map_path: Path | None, given: Sequence[str]) -> dict[str, Any]:
    """Settings of a channel: the tables of a TOML file, then `key=value` pairs (`file.encoding=utf-8`) over them.

    A value is TOML (`true`, `12`, `["a", "b"]`) where it reads as TOML, else text. Raises ConfigurationError.
    """
    settings: dict[str, Any] = {}
    if map_path is not None:
        try:
            settings = tomllib.loads(map_path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"{map_path} is not TOML: {error}.", hint="Text is quoted, tables are in brackets."
            ) from None
    for pair in given:
        key, found, value = pair.partition("=")
        if not found or not key:
            raise ConfigurationError(
                f"--set {pair[:64]!r} is not of the form key=value.", hint="Such as --set file.encoding=utf-8."
            )
        *tables, name = key.split(".")
        table = settings
        for part in tables:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ConfigurationError(
                    f"--set {key[:64]!r}: {part!r} is not a table.", hint="It was set to a value before."
                )
        table[name] = _value(value)
    return settings


def _value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def ask(kernel: Kernel, query: Query[A]) -> A:
    """One read of the store."""
    return kernel.store.read((query,), tenant=kernel.core.tenant).of(query)


def documents(kernel: Kernel, kind: str, tag: str | None = None, most: int | None = None) -> Iterator[Document]:
    """Documents of a kind in their order, a page at a time."""
    after: tuple[str, str] | None = None
    left = most
    while left is None or left > 0:
        page = ask(kernel, ReadDocuments(kind, tag, after, PAGE if left is None else min(PAGE, left)))
        yield from page
        if not page:
            return
        after = (page[-1].sort, page[-1].key)
        left = None if left is None else left - len(page)
