"""Accounts by kind: what `make` of a kind gives, with everything that can go wrong said in the kind's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from attrs import frozen

from ordercore.errors import ConfigurationError, OrdercoreError, did_you_mean
from ordercore.ports import Settings

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)

OFFICIAL: Final[Mapping[tuple[str, str], str]] = {
    ("channel", "csv"): "ordercore-csv",
    ("channel", "shopify"): "ordercore-shopify",
    ("carrier", "table"): "ordercore-tablecarrier",
    ("supplier", "mail"): "ordercore-mailsupplier",
}
"""Which distribution brings a kind of account."""


class Kind(Protocol[A_co]):
    """What the kinds of channels, carriers, suppliers, scanners and notifiers have in common."""

    @property
    def kind(self) -> str: ...

    @property
    def make(self) -> Callable[[str, Settings], A_co]: ...


@frozen
class Request:
    """One account that is wanted: `what` it is of (`channel`, `carrier`, ...), its kind, name and settings."""

    what: str
    kind: str
    instance: str
    settings: Settings


def made(wanted: Request, kinds: Mapping[str, Kind[A]], members: Sequence[str], holders: Mapping[str, str]) -> A:
    """The account. `members`: what it must have; `holders`: which plugin brings a kind. Raises ConfigurationError.

    No message quotes a setting: it may be a secret.
    """
    kind = kinds.get(wanted.kind)
    if kind is None:
        raise _unknown(wanted, kinds)
    plugin = holders.get(wanted.kind, "")
    try:
        account = kind.make(wanted.instance, wanted.settings)
    except OrdercoreError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"Plugin {plugin} cannot make {wanted.what} {wanted.instance!r}: it raised {type(error).__name__}.",
            plugin=plugin, kind=wanted.kind, instance=wanted.instance,
            hint="That is a defect of the plugin: `make` raises ConfigurationError for settings that cannot work.",
        ) from error  # fmt: skip
    lacking = [name for name in members if not callable(getattr(account, name, None))]
    if lacking or getattr(account, "instance", None) != wanted.instance:
        lack = f"without {', '.join(lacking)}" if lacking else f"whose instance is not {wanted.instance!r}"
        raise ConfigurationError(
            f"Plugin {plugin} made a {wanted.what} {lack}.",
            plugin=plugin,
            kind=wanted.kind,
            instance=wanted.instance,
            hint="That is a defect of the plugin: its suite in ordercore.testing finds it.",
        )
    return account


def _unknown(wanted: Request, kinds: Mapping[str, Kind[Any]]) -> ConfigurationError:
    known = f"Known kinds: {', '.join(sorted(kinds))}." if kinds else f"No kind of {wanted.what} is installed."
    hint = did_you_mean(wanted.kind, kinds) or known
    if official := OFFICIAL.get((wanted.what, wanted.kind)):
        hint = f"Type: pip install {official}"
    return ConfigurationError(f"There is no kind of {wanted.what} {wanted.kind!r}.", kind=wanted.kind, hint=hint)
