"""Intake: from documents to commands. Pure functions and values; the kernel reads and writes around them.

What `kernel.receive(instance, transmission)` does with them, for each item a channel has decoded::

    channel.verify(transmission, now=clock.now())                  # AuthenticationFailed: 401, nothing is kept
    decoded = channel.decode(transmission)                         # ProtocolViolation: kept all the same, quarantine()
    open_problems = list(decoded.rejected)
    for inbound in decoded.items:
        key = seen_key(instance, inbound.subject.value)            # document kind "intake.seen"
        verdict = judge(inbound, known=read(SEEN, key))            # place | cancel | ignored | unchanged | stale | quarantine
        match inbound.intent, verdict.outcome:
            case SubmitOrder(order=request), "place":
                converted = to_place_order(request, items=read_items(skus_of(request, mapping)), mapping=mapping)
                if converted.command:                              # one batch: the order's events and `verdict.seen`,
                    handle(converted.command)                      # effective when it comes in
                open_problems += [problem for problem in converted.problems if problem.severity != "warning"]
            case RequestCancel() as cancel, "cancel":
                handle(CancelLines(order_id(instance, cancel.external_id), reason=cancel.reason))
        write(verdict.seen)                                        # also for "unchanged" and "ignored", if not None;
        open_problems += verdict.problems                          # never where placing was refused; when SEEN has
                                                                   # changed since it was read, all of it again
    if open_problems:
        kept, raw = quarantine(transmission, tuple(open_problems)) # document kinds "intake.quarantined", "intake.raw"

Replay is the same again on `restore(kept, raw)` without `verify`: what was taken the first time is `unchanged`, so a
document may be replayed any number of times. When nothing is left to complain about, `kept.replayed()` is written.
The answer to the sender is 2xx in every case but the first: a channel that is refused over and over gives up.
"""

from ordercore.intake.canonical import canonical, differences, digest, digest_of
from ordercore.intake.convert import Converted, ItemMapping, skus_of, to_place_order
from ordercore.intake.events import (
    DOCUMENTS,
    Quarantined,
    QuarantineStatus,
    RawDocument,
    Seen,
    document_id,
    quarantine,
    restore,
    seen_key,
)
from ordercore.intake.judge import Outcome, Verdict, judge

__all__ = [
    "DOCUMENTS",
    "Converted",
    "ItemMapping",
    "Outcome",
    "QuarantineStatus",
    "Quarantined",
    "RawDocument",
    "Seen",
    "Verdict",
    "canonical",
    "differences",
    "digest",
    "digest_of",
    "document_id",
    "judge",
    "quarantine",
    "restore",
    "seen_key",
    "skus_of",
    "to_place_order",
]
