"""The clock and the ids of a kernel that is given none."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid6 import uuid7


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


class TimeOrderedIds:
    """UUID version 7 (RFC 9562) behind a prefix: unique everywhere, later ones sort after earlier ones."""

    def new(self, prefix: str) -> str:
        """A fresh id."""
        return f"{prefix}_{uuid7().hex}"
