"""Alerts: what runs low, who takes care of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ordercore import lifecycle
from ordercore.alerts import AlertSummary
from ordercore.flows.alerts import ALERT
from ordercore.readable import Table, columns
from ordercore.readable.statuses import status as toned
from ordercore.store import ReadDocuments
from ordercore.views.reading import Reading, ask, known_status

PAGE: Final = 1000


def alerts(
    status: str | None = "open", *, owner: str | None = None, after: str | None = None, limit: int = 100
) -> Reading[tuple[AlertSummary, ...]]:
    """Alerts by their names, the newest of each; `status` None: whatever it is; with `owner` only theirs. Raises NotFound.

    `after` is the name of the alert that the next page begins after.
    """
    known_status(status, lifecycle.ALERT.states, "an alert")
    found: list[AlertSummary] = []
    begin = (after, after) if after is not None else None
    while len(found) < limit:
        asked = ReadDocuments(ALERT, status, begin, PAGE)
        page = (yield from ask(asked)).of(asked)
        bodies = [document.body for document in page if isinstance(document.body, AlertSummary)]
        found += [body for body in bodies if owner is None or body.owner == owner]
        if len(page) < PAGE:
            break
        begin = (page[-1].sort, page[-1].key)
    return tuple(found[:limit])


def alerts_table(found: Iterable[AlertSummary]) -> Table:
    """What is projected, of what, what is missing, how many orders wait for it, and whose it is; in smallest units."""
    return Table(
        columns=columns("=alert", "status", "what", "projected", ">short", ">at risk", "owner", "=purchase"),
        rows=tuple(
            (
                one.id, toned(one.status), one.kind.replace("_", " "), f"{one.balance} = {one.balance.projected}",
                str(one.shortfall), str(one.at_risk_count), one.owner, one.purchases[-1] if one.purchases else "",
            )
            for one in found
        ),
    )  # fmt: skip
