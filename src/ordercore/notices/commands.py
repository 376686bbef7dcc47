"""What can be asked of notices. The first is sent by the kernel for each event that a notifier wants to be told of."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from ordercore.message import Command


@frozen
class SendNotice(Command[str]):
    """Tell a notifier of one event: the one that is `version` in `stream`, stored under the name `kind`.

    Once for each event and notifier. News that are older than `Policies.notice_seconds` when this is asked are not
    told, nor is it ever told that it was told something: the result is then empty, else the outside effect's id.
    """

    notifier: str
    kind: str
    stream: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    notice: str
    """The id of the news, the same for every notifier."""


@frozen
class PauseNotifier(Command[str]):
    """Tell it nothing more, until it is resumed. What it is not told of stays in the log, and is not told later."""

    notifier: str
    reason: str


@frozen
class ResumeNotifier(Command[str]):
    """Tell it again what happens from now on."""

    notifier: str
