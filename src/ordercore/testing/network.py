"""A carrier of tests behind a network that has its days, so that a random shop meets every one of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, Literal, get_args

from ordercore.ports import CarrierCapability, HttpRequest, HttpResponse, Request, Response
from ordercore.testing.carrier import MemoryCarrier
from ordercore.testing.transports import Fault, FaultyTransport

CARRIER: Final = "post"
"""The account of the machine with its one carrier."""

Mishap = Fault | Literal["declined", "unclear"]
"""What goes wrong with one request: a `Fault`, the carrier's no, or (it arrived) an answer that says nothing."""
MISHAPS: Final[tuple[Mishap, ...]] = (*get_args(Fault), "declined", "unclear")

Kind = Literal["query", "idempotent", "blind"]
"""How a carrier can tell what became of a booking: it is asked, it drops repeats, or only a person can ask it."""
CAPABILITIES: Final[dict[Kind, tuple[CarrierCapability, ...]]] = {
    "query": ("rate", "book", "query", "void", "manifest"),
    "idempotent": ("rate", "book", "idempotent", "void", "manifest"),
    "blind": ("rate", "book"),
}


class Network:
    """The transport to one carrier: hands requests on to its desk, with one mishap of the list for each.

    What the carrier has done already it does not decline when it is sent again.
    """

    def __init__(self, instance: str, kind: Kind) -> None:
        """All goes well until `mishaps` are added."""
        self.carrier = MemoryCarrier(instance, CAPABILITIES[kind])
        self.desk = self.carrier.desk
        self.mishaps: deque[Mishap] = deque()
        self.told: set[str] = set()
        """References of bookings that were taken back over the telephone: no request says so."""
        self.kills = 0
        """How many workers were killed over a request."""

    def send(self, request: Request) -> Response:
        """Send it, or not, and say so, or not. Raises what a FaultyTransport raises."""
        mishap = self.mishaps.popleft() if self.mishaps else "none"
        if mishap == "declined":
            known = isinstance(request, HttpRequest) and self.done(request.headers.get("idempotency-key", ""))
            return self.desk.send(request) if known else HttpResponse(422, body=b'{"code": "declined"}')
        if mishap == "unclear":
            self.desk.send(request)
            return HttpResponse(500)
        self.kills += mishap == "killed"
        return FaultyTransport(self.desk, [mishap]).send(request)

    def expect(self, mishaps: Iterable[Mishap]) -> None:
        """These go wrong with the next requests; an empty list: all is well again."""
        self.mishaps = deque(mishaps)

    def done(self, key: str) -> list[dict[str, str]]:
        """What the desk has done under an idempotency key."""
        return [entry for entry in self.desk.ledger.entries() if entry["key"] == key]

    def gone(self) -> set[str]:
        """References of the bookings that were taken back, in whatever way."""
        return self.told | {entry["booking"] for entry in self.desk.ledger.entries() if entry["path"] == "voids"}
