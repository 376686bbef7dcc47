"""Kernels of a worker process: one for each tenant, opened when it is first needed, never carried over a fork."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from ordercore import Kernel

KEPT_MOST: Final = 100
"""Kernels that are kept open; of more tenants, the one used longest ago is closed."""


class Kernels:
    """Opens and keeps kernels by tenant. Safe to share by threads: who works with one holds it."""

    def __init__(self, open: Callable[[str], Kernel], most: int = KEPT_MOST) -> None:  # noqa: A002  # what it does
        """`open` gives the kernel of a tenant."""
        self._open, self._most = open, most
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._kept: OrderedDict[str, Kernel] = OrderedDict()

    def of(self, tenant: str) -> Kernel:
        """The kernel of a tenant in this process."""
        if self._process != os.getpid():
            # Those of the parent are the parent's: to close their connections here would end them there.
            self._reset()
        with self._lock:
            kernel = self._kept.get(tenant)
            if kernel is None:
                kernel = self._kept[tenant] = self._open(tenant)
            self._kept.move_to_end(tenant)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return kernel

    def close(self) -> None:
        """Close them all."""
        if self._process == os.getpid():
            with self._lock:
                while self._kept:
                    self._kept.popitem()[1].close()
