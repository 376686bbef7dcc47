"""After a commit: what is due happens now, in this process, or where `ORDERCORE["ON_COMMIT"]` sends it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Final

from ordercore.wiring import WorkReport
from ordercore_django.conf import configuration

_DELIVERING: Final = threading.local()


def deliver(*, using: str | None = None, tenant: str | None = None) -> WorkReport:
    """Make everything due happen in this process: `kernel().work()`. What it writes does not call it again.

    Quick and without a worker, but a request waits for it: in production name a task, or None and run `ordercore_work`.
    """
    from ordercore_django.kernels import kernel

    return kernel(using=using, tenant=tenant).work()


@cache
def on_commit_of(alias: str, tenant: str) -> Callable[[], None]:
    """What is called after a commit on this database; one function each, so that it is found among those that wait."""

    def call() -> None:
        configured = configuration().on_commit
        if configured is None or getattr(_DELIVERING, "now", False):
            return
        _DELIVERING.now = True
        try:
            if configured is deliver:
                deliver(using=alias, tenant=tenant)
            else:
                configured()
        finally:
            _DELIVERING.now = False

    return call
