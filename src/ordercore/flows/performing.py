"""How a kind of outside effect is performed: what is sent, how it is found again, and what the answer comes to."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from ordercore.effects import Effect, ResolveEffect
from ordercore.flow import Effect as FlowEffect
from ordercore.flow import Flow
from ordercore.flows.shop import Shop
from ordercore.message import Command, Context
from ordercore.ports import Op

Port = Literal["carrier", "supplier", "notifier"]


@frozen
class Sending:
    """An attempt: the effect, the adapter it goes through, the idempotency key towards the outside, and the time."""

    effect: Effect
    adapter: Any
    key: str
    now: datetime
    shop: Shop


@frozen
class Answer:
    """What came of it: the other side's `reference`, `facts` of it, and the command that it is to the subject.

    The command is decided and written in the same commit as the end of the effect.
    """

    reference: str = ""
    facts: Mapping[str, str] = field(factory=dict)
    command: Command[Any] | None = None


def _nothing(_: Effect, __: str, ___: tuple[str, ...]) -> None:
    return None


@frozen
class Performer:
    """A kind of effect, such as `carrier.book`.

    `send` is a reading flow that makes the operation from the subject as it stands; a Rejected that it raises refuses
    the effect, unless an earlier attempt may have arrived. `done` turns the value of the operation (or of `find`) into
    an answer, `refused` a no into a command, `resolved` a person's word. `decide` is the flow of all those commands.
    `find` asks for an earlier attempt by its key, where the adapter has the capability `query`. `repeatable`: the same
    operation twice comes to the same by its nature, whatever the adapter can do.
    """

    port: Port
    send: Callable[[Sending], Generator[FlowEffect, Any, Op[Any]]]
    done: Callable[[Effect, Any], Answer]
    decide: Callable[[Any, Context, Shop], Flow[Any]] | None = None
    refused: Callable[[Effect, str, tuple[str, ...]], Command[Any] | None] = _nothing
    resolved: Callable[[Effect, ResolveEffect], Answer] | None = None
    find: Callable[[Any, str], Op[Any]] | None = None
    repeatable: bool = False
