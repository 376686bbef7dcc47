"""Somebody who does not exist, for rules that nothing personal is told."""

from __future__ import annotations

from typing import Final

from ordercore.values import Address

PERSON: Final = Address(
    "DE", "Quendolina Vexler", ("17 Brackwater Lane",), "Uttersby", "", "00017", "+00 555 0117", "q.vexler@example.com"
)
"""Their words stand in no message by chance."""
PERSONAL: Final = ("Quendolina", "Vexler", "Brackwater", "Uttersby", "555 0117", "q.vexler")
