"""The notes of a history's replay: one command that writes them, so that they ride in the commits of its effects."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from ordercore.flow import Decision, Flow, read
from ordercore.flows.shop import Shop
from ordercore.intake import Quarantined, RawDocument
from ordercore.intake.history_notes import HistoryProgress, ReversalTaken
from ordercore.message import Command, Context
from ordercore.store import PutDocument
from ordercore.wiring.receive import QUARANTINE, RAW

PROGRESS: Final = "history"
REVERSAL: Final = "reversal"


@frozen
class NoteHistory(Command[str]):
    """Write down how far the replay of a channel's history is, how a reversal was taken, which rows are of no use.

    `key` names the note for good: a repeat writes nothing.
    """

    channel: str
    key: str
    progress: HistoryProgress | None = None
    reversal: ReversalTaken | None = None
    kept: tuple[Quarantined, ...] = ()
    raw: tuple[RawDocument, ...] = ()


def history_key(command: NoteHistory) -> str:
    """Its idempotency key."""
    return f"history:{command.channel}:{command.key}"


def reversal_key(channel: str, invoice: str) -> str:
    """The key of the note on a reversal."""
    return f"{channel}:{invoice}"


def flow_note_history(command: NoteHistory, context: Context, shop: Shop) -> Flow[str]:
    """Documents and nothing else."""
    yield from read()
    documents: list[PutDocument] = []
    if command.progress is not None:
        documents.append(PutDocument(PROGRESS, command.channel, command.progress))
    if command.reversal is not None:
        key = reversal_key(command.channel, command.reversal.invoice)
        documents.append(PutDocument(REVERSAL, key, command.reversal, tag=command.channel))
    for kept in command.kept:
        sort = kept.received_at.isoformat() if kept.received_at else ""
        documents.append(PutDocument(QUARANTINE, kept.document, kept, None, kept.status, sort))
    documents += [PutDocument(RAW, raw.document, raw) for raw in command.raw]
    return Decision("", documents=tuple(documents))
