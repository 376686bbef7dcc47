"""Policies of a kernel: what happens by itself, and what is done when stock is short. Defaults suit a small shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from attrs import Attribute, field, frozen

from ordercore.errors import ConfigurationError, nearest

Allocate = Literal["on_place", "manual"]
Shortage = Literal["refuse", "backorder", "partial"]
Confirm = Literal["on_place", "manual"]
Replenish = Literal["off", "alert", "suggest", "order"]
OnPoison = Literal["park", "stop"]


@frozen
class _Word:
    """A validator: one of these words. The documentation lists its `options`."""

    options: tuple[str, ...]

    def __call__(self, _: object, attribute: Attribute[Any], value: object) -> None:
        """Raise ConfigurationError, with the nearest word, for another."""
        if value not in self.options:
            said = str(value)[:64]
            raise ConfigurationError(
                f"Policies({attribute.name}={said!r}) is not known.", policy=attribute.name, value=said,
                hint=nearest(said, self.options),
            )  # fmt: skip


def _least(least: int) -> Callable[[object, Attribute[Any], Any], None]:
    def check(_: object, attribute: Attribute[Any], value: Any) -> None:
        if type(value) is not int or value < least:
            raise ConfigurationError(
                f"{attribute.name} is an int from {least} on.", policy=attribute.name,
                hint="Leave it out for the default.",
            )  # fmt: skip

    return check


@frozen
class EffectPolicy:
    """How outside effects are tried: at most `attempts` times, `retry_seconds` after the first, then twice as long each.

    `retry_most_seconds` is the longest wait. A worker that does not settle an attempt within `deadline_seconds` is
    taken to be dead; it sends nothing after that.
    """

    attempts: int = field(default=12, validator=_least(1))
    retry_seconds: int = field(default=30, validator=_least(1))
    retry_most_seconds: int = field(default=3_600, validator=_least(1))
    deadline_seconds: int = field(default=300, validator=_least(1))


@frozen
class DeliveryPolicy:
    """How followers are given again what they could not take: each time after a longer wait.

    `retry_seconds` after the first failure, then twice as long each, `retry_most_seconds` at most. `on_poison`: what
    becomes of a single record that failed `attempts` times in a row. "park": it is put aside with the reason, and the
    follower goes on behind it; "stop": the follower stays before it, for one whose order matters. `lease_seconds`: a
    worker that is at a stretch for longer is taken to be dead, and another begins with less of it.
    """

    attempts: int = field(default=8, validator=_least(1))
    retry_seconds: int = field(default=5, validator=_least(1))
    retry_most_seconds: int = field(default=900, validator=_least(1))
    on_poison: OnPoison = field(default="park", validator=_Word(get_args(OnPoison)))
    lease_seconds: int = field(default=60, validator=_least(1))


@frozen
class Policies:
    """`allocate` "on_place": sourced and reserved in the same commit, or "manual": by AllocateOrder.

    `shortage`: "refuse" the command; "backorder": reserve what there is, the rest waits for supply; "partial": reserve
    what there is, the rest stays unallocated. `confirm` "on_place" or "manual". `replans`: how often a plan is made
    again after another command took the stock first. `lines_max`: most lines of one command. `effects`: how what is
    done outside is tried; `delivery`: how followers are. `notice_seconds`: what happened longer ago is no news any
    more, and no notifier is told of it.

    `replenish`, for what has stock levels: "off": nothing happens by itself; "alert": what runs low raises an alert;
    "suggest": and a purchase is suggested to a person; "order": and one within its supplier's limits is approved and
    sent, any other waits for approval. Raises ConfigurationError.
    """

    allocate: Allocate = field(default="on_place", validator=_Word(get_args(Allocate)))
    shortage: Shortage = field(default="refuse", validator=_Word(get_args(Shortage)))
    confirm: Confirm = field(default="on_place", validator=_Word(get_args(Confirm)))
    replans: int = field(default=3, validator=_least(0))
    lines_max: int = field(default=10_000, validator=_least(1))
    replenish: Replenish = field(default="off", validator=_Word(get_args(Replenish)))
    effects: EffectPolicy = EffectPolicy()
    delivery: DeliveryPolicy = DeliveryPolicy()
    notice_seconds: int = field(default=86_400, validator=_least(1))
