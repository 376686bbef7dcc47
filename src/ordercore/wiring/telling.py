"""What makes notifiers be told: for each a reaction of its own, so that none holds up another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import frozen

from ordercore.message import Envelope, Event, Recorded
from ordercore.notices import SendNotice
from ordercore.notices.state import notice_id
from ordercore.ports import Notifier


@frozen
class Telling:
    """Follows the log for one notifier, and asks for a notice of each event that it wants."""

    notifier: Notifier
    name_of: Callable[[type[Event]], str]
    tenant: str = ""

    @property
    def name(self) -> str:
        """Its cursor's name."""
        return f"notices:{self.notifier.instance}"

    def react(self, records: Sequence[Recorded]) -> Iterable[Envelope[Any]]:
        """One command for each event that is wanted."""
        for record in records:
            kind = self.name_of(type(record.event))
            if self.notifier.wants(kind):
                yield Envelope(self._command(record, kind), cause=f"{kind} {record.version}")

    def _command(self, record: Recorded, kind: str) -> SendNotice:
        return SendNotice(
            self.notifier.instance, kind, record.stream, record.version, record.effective_at, record.recorded_at,
            notice_id(self.tenant, record.stream, record.version),
        )  # fmt: skip
