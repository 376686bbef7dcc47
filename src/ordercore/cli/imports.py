"""`ordercore import`: documents through their channel, the history of a shop, or generated orders."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from ordercore.cli import show
from ordercore.cli.plugged import configured
from ordercore.cli.progress import Bars
from ordercore.cli.reporting import print_report
from ordercore.cli.shop import (
    HandedOver,
    configured_channel,
    file_channel,
    opened,
    settings_of,
    shortage_option,
    store_option,
)
from ordercore.errors import ConfigurationError
from ordercore.kernel import Kernel
from ordercore.policies import Shortage
from ordercore.ports import Transmission

MOST_BYTES: Final = 64_000_000
"""A document is kept whole in memory; a larger file is a history or several documents."""

_MEDIA: Final[Mapping[str, str]] = {".csv": "text/csv", ".json": "application/json", ".xml": "application/xml"}

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import", short_help="Take orders in: documents, a history, or made-up ones.")
@store_option
@click.option("--channel", "kind", help="Kind of channel that reads the files, such as csv or shopify.")
@click.option("--map", "map_path", type=_file, help="TOML file with the channel's settings, such as a column map.")
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="A setting of the channel; may be repeated.")
@click.option(
    "--instance", help="The account that the documents are of, part of each order's id; of --config, or the kind."
)
@shortage_option
@click.option("--generate", type=click.IntRange(1), metavar="ORDERS", help="Import made-up orders instead of files.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which made-up orders.")
@click.argument("sources", nargs=-1, metavar="FILE...", type=_file)
def import_command(
    url: str, kind: str | None, map_path: Path | None, given: tuple[str, ...], instance: str | None, shortage: Shortage,
    generate: int | None, seed: int, sources: tuple[Path, ...],
) -> None:  # fmt: skip
    """Take orders in. The store is made if it is not there; run it again at any time, what is in stays as it is.

    FILEs are documents of --channel, or of the --instance of --config: each order is placed once, and what cannot be
    used waits in quarantine. If the --map has a table [history], FILE is the past of a whole shop: it is replayed with
    its stock, and the account says where each line stands. --generate replays made-up orders in the same way. A name
    that ends in .gz is unpacked.

    \b
      ordercore import --channel csv --map columns.toml --store sqlite:///shop.db orders.csv
      ordercore import --channel shopify --store sqlite:///shop.db order-1001.json order-1002.json
      ordercore import --generate 25000 --store sqlite:///generated.db
    """  # noqa: D301  # \b is the mark of a paragraph that stays as it is
    settings = settings_of(map_path, given)
    if generate is not None:
        if sources:
            raise click.UsageError("--generate makes its own orders: leave the FILEs out.")
        _replay(url, kind or "csv", map_path, None, generate, seed)
        return
    if not sources:
        raise click.UsageError("Missing argument 'FILE...', or --generate ORDERS.")
    if kind is None and (known := _configured(instance)) is not None:
        with opened(url, {known.instance: known}, new=True, shortage=shortage) as kernel:
            _take_in(show.console(), kernel, known.instance, sources)
        return
    if kind is None:
        raise click.UsageError("Missing option '--channel': say what reads the files, such as --channel csv.")
    if "history" in settings:
        if len(sources) > 1 or given:
            raise click.UsageError("A history is one FILE, with all of its settings in the --map.")
        _replay(url, kind, map_path, sources[0], None, seed)
        return
    channel = file_channel(kind, instance or kind, settings)
    with opened(url, {channel.instance: channel}, new=True, shortage=shortage) as kernel:
        _take_in(show.console(), kernel, channel.instance, sources)


def _configured(instance: str | None) -> HandedOver | None:
    """The channel of --config that is named, or its only one."""
    config = configured()
    if config is None:
        return None
    if instance is None and len(config.channels) == 1:
        instance = next(iter(config.channels))
    if instance is None:
        raise click.UsageError(f"Say with --instance which channel reads the files: {', '.join(config.channels)}.")
    return configured_channel(instance)


def _replay(url: str, kind: str, map_path: Path | None, source: Path | None, generate: int | None, seed: int) -> None:
    from ordercore.cli.importing import run_import

    with Bars(show.console(errors=True)) as bars:
        account = run_import(
            url=url, channel=kind, map_path=map_path, source=source, generate=generate, seed=seed, progress=bars.tell
        )
    click.echo(str(account).rstrip())


def _take_in(out: Console, kernel: Kernel, instance: str, sources: Iterable[Path]) -> None:
    """Each file through the channel, one line for each, and what they came to together."""
    total = Counter[str]()
    for source, body in _bodies(sources):
        report = kernel.receive(
            instance, Transmission(instance, _media(source), body, received_at=kernel.core.clock.now())
        )
        print_report(out, source.name, report)
        total["documents"] += 1
        total["orders accepted"] += len(report.accepted)
        total["orders unchanged"] += len(report.unchanged)
        total["orders stale"] += len(report.stale)
        total["ignored"] += len(report.ignored)
        total["documents in quarantine"] += bool(report.quarantined)
    for name, number in total.items():
        out.print(f"{name}: {number:,}")


def _bodies(sources: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    with Bars(show.console(errors=True)) as bars:
        files = list(sources)
        for n, source in enumerate(files):
            bars.tell("documents", n, len(files))
            yield source, _read(source)


def _read(source: Path) -> bytes:
    """The file's bytes, unpacked. Raises ConfigurationError for more than a document can have."""
    try:
        if source.suffix == ".gz":
            with gzip.open(source, "rb") as packed:
                body = packed.read(MOST_BYTES + 1)
        else:
            with source.open("rb") as plain:
                body = plain.read(MOST_BYTES + 1)
    except (OSError, EOFError) as error:
        raise ConfigurationError(f"{source} cannot be read: {error}.", hint="Is it whole, and yours to read?") from None
    if len(body) > MOST_BYTES:
        raise ConfigurationError(
            f"{source} has more than {MOST_BYTES:,} bytes.",
            hint="A table [history] in the map reads a file as a stream.",
        )
    return body


def _media(source: Path) -> str:
    named = source.with_suffix("") if source.suffix == ".gz" else source
    return _MEDIA.get(named.suffix.lower(), "application/octet-stream")
