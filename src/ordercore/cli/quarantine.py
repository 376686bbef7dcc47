"""`ordercore quarantine`: documents that could not be used, why, and taking them in again after the fix."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from pathlib import Path

import click
from rich.text import Text

from ordercore.cli import show
from ordercore.cli.grouped import group_store, store_of_group, url_of
from ordercore.cli.reporting import print_report
from ordercore.cli.shop import ask, configured_channel, file_channel, opened, settings_of, shortage_option
from ordercore.errors import ConfigurationError, NotFound
from ordercore.intake import Quarantined, RawDocument
from ordercore.kernel import Kernel
from ordercore.policies import Shortage
from ordercore.ports import Problem
from ordercore.readable import Table, columns
from ordercore.store import ReadDocument
from ordercore.wiring.receive import RAW

SHORT = 12
MOST = 10_000


@click.group("quarantine", invoke_without_command=True, short_help="Documents that could not be used, and why.")
@click.pass_context
@group_store
def quarantine_command(context: click.Context, url: str | None) -> None:
    """Documents that could not be used: list them, show one, take one in again. Without a command: list.

    A document is named by the first letters of its id.
    """
    context.obj = url
    if context.invoked_subcommand is None:
        _list(url_of(context, url), all_of_them=False)


@quarantine_command.command("list", short_help="List the documents that wait.")
@store_of_group
@click.option("--all", "all_of_them", is_flag=True, help="Also those that were taken in since.")
def list_command(url: str, all_of_them: bool) -> None:
    """List the documents that wait, with the path and the reason of each problem."""
    _list(url, all_of_them=all_of_them)


def _list(url: str, *, all_of_them: bool) -> None:
    with opened(url) as kernel:
        found = kernel.quarantine(status=None if all_of_them else "open", limit=MOST)
        out = show.console()
        if not found:
            out.print("Nothing is in quarantine.")
            return
        out.print(show.tables((quarantine_table(found),)))


@quarantine_command.command("show", short_help="Show one document and its problems.")
@store_of_group
@click.option("--raw", is_flag=True, help="Print the document itself, as it came.")
@click.argument("document", metavar="ID")
def show_command(url: str, raw: bool, document: str) -> None:
    """Show one document: where it is from, and everything that is the matter with it."""
    with opened(url) as kernel:
        kept = named(kernel, document)
        if raw:
            body = ask(kernel, ReadDocument(RAW, kept.document))
            if body is not None and isinstance(body.body, RawDocument):
                click.echo(b64decode(body.body.body_base64), nl=False)
            return
        out = show.console()
        out.print(Text.assemble("Document ", (kept.document, "bold")))
        out.print(
            f"from {kept.instance}, {kept.media_type}, received {show.moment(kept.received_at)} UTC, {kept.status}"
        )
        out.print(show.tables((problems_table(kept.problems),)))


@quarantine_command.command("replay", short_help="Take a document in again, after the fix.")
@store_of_group
@click.option("--channel", "kind", help="Kind of channel that reads it; csv for text/csv, shopify for JSON.")
@click.option("--map", "map_path", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="TOML file with the channel's settings, such as a column map.")  # fmt: skip
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="A setting of the channel; may be repeated.")
@shortage_option
@click.argument("document", metavar="ID")
def replay_command(
    url: str, kind: str | None, map_path: Path | None, given: tuple[str, ...], shortage: Shortage, document: str
) -> None:
    """Take a document in again, after what was wrong has been put right.

    With --config the channel that it came in over reads it again; options of a channel go before that.
    """
    with opened(url) as kernel:
        kept = named(kernel, document)
    known = None if kind or map_path or given else configured_channel(kept.instance)
    channel = known or file_channel(kind or _kind_of(kept), kept.instance, settings_of(map_path, given))
    with opened(url, {kept.instance: channel}, shortage=shortage) as kernel:
        print_report(show.console(), "document " + _short(kept), kernel.replay(kept.document))


def _kind_of(kept: Quarantined) -> str:
    media = kept.media_type.partition(";")[0].strip()
    kinds = {"text/csv": "csv", "application/json": "shopify"}
    if media not in kinds:
        raise ConfigurationError(f"Say with --channel what reads {media or 'this document'}.", hint="Such as csv.")
    return kinds[media]


def named(kernel: Kernel, text: str) -> Quarantined:
    """The document whose id begins like this. Raises NotFound where there is none, or more than one."""
    begin = text.removeprefix("sha256:").lower()
    everything = kernel.quarantine(status=None, limit=MOST)
    found = [kept for kept in everything if kept.document.removeprefix("sha256:").startswith(begin)] if begin else []
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(f"{len(found)} documents begin with {text!r}.", kind="document", name=text,
                       hint="Give more letters: " + ", ".join(_short(kept) for kept in found[:5]))  # fmt: skip
    hint = "Known: " + ", ".join(_short(kept) for kept in everything[:5]) if everything else "Nothing is in quarantine."
    raise NotFound(f"There is no document {text[:80]!r}.", kind="document", name=text[:80], hint=hint)


def quarantine_table(found: Iterable[Quarantined]) -> Table:
    """A row for each problem; the id stands with the first."""
    rows = tuple(
        (
            "" if n else _short(kept) + ("" if kept.status == "open" else " (taken in)"), "" if n else kept.instance,
            problem.subject, problem.path, _reason(problem),
        )
        for kept in found
        for n, problem in enumerate(kept.problems)
    )  # fmt: skip
    return Table(columns=columns("document", "from", "order", "path", "reason"), rows=rows)


def problems_table(problems: Iterable[Problem]) -> Table:
    """Everything that is the matter with one document."""
    rows = tuple((problem.severity, problem.subject, problem.path, _reason(problem)) for problem in problems)
    return Table(columns=columns("", "order", "path", "reason"), rows=rows)


def _reason(problem: Problem) -> str:
    return f"{problem.code}: {problem.message}"


def _short(kept: Quarantined) -> str:
    return kept.document.removeprefix("sha256:")[:SHORT]
