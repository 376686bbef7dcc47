"""Natural keys that more than one way in needs."""

from __future__ import annotations

from hashlib import sha256

from ordercore.order import RecordTracking
from ordercore.values import instant_of


def tracking_fact_key(command: RecordTracking) -> str:
    """A carrier's fact is known by all that it says."""
    at = instant_of(command.occurred_at, what="occurred_at").isoformat()
    said = f"{command.status}:{part(command.raw_code)}:{part(command.location)}"
    if command.correction:
        said += ":correction"
    if command.reason or command.text:
        # Not the text itself: the carrier may have written a name, and keys stay in the log.
        said += f":{command.reason}:{sha256(command.text.encode()).hexdigest()[:16] if command.text else ''}"
    if command.eta is not None:
        # The same fact with another estimate is another report.
        eta = command.eta
        said += f":{part(eta.earliest)}:{part(eta.latest)}:{part(eta.as_of)}"
    return f"tracking:{command.order}:{command.parcel}:{at}:{said}"


def part(text: object) -> str:
    """Text without a colon: read from its end, a key with such parts comes apart in one way only."""
    said = str(text)
    return said.replace("%", "%25").replace(":", "%3A") if "%" in said or ":" in said else said
