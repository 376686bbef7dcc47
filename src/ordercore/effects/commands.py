"""What can be asked of an outside effect. The first two are the worker's own; a person sends the third."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from ordercore.message import Command

Resolution = Literal["done", "not_done", "refused"]
Settlement = Literal["done", "refused", "failed", "uncertain"]


@frozen
class StartEffect(Command[str]):
    """A worker takes an effect up, before anything is sent; nobody else does until `deadline_seconds` have passed."""

    effect: str
    deadline_seconds: int


@frozen
class SettleEffect(Command[str]):
    """What an attempt came to.

    `failed`: it certainly was not taken. `uncertain`: it may have been. `again`: by itself another time, else a person
    is asked. `retry_after_seconds`: what the other side asked for, if it did. `absent`: it was asked about earlier
    attempts, and certainly none of them arrived.
    """

    effect: str
    attempt: int
    outcome: Settlement
    code: str = ""
    reference: str = ""
    facts: Mapping[str, str] = field(factory=dict)
    problems: tuple[str, ...] = ()
    again: bool = True
    retry_after_seconds: int = 0
    absent: bool = False


@frozen
class ResolveEffect(Command[str]):
    """A person has found out what became of an effect that is uncertain, or decides about one that waits.

    `done`: it took effect, under the other side's `reference` and with the `facts` that its kind records (`tracking`
    of a booking). `not_done`: it did not, so it is begun again. `refused`: it did not, and is given up.
    """

    effect: str
    outcome: Resolution
    reason: str
    reference: str = ""
    facts: Mapping[str, str] = field(factory=dict)
