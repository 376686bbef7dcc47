"""The kinds of outside effects there are."""

from __future__ import annotations

from typing import Final

from ordercore.errors import BrokenRule, did_you_mean
from ordercore.flows.booking import BOOKING_PERFORMERS
from ordercore.flows.manifest import MANIFEST_KIND, MANIFEST_PERFORMER
from ordercore.flows.notices import NOTIFY
from ordercore.flows.performing import Performer
from ordercore.flows.purchases import SEND
from ordercore.flows.sending import SENDER
from ordercore.notices.state import KIND as NOTICE

PERFORMERS: Final[dict[str, Performer]] = {
    **BOOKING_PERFORMERS,
    MANIFEST_KIND: MANIFEST_PERFORMER,
    NOTICE: NOTIFY,
    SEND: SENDER,
}
"""By the kind that `EffectWanted` names."""


def performer_of(kind: str) -> Performer:
    """Who performs a kind of effect. Raises BrokenRule for a kind that this release does not know."""
    try:
        return PERFORMERS[kind]
    except KeyError:
        raise BrokenRule(
            f"Nothing performs effects of kind {kind!r}.", kind=kind, hint=did_you_mean(kind, PERFORMERS)
        ) from None
