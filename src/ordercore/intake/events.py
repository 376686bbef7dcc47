"""What intake keeps: what it has seen of an order, and documents that wait for a person."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import attrs
from attrs import field, frozen

from ordercore.errors import Corrupted
from ordercore.intake.history_notes import HistoryProgress, ReversalTaken
from ordercore.message import DocumentType
from ordercore.ports import Problem, SourceVersion, Transmission

QuarantineStatus = Literal["open", "replayed", "erased"]

PRIVATE_HEADERS: Final = ("authorization", "cookie", "hmac", "secret", "signature", "token")


@frozen
class Seen:
    """What intake last took of an order: its digest, how new it was, and its content, to tell what has changed.

    `cancelled`: the channel has cancelled the order, perhaps before it was ever placed here (then there is no digest).
    """

    digest: str = ""
    version: SourceVersion | None = None
    content: str = field(default="", repr=False)
    cancelled: bool = False


@frozen
class Quarantined:
    """A document, or the part of it about one order, that could not be used: visible until it was replayed.

    The key is `document`, made from instance and bytes: the same bytes again are the same document. `subject` is the
    order's external id if all of its problems are about one.
    """

    document: str
    instance: str
    media_type: str
    received_at: datetime | None
    problems: tuple[Problem, ...]
    subject: str = ""
    status: QuarantineStatus = "open"
    transport_id: str = ""

    def replayed(self) -> Quarantined:
        """The same, done with."""
        return attrs.evolve(self, status="replayed")

    def erased(self) -> Quarantined:
        """The same; its bytes were erased with the person of its order."""
        return attrs.evolve(self, status="erased")


@frozen
class RawDocument:
    """The bytes of a transmission as they came, with the headers needed to read them again; no credentials."""

    document: str
    body_base64: str = field(repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)


DOCUMENTS: Final[tuple[DocumentType, ...]] = (
    DocumentType("intake.seen", Seen),
    DocumentType("intake.quarantined", Quarantined),
    DocumentType("intake.raw", RawDocument),
    DocumentType("intake.history_progress", HistoryProgress),
    DocumentType("intake.reversal_taken", ReversalTaken),
)


def seen_key(instance: str, external_id: str) -> str:
    """The key of an order's `Seen`; instances are codes and have no slash."""
    return f"{instance}/{external_id}"


def document_id(transmission: Transmission) -> str:
    """The name of these bytes from this instance."""
    name = transmission.instance.encode() + b"\0"
    return f"sha256:{hashlib.sha256(name + transmission.body).hexdigest()}"


def quarantine(transmission: Transmission, problems: tuple[Problem, ...]) -> tuple[Quarantined, RawDocument]:
    """The two documents that keep a transmission for a person; pure, so the same input is the same documents."""
    document = document_id(transmission)
    subjects = {problem.subject for problem in problems}
    return (
        Quarantined(
            document,
            transmission.instance,
            transmission.media_type,
            transmission.received_at,
            problems,
            subject=subjects.pop() if len(subjects) == 1 else "",
            transport_id=transmission.transport_id,
        ),
        RawDocument(document, base64.b64encode(transmission.body).decode(), _harmless(transmission.headers)),
    )


def restore(quarantined: Quarantined, raw: RawDocument) -> Transmission:
    """The transmission as it came, to be decoded again. Its signature was checked then and is gone.

    Raises Corrupted if the kept bytes are not the ones that were named.
    """
    transmission = Transmission(
        quarantined.instance,
        quarantined.media_type,
        base64.b64decode(raw.body_base64),
        raw.headers,
        quarantined.received_at,
        quarantined.transport_id,
    )
    if document_id(transmission) != quarantined.document:
        raise Corrupted(
            "The kept bytes of a document have changed.",
            position=quarantined.document,
            hint="Ask the sender for it again.",
        )
    return transmission


def _harmless(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if not any(word in name for word in PRIVATE_HEADERS)}
