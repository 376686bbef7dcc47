"""The outside world in tests: a carrier's computers, and the ledger that they write, which survives a kill."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

from ordercore.errors import NotSupported
from ordercore.ports import HttpRequest, HttpResponse, Request, Response

SERVICES: Final = ("standard", "express")
"""What a `CarrierDesk` takes bookings for."""


class Ledger(Protocol):
    """Where an outside world writes down what was done."""

    def add(self, entry: Mapping[str, str]) -> None:
        """One more line."""
        ...

    def entries(self) -> list[dict[str, str]]:
        """All lines."""
        ...


class MemoryLedger:
    """Lines in a list."""

    def __init__(self) -> None:
        """Empty."""
        self._entries: list[dict[str, str]] = []

    def add(self, entry: Mapping[str, str]) -> None:
        """One more line."""
        self._entries.append(dict(entry))

    def entries(self) -> list[dict[str, str]]:
        """All lines."""
        return list(self._entries)


class FileLedger:
    """Lines in a file: each is there whole, or not at all, whenever the writer is killed."""

    def __init__(self, path: Path) -> None:
        """The file need not be there."""
        self._path = path

    def add(self, entry: Mapping[str, str]) -> None:
        """One more line, in one write to the end of the file."""
        line = json.dumps(dict(entry)).encode() + b"\n"
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)

    def entries(self) -> list[dict[str, str]]:
        """All lines."""
        if not self._path.exists():
            return []
        return [json.loads(line) for line in self._path.read_bytes().splitlines()]


class CarrierDesk:
    """The computers of a carrier, as a transport that reaches nobody else; everything is written down in a ledger.

    It speaks JSON over HTTP to `MemoryCarrier`. Unless `idempotent`, the same key books again, as the worst of them do.
    `refuses`: parcels, by their reference, that it does not take.
    """

    def __init__(self, ledger: Ledger | None = None, *, idempotent: bool = False, refuses: Iterable[str] = ()) -> None:
        """`ledger`: one in memory without it."""
        self.ledger = ledger or MemoryLedger()
        self.sent: list[HttpRequest] = []
        """What arrived."""
        self._idempotent = idempotent
        self._refuses = frozenset(refuses)

    def send(self, request: Request) -> Response:
        """Answer what arrived. Raises NotSupported for mail."""
        if not isinstance(request, HttpRequest):
            raise NotSupported(
                "A desk takes no mail.", capability="mail", hint="Give mail to another transport: Routes(mail=...)."
            )
        self.sent.append(request)
        path = request.url.partition("://")[2].partition("/")[2]
        key = request.headers.get("idempotency-key", "")
        known = self._made(path, key)
        if request.method == "GET":
            return _answer(200, known[0]) if known else HttpResponse(404)
        if known and (self._idempotent or path != "bookings"):
            return _answer(200, known[0])
        said = {name: str(value) for name, value in json.loads(request.body or b"{}").items()}
        if said.get("reference") in self._refuses:
            return _answer(422, {"code": "refused", "message": "Not this one."})
        if path == "bookings" and said.get("service") not in SERVICES:
            return _answer(422, {"code": "unknown_service", "message": f"There are: {', '.join(SERVICES)}."})
        entry = {"path": path, "key": key, "number": f"MC{len(self.ledger.entries()) + 1:08d}", **said}
        self.ledger.add(entry)
        return _answer(201, entry)

    def _made(self, path: str, key: str) -> list[dict[str, str]]:
        return [one for one in self.ledger.entries() if one["path"] == path and one["key"] == key]

    @property
    def bookings(self) -> list[dict[str, str]]:
        """Every booking that was ever made."""
        return [one for one in self.ledger.entries() if one["path"] == "bookings"]


def _answer(status: int, said: Mapping[str, str]) -> HttpResponse:
    return HttpResponse(status, body=json.dumps(said).encode())
