"""Values that only ordercore's own machinery makes and reads: frozen to the type checker, plain at run time.

A frozen class of attrs sets each field through `object.__setattr__`, which makes it four times as dear to build
(3.11: 765 ns against 188 for eight fields), and a command passes about fifty such values from hand to hand. Whatever a
host, a plugin or a log keeps is `attrs.frozen` in earnest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["internal"]

if TYPE_CHECKING:
    from attrs import frozen as internal
else:
    from attrs import define

    def internal(cls: type | None = None, *, eq: bool = True) -> object:
        """As `attrs.frozen`, but only the type checker refuses assignment."""
        if cls is None:
            return lambda decorated: internal(decorated, eq=eq)
        return define(cls, eq=eq, unsafe_hash=eq or None)
