"""One kernel for each database and tenant in a process; Django's connections are found per thread at every call."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import Final

from django.db import connections

from ordercore.kernel import Kernel
from ordercore.store import Store
from ordercore_django.conf import Configuration, configuration
from ordercore_django.delivery import on_commit_of
from ordercore_django.stores import django_store

_KERNELS: Final[dict[tuple[str, str, str], Kernel]] = {}
_MAKING: Final = Lock()


def kernel(*, using: str | None = None, tenant: str | None = None) -> Kernel:
    """The kernel that `settings.ORDERCORE` describes, on the database `using` and for `tenant` instead of its own.

    Raises ImproperlyConfigured, ConfigurationError.
    """
    config = configuration()
    alias = config.database if using is None else using
    whose = config.tenant if tenant is None else tenant
    # The name too: the database of a test run is another one, whatever its alias.
    key = (alias, str(connections[alias].settings_dict["NAME"]), whose)
    found = _KERNELS.get(key)
    if found is None:
        with _MAKING:
            found = _KERNELS.get(key) or _made(config, alias, whose)
            _KERNELS[key] = found
    return found


def default_kernel(store: Store, *, tenant: str | None = None) -> Kernel:
    """A kernel with the policies and tenant of the settings: what a function in `ORDERCORE["KERNEL"]` replaces."""
    config = configuration()
    return Kernel(store, policies=config.policies, tenant=config.tenant if tenant is None else tenant)


def forget(alias: str | None = None) -> None:
    """Make kernels anew when they are next asked for: the settings changed, or the database was emptied."""
    with _MAKING:
        for key in list(_KERNELS):
            if alias is None or key[0] == alias:
                del _KERNELS[key]


def _made(config: Configuration, alias: str, tenant: str) -> Kernel:
    make = config.kernel or partial(default_kernel, tenant=tenant)
    return make(django_store(alias, on_commit=on_commit_of(alias, tenant)))
