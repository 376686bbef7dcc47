"""Policies of a kernel: what happens by itself, and what is done when stock is short. Defaults suit a small shop."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen, validators

Allocate = Literal["on_place", "manual"]
Shortage = Literal["refuse", "backorder", "partial"]
Confirm = Literal["on_place", "manual"]


@frozen
class Policies:
    """`allocate` "on_place": sourced and reserved in the same commit, or "manual": by AllocateOrder.

    `shortage`: "refuse" the command; "backorder": reserve what there is, the rest waits for supply; "partial": reserve
    what there is, the rest stays unallocated. `confirm` "on_place" or "manual". `replans`: how often a plan is made
    again after another command took the stock first. `lines_max`: most lines of one command.
    """

    allocate: Allocate = field(default="on_place", validator=validators.in_(("on_place", "manual")))
    shortage: Shortage = field(default="refuse", validator=validators.in_(("refuse", "backorder", "partial")))
    confirm: Confirm = field(default="on_place", validator=validators.in_(("on_place", "manual")))
    replans: int = field(default=3, validator=validators.ge(0))
    lines_max: int = field(default=10_000, validator=validators.ge(1))
