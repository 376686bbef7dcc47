"""Notices by mail: plain text with a modest HTML alternative, never sent twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Final

from attrs import field, frozen

from ordercore.errors import ConfigurationError, ProtocolViolation
from ordercore.notifiers.kinds import Patterns, patterns
from ordercore.notifiers.mime import compose, mailbox_of
from ordercore.ports import (
    Declined,
    Delivered,
    MailAccepted,
    MailRefused,
    Notice,
    NotifierCapability,
    Op,
    Problem,
    Response,
)

CAPABILITIES: Final[frozenset[NotifierCapability]] = frozenset()

_STYLE: Final = "font-family:sans-serif;max-width:40em"


def _addresses(given: Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@frozen
class EmailNotifier:
    """One mail per notice to all `recipients`: every one of them is told, or none.

    A mailbox cannot be asked what arrived, and does not drop repeats: a mail whose fate is unknown is not sent again
    but left to a person. `kinds` are patterns of event names; `prefix` begins every subject.
    """

    instance: str
    sender: str = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False, converter=_addresses)
    kinds: Patterns = field(converter=patterns)
    prefix: str = "[ordercore]"
    reply_to: str = field(default="", repr=False)

    def __attrs_post_init__(self) -> None:
        """Raises ConfigurationError for an address that is none."""
        for address in (self.sender, *self.recipients, *filter(None, [self.reply_to])):
            mailbox_of(address)
        if not self.recipients:
            raise ConfigurationError(
                "A notifier by mail needs a recipient.", hint='Such as recipients = ["ops@example.com"].'
            )

    @property
    def capabilities(self) -> frozenset[NotifierCapability]:
        """None."""
        return CAPABILITIES

    def wants(self, kind: str) -> bool:
        """Whether a pattern of `kinds` matches."""
        return self.kinds.match(kind)

    def deliver(self, notice: Notice, *, key: str, now: datetime) -> Op[Delivered | Declined]:
        """Send one mail; its Message-ID is made from the key."""
        mail = compose(
            self.sender, self.recipients, f"{self.prefix} {notice.title}", plain(notice), html=html(notice), key=key,
            at=notice.occurred_at, reply_to=self.reply_to,
        )  # fmt: skip
        return delivered((yield mail), mail.message_id)


def delivered(response: Response, reference: str) -> Delivered | Declined:
    """What a mail server's answer comes to."""
    match response:
        case MailAccepted():
            return Delivered(reference)
        case MailRefused(code, at):
            said = f"The mail server answered {code} to {at}." if at else f"The mail server answered {code}."
            return Declined((Problem("mail_refused", "reject", at, said),))
        case _:
            raise ProtocolViolation("Mail was not answered by a mail server.")


def plain(notice: Notice) -> str:
    """The text of a notice."""
    when = notice.occurred_at.strftime("%Y-%m-%d %H:%M %Z")
    return "\n".join((notice.title, "", *notice.text, "", f"{notice.subject}, {notice.kind}, {when}", ""))


def html(notice: Notice) -> str:
    """The same, for those who read HTML: nothing is loaded, nothing is linked."""
    lines = "".join(f"<li>{escape(line)}</li>" for line in notice.text)
    when = notice.occurred_at.strftime("%Y-%m-%d %H:%M %Z")
    return (
        f'<!doctype html><html><body style="{_STYLE}"><h3>{escape(notice.title)}</h3><ul>{lines}</ul>'
        f"<p><small>{escape(notice.subject)}, {escape(notice.kind)}, {escape(when)}</small></p></body></html>\n"
    )
