"""Policies of a kernel: what happens by itself, and what is done when stock is short. Defaults suit a small shop."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen, validators

Allocate = Literal["on_place", "manual"]
Shortage = Literal["refuse", "backorder", "partial"]
Confirm = Literal["on_place", "manual"]


@frozen
class EffectPolicy:
    """How outside effects are tried: at most `attempts` times, `retry_seconds` after the first, then twice as long each.

    `retry_most_seconds` is the longest wait. A worker that does not settle an attempt within `deadline_seconds` is
    taken to be dead; it sends nothing after that.
    """

    attempts: int = field(default=12, validator=validators.ge(1))
    retry_seconds: int = field(default=30, validator=validators.ge(1))
    retry_most_seconds: int = field(default=3_600, validator=validators.ge(1))
    deadline_seconds: int = field(default=300, validator=validators.ge(1))


@frozen
class Policies:
    """`allocate` "on_place": sourced and reserved in the same commit, or "manual": by AllocateOrder.

    `shortage`: "refuse" the command; "backorder": reserve what there is, the rest waits for supply; "partial": reserve
    what there is, the rest stays unallocated. `confirm` "on_place" or "manual". `replans`: how often a plan is made
    again after another command took the stock first. `lines_max`: most lines of one command. `effects`: how what is done outside is tried.
    """

    allocate: Allocate = field(default="on_place", validator=validators.in_(("on_place", "manual")))
    shortage: Shortage = field(default="refuse", validator=validators.in_(("refuse", "backorder", "partial")))
    confirm: Confirm = field(default="on_place", validator=validators.in_(("on_place", "manual")))
    replans: int = field(default=3, validator=validators.ge(0))
    lines_max: int = field(default=10_000, validator=validators.ge(1))
    effects: EffectPolicy = EffectPolicy()
