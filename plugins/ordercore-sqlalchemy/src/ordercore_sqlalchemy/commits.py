"""Delivery begins when the host has committed, and not before: whoever woke earlier would find nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from ordercore_sqlalchemy.session import Sessions

if TYPE_CHECKING:
    from ordercore_sqlalchemy.async_session import AsyncSessions

log: Final = logging.getLogger("ordercore.sqlalchemy")
_WAKING: Final = "ordercore_sqlalchemy.waking"

Wake = Callable[[], object]


def after_commit(session: Sessions | AsyncSessions, wake: Wake) -> Callable[[], None]:
    """A function for `wrote=` of a store: lets `wake` be called once the session's present transaction has committed.

    However much was written in it, `wake` is called once; after a rollback not at all. It is where a task is sent or a
    thread told to call `kernel.work`, on a connection of its own, since the session's is between two transactions. What
    it raises is logged and stops nothing: the orders are committed, and whoever calls `work` from time to time finds them.
    """

    def wrote() -> None:
        used = session() if callable(session) else session
        plain = used if isinstance(used, Session) else used.sync_session
        waking: dict[Wake, None] | None = plain.info.get(_WAKING)
        if waking is None:
            waking = plain.info[_WAKING] = {}
            event.listen(plain, "after_commit", _committed)
            event.listen(plain, "after_transaction_end", _ended)
        waking[wake] = None

    return wrote


def _committed(session: Session) -> None:
    if session.in_nested_transaction():
        return
    waking: dict[Wake, None] = session.info[_WAKING]
    for wake in tuple(waking):
        try:
            wake()
        except Exception:
            log.exception("What was to begin after the commit did not; it is found later.")


def _ended(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info[_WAKING].clear()
