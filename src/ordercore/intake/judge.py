"""What is to be done about one intent, given what was seen of its order before."""

from __future__ import annotations

from typing import Literal, assert_never

import attrs
from attrs import frozen

from ordercore.intake.canonical import canonical, differences, digest_of
from ordercore.intake.events import Seen
from ordercore.ports import (
    ConfirmPurchase,
    Ignore,
    Inbound,
    OrderRequest,
    Problem,
    RequestCancel,
    SourceVersion,
    SubmitOrder,
    TrackingUpdate,
)

Outcome = Literal["place", "cancel", "ignored", "unchanged", "stale", "quarantine"]


@frozen
class Verdict:
    """What to do: `place` the order, `cancel` it, put the document in `quarantine` with `problems`, or nothing.

    `seen` is what to write down in the same commit; None: what is written stands.
    """

    outcome: Outcome
    seen: Seen | None = None
    problems: tuple[Problem, ...] = ()


def judge(inbound: Inbound, known: Seen | None) -> Verdict:
    """Decide by content first, then by version.

    ======================  ====================  =========================================================
    known before            this document         outcome
    ======================  ====================  =========================================================
    nothing                 an order              place
    the same content        an order              unchanged, whatever the versions (the newer one is noted)
    other content           newer version         quarantine, `change_proposed`, with what differs
    other content           older version         stale
    other content           no or same version    quarantine, `content_differs`, with what differs
    only a cancellation     an order, not newer   stale: it came late, and stays cancelled
    only a cancellation     an order, newer       quarantine, `cancelled_before`
    an order                a cancellation        cancel
    nothing                 a cancellation        ignored, but noted, so that the order cannot be placed later
    a cancellation          a cancellation        unchanged
    nothing                 cancelled units       quarantine, `unknown_order`, severity `retry`
    ======================  ====================  =========================================================
    """
    match inbound.intent:
        case SubmitOrder(order):
            return _submit(order, inbound, known)
        case RequestCancel() as cancel:
            return _cancel(cancel, inbound, known)
        case ConfirmPurchase():
            return _quarantine(inbound, "not_a_channel", "Suppliers answer purchase orders, channels do not.")
        case TrackingUpdate():
            return _quarantine(inbound, "not_a_channel", "Carriers report tracking, channels do not.")
        case Ignore():
            return Verdict("ignored")
    assert_never(inbound.intent)


def _submit(order: OrderRequest, inbound: Inbound, known: Seen | None) -> Verdict:
    content = canonical(order)
    seen = Seen(digest_of(content), inbound.version, content)
    if known is None:
        return Verdict("place", seen)
    newer = _newer(inbound.version, known.version)
    if known.digest == seen.digest:
        return Verdict("unchanged", attrs.evolve(known, version=inbound.version) if newer else None)
    if newer is False or (not known.digest and not newer):
        return Verdict("stale")
    if not known.digest:
        return _quarantine(inbound, "cancelled_before", "The channel had cancelled this order; now it states it again.")
    changed = "; ".join(differences(known.content, content)) or "what it was before is not kept"
    if newer:
        return _quarantine(inbound, "change_proposed", f"A newer version changes the order: {changed}.")
    return _quarantine(
        inbound, "content_differs", f"The same order with other content and no newer version: {changed}."
    )


def _cancel(cancel: RequestCancel, inbound: Inbound, known: Seen | None) -> Verdict:
    if known is None and cancel.lines:
        text = "Units of an order are cancelled that was never seen; try again when it is."
        return Verdict(
            "quarantine", problems=(Problem("unknown_order", "retry", inbound.path, text, subject=cancel.external_id),)
        )
    if known is None:
        return Verdict("ignored", Seen(version=inbound.version, cancelled=True))
    if known.cancelled:
        return Verdict("unchanged")
    return Verdict("cancel", None if cancel.lines else attrs.evolve(known, cancelled=True))


def _newer(version: SourceVersion | None, known: SourceVersion | None) -> bool | None:
    return version.newer_than(known) if version and known else None


def _quarantine(inbound: Inbound, code: str, message: str) -> Verdict:
    problem = Problem(code, "reject", inbound.path, message, subject=inbound.subject.value)
    return Verdict("quarantine", problems=(problem,))
