"""What a scanner is: what a device read, told apart and named; nothing is looked up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from ordercore.ports.channel import Settings
from ordercore.ports.transmission import Problem


@frozen
class Observation:
    """One reading: the device and its own number of it (what makes a repeat a repeat), and the names that it holds.

    `names` maps a scheme (`gtin`, `sscc`, `sgtin`, `lot`, `serial`, `expiry`, ...) to its value as text. A reading that
    means nothing has `problems` and no names.
    """

    device: str
    sequence: int | None
    at: datetime
    raw: str
    symbology: str = ""
    names: Mapping[str, str] = field(factory=dict)
    problems: tuple[Problem, ...] = ()


class Scanner(Protocol):
    """One reader of codes or tags. Pure: the same reading always gives an equal value."""

    @property
    def instance(self) -> str:
        """Its name, unique within a kernel."""
        ...

    def observe(
        self, raw: str | bytes, *, symbology: str, device: str, sequence: int | None, at: datetime
    ) -> Observation:
        """Read it. Whatever is wrong with it is a Problem in the result, never an exception."""
        ...


@frozen
class ScannerKind:
    """A kind of scanner, as a plugin registers it: `make(instance, settings)` builds one."""

    kind: str
    make: Callable[[str, Settings], Scanner]
    api_version: int = 1
