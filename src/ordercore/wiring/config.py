"""A kernel from a file: store, plugins and accounts in TOML, for the command line and whoever likes files.

::

    store = "sqlite:///shop.db"
    plugins = ["csv", "shopify"]

    [policies]
    shortage = "backorder"

    [channels.shop-eu]
    kind = "shopify"
    settings.secrets = { env = "SHOP_EU_SECRET" }

    [channels.till]
    kind = "csv"
    settings_file = "till.toml"

    [mapping.till.sku]
    "TEE-100" = "TEA"

Paths, and the path of a SQLite store, start at the folder of the file. A secret never stands in it: it is named by the
environment variable that holds it, and no message shows it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import Factory, field, frozen

from ordercore.codec import load
from ordercore.errors import ConfigurationError, InvalidInput
from ordercore.intake import ItemMapping
from ordercore.policies import Policies
from ordercore.ports import Carrier, Channel, Notifier, Settings, Supplier
from ordercore.wiring.archive_folder import ArchiveFolder
from ordercore.wiring.discovery import discover
from ordercore.wiring.plugins import Plugins

A = TypeVar("A")

ANY_INSTANCE: Final = "*"
"""In `mapping`: names that mean the same to every account."""

_SQLITE: Final = "sqlite:///"
_ACCOUNTS: Final = ("channels", "carriers", "suppliers", "notifiers")
_SECRETS: Final = frozenset(
    ("secret", "secrets", "password", "passphrase", "token", "access_token", "api_key", "private_key", "credentials")
)
"""Settings that are never written out in the file."""


@frozen
class Account:
    """One account: its kind, and its settings here or in a TOML file of their own."""

    kind: str
    settings_file: str = ""
    settings: bool = False
    """Whether there are any: what they are is known to the kind alone, so they are taken out before this is read."""


@frozen
class ConfigFile:
    """What may stand in the file."""

    store: str = "memory://"
    archive: str = ""
    tenant: str = ""
    strategy: str = "nearest"
    plugins: tuple[str, ...] | None = None
    plugins_dirs: tuple[str, ...] = ()
    policies: Policies = field(factory=Policies)
    mapping: Mapping[str, Mapping[str, Mapping[str, str]]] = field(factory=dict)
    channels: Mapping[str, Account] = field(factory=dict)
    carriers: Mapping[str, Account] = field(factory=dict)
    suppliers: Mapping[str, Account] = field(factory=dict)
    notifiers: Mapping[str, Account] = field(factory=dict)


@frozen
class Configuration:
    """What the file comes to: the URL of the store, and the arguments of a kernel."""

    store: str
    plugins: Plugins
    strategy: str
    tenant: str
    policies: Policies
    mapping: ItemMapping
    channels: Mapping[str, Channel] = field(repr=False)
    carriers: Mapping[str, Carrier] = field(default=Factory(dict), repr=False)
    suppliers: Mapping[str, Supplier] = field(default=Factory(dict), repr=False)
    notifiers: Mapping[str, Notifier] = field(default=Factory(dict), repr=False)
    archive: ArchiveFolder | None = None

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of `Kernel`, without its store."""
        accounts = {name: getattr(self, name) for name in _ACCOUNTS}
        return {
            "plugins": self.plugins, "strategy": self.strategy, "tenant": self.tenant, "policies": self.policies,
            "mapping": self.mapping, "archive": self.archive,
            **{name: made for name, made in accounts.items() if made},
        }  # fmt: skip


def read_configuration(
    path: Path,
    environ: Mapping[str, str],
    *,
    find: Callable[[Sequence[str] | None, Iterable[Path]], Plugins] | None = None,
) -> Configuration:
    """Read the file and make its accounts; `find` makes plugins of their names and folders.

    Raises ConfigurationError with the file and the path of each key that is wrong, the nearest known name, and never a
    setting's value.
    """
    config, settings = _file(path)
    only, folders = _named(path, config)
    plugins = (find or _found)(only, folders)
    reading = _Reading(path, environ)
    make: Mapping[str, Callable[[str, str, Settings], Any]] = {
        "channels": plugins.channel, "carriers": plugins.carrier, "suppliers": plugins.supplier,
        "notifiers": plugins.notifier,
    }  # fmt: skip
    accounts = {what: reading.accounts(what, getattr(config, what), settings[what], make[what]) for what in _ACCOUNTS}
    return Configuration(
        _beside(path, config.store), plugins, config.strategy, config.tenant, config.policies,
        ItemMapping(_names(config.mapping)), **accounts,
        archive=ArchiveFolder(path.parent / config.archive) if config.archive else None,
    )  # fmt: skip


def plugins_of(path: Path) -> tuple[Sequence[str] | None, Sequence[Path]]:
    """Names and folders of the plugins that the file wants; its accounts are not made. Raises ConfigurationError."""
    return _named(path, _file(path)[0])


def _named(path: Path, config: ConfigFile) -> tuple[Sequence[str] | None, Sequence[Path]]:
    return config.plugins, [path.parent / folder for folder in config.plugins_dirs]


def _file(path: Path) -> tuple[ConfigFile, dict[str, dict[str, object]]]:
    """What stands in the file, and the settings of its accounts."""
    data = _toml(path)
    settings = {what: _taken_out(data.get(what)) for what in _ACCOUNTS}
    try:
        config = load(ConfigFile, data)
    except InvalidInput as error:
        raise _mistakes(
            path, [(where, _judged(where, message, data)) for _, where, message in error.problems]
        ) from None
    except ConfigurationError as error:
        raise _mistakes(path, [("policies", error.message)], error.hint) from None
    return config, settings


def _judged(where: str, message: str, data: Mapping[str, Any]) -> str:
    """Policies judge their own values, and say more of them than that nothing can be made of them."""
    if where == "policies":
        try:
            Policies(**data["policies"])
        except ConfigurationError as error:
            return str(error)
        except TypeError:
            pass
    return message


def _found(only: Sequence[str] | None, folders: Iterable[Path]) -> Plugins:
    return Plugins(discover(only, folders=folders))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.",
            file=str(path),
            hint="Name a file that is there and that you may read.",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path} is not TOML: {error}.", file=str(path), hint="Texts stand in quotes, tables in brackets."
        ) from None


def _taken_out(accounts: object) -> dict[str, object]:
    """The settings of accounts, which only their kinds understand; in their place stays that there are some."""
    taken: dict[str, object] = {}
    if isinstance(accounts, dict):
        for instance, account in accounts.items():
            if isinstance(account, dict) and isinstance(account.get("settings"), dict):
                taken[instance] = account["settings"]
                account["settings"] = True
    return taken


def _mistakes(path: Path, found: Sequence[tuple[str, str]], hint: str = "") -> ConfigurationError:
    listed = " ".join(f"{where}: {message}" for where, message in found)
    return ConfigurationError(f"{path}: {listed}", file=str(path), paths=tuple(where for where, _ in found), hint=hint)


@frozen
class _Reading:
    """Accounts of one file, with the environment that its secrets are in."""

    path: Path
    environ: Mapping[str, str] = field(repr=False)

    def accounts(
        self, what: str, wanted: Mapping[str, Account], settings: Mapping[str, object],
        make: Callable[[str, str, Settings], A],
    ) -> dict[str, A]:  # fmt: skip
        """Every account, by instance."""
        return {
            instance: self._account(f"{what}.{instance}", instance, account, settings.get(instance, {}), make)
            for instance, account in wanted.items()
        }

    def _account(
        self, where: str, instance: str, account: Account, settings: object, make: Callable[[str, str, Settings], A]
    ) -> A:
        given: dict[str, Any] = {}
        if account.settings_file:
            file = self.path.parent / account.settings_file
            given = _Reading(file, self.environ).revealed(_toml(file), "")
        revealed = self.revealed(settings, f"{where}.settings")
        try:
            return make(account.kind, instance, {**given, **revealed})
        except ConfigurationError as error:
            raise _mistakes(self.path, [(where, error.message)], error.hint) from error

    def revealed(self, value: Any, where: str, name: str = "") -> Any:
        """The same with secrets in the place of the names of their variables."""
        if isinstance(value, dict):
            if set(value) == {"env"}:
                return self._secret(value["env"], where)
            return {key: self.revealed(one, f"{where}.{key}".lstrip("."), key) for key, one in value.items()}
        if isinstance(value, list):
            return [self.revealed(one, f"{where}[{n}]", name) for n, one in enumerate(value)]
        if name in _SECRETS:
            hint = 'Name the environment variable that holds it: { env = "NAME" }.'
            raise _mistakes(self.path, [(where, "A secret does not stand in the file.")], hint)
        return value

    def _secret(self, variable: object, where: str) -> str:
        found = self.environ.get(variable) if isinstance(variable, str) else None
        if not found:
            raise _mistakes(self.path, [(where, f"The environment variable {variable!r} is not set.")])
        return found


def _beside(path: Path, url: str) -> str:
    """A SQLite file with a relative path lies beside the configuration, wherever the command is called."""
    file = url.removeprefix(_SQLITE)
    if file == url or file.startswith("/"):
        return url
    return _SQLITE + str(path.parent / file)


def _names(mapping: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[tuple[str, str, str], str]:
    return {
        ("" if instance == ANY_INSTANCE else instance, scheme, value): sku
        for instance, schemes in mapping.items()
        for scheme, names in schemes.items()
        for value, sku in names.items()
    }
