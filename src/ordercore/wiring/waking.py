"""Telling whoever works that something was committed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

Wake = Callable[[], object]
"""Called after a commit; its answer is of no interest."""

LOG: Final = logging.getLogger("ordercore.wake")


def woken(wake: Wake) -> None:
    """Call it; that a worker cannot be woken delays what follows, and must not make a failure of what was committed."""
    try:
        wake()
    except Exception as error:  # noqa: BLE001  # whatever a broker raises
        LOG.warning("nobody could be woken: %s", type(error).__name__)
