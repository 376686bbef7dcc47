"""Which events a notifier is told of: patterns of stored names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from attrs import frozen

from ordercore.errors import ConfigurationError

_PATTERN: Final = re.compile(r"[a-z0-9_.*?]{1,100}\Z")


@frozen
class Patterns:
    """Patterns of event names: `alert.raised`, `alert.*`, `*`."""

    given: tuple[str, ...]

    def match(self, kind: str) -> bool:
        """Whether one of them matches."""
        return any(fnmatchcase(kind, pattern) for pattern in self.given)


def patterns(given: Iterable[str] | Patterns) -> Patterns:
    """Patterns as they are written. Raises ConfigurationError for what can match no event."""
    if isinstance(given, Patterns):
        return given
    found = (given,) if isinstance(given, str) else tuple(given)
    for pattern in found:
        if not isinstance(pattern, str) or not _PATTERN.match(pattern):
            raise ConfigurationError(
                f"{str(pattern)[:40]!r} is no pattern of event names.", hint='Such as "alert.*" or "order.placed".'
            )
    if not found:
        raise ConfigurationError("A notifier without kinds is told of nothing.", hint='kinds=("*",) is everything.')
    return Patterns(found)
