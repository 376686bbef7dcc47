"""What a commit that was refused is to its caller."""

from __future__ import annotations

from ordercore.errors import BrokenRule, Conflict, Insufficient, Mismatch, Rejected
from ordercore.store import Batch, Conflicted, Short
from ordercore.values import Place


def failure_of(error: Exception) -> Rejected | BrokenRule:
    """A refusal or defect as it is; what a plugin raised, as the cause of a defect."""
    if isinstance(error, Rejected | BrokenRule):
        return error
    defect = BrokenRule(f"The command met a defect: {type(error).__name__}.", kind=type(error).__name__)
    defect.__cause__ = error
    return defect


def mismatch_of(command_id: str) -> Mismatch:
    """The key was used for another command."""
    return Mismatch(
        f"Key {command_id!r} was used before for other content.", command_id=command_id,
        hint="A repeat must be the same command; a new wish needs a new key.",
    )  # fmt: skip


def conflict_of(result: Conflicted) -> Conflict:
    """Somebody else changed it."""
    return Conflict(
        f"{result.what} is at {result.actual}, not {result.expected}.", what=result.what, expected=result.expected,
        actual=result.actual, hint="Read again, then decide again.",
    )  # fmt: skip


def short_of(result: Short, batch: Batch) -> Insufficient:
    """The commit found too little, as often as it was planned again."""
    lines = {(p.sku, p.source): p.claimant for p in batch.postings}
    rows = [
        (lines.get((short.sku, Place(short.place)), ""), str(short.sku), short.missing)
        for short in result.shortages
        if not short.lot
    ] or [("", str(short.sku), short.missing) for short in result.shortages]
    return Insufficient(
        rows, found_by="commit", hint="Somebody else was quicker: `kernel.stock(sku)` shows what is free now."
    )
