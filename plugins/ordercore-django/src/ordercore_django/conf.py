"""`settings.ORDERCORE`: read strictly, so that a misspelt key is told and not passed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import fields, frozen
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ordercore.errors import nearest
from ordercore.kernel import Kernel
from ordercore.policies import Policies
from ordercore.store import Store

KEYS: Final = ("DATABASE", "TENANT", "POLICIES", "KERNEL", "ON_COMMIT")


@frozen
class Configuration:
    """What the settings say.

    `database`: the alias; `tenant`: whose orders; `policies`: fields of `ordercore.policies.Policies`; `kernel`: makes
    the kernel out of a store, for channels, carriers and strategies; `on_commit`: is called without arguments after each
    commit that wrote something, None leaves everything to workers.
    """

    database: str = "default"
    tenant: str = ""
    policies: Policies = Policies()
    kernel: Callable[[Store], Kernel] | None = None
    on_commit: Callable[[], object] | None = None


def configuration() -> Configuration:
    """Of the settings as they are now. Raises ImproperlyConfigured."""
    given: object = getattr(settings, "ORDERCORE", {})
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured("ORDERCORE is not a dictionary.")
    for key in given:
        if key not in KEYS:
            raise ImproperlyConfigured(f"ORDERCORE has no key {key!r}. {nearest(str(key), KEYS)}")
    return Configuration(
        given.get("DATABASE", "default"), given.get("TENANT", ""), _policies(given.get("POLICIES", {})),
        _callable(given, "KERNEL", None), _callable(given, "ON_COMMIT", "ordercore_django.deliver"),
    )  # fmt: skip


def _policies(given: object) -> Policies:
    if isinstance(given, Policies):
        return given
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured("ORDERCORE['POLICIES'] is neither a dictionary nor Policies.")
    known = [field.name for field in fields(Policies)]
    for name in given:
        if name not in known:
            raise ImproperlyConfigured(f"ORDERCORE['POLICIES'] has no field {name!r}. {nearest(str(name), known)}")
    return Policies(**given)


def _callable(given: Mapping[str, Any], key: str, default: str | None) -> Callable[..., Any] | None:
    found = given.get(key, default)
    if found is None:
        return None
    try:
        found = _named(found) if isinstance(found, str) else found
    except ImportError as error:
        raise ImproperlyConfigured(f"ORDERCORE[{key!r}] cannot be imported: {error}") from error
    if not callable(found):
        raise ImproperlyConfigured(f"ORDERCORE[{key!r}] is not callable.")
    made: Callable[..., Any] = found
    return made


def _named(text: str) -> object:
    """What a dotted name says: something of a module, or an attribute of that, as `shop.tasks.work.delay`."""
    try:
        return import_string(text)
    except ImportError as error:
        owner, _, name = text.rpartition(".")
        try:
            return getattr(import_string(owner), name)
        except (ImportError, AttributeError):
            raise error from None
