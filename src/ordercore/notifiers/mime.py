"""Mail as bytes: the same for the same content, right in every script, and no text that leaves its header.

Sources: RFC 5322 (messages), RFC 2047 (headers beyond ASCII), RFC 3834 (mail that nobody wrote), RFC 3676 line lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from attrs import field, frozen

from ordercore.errors import ConfigurationError
from ordercore.ports import MailRequest
from ordercore.values import instant_of

_PLAIN: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?\Z")
_MAILBOX: Final = re.compile(r"""(?:"?(?P<name>[^<>"@]*)"?\s*<(?P<of_name>[^<>\s]+)>|(?P<alone>[^<>\s]+))\Z""")
SUBJECT_MOST: Final = 200


@frozen
class Attachment:
    """A file that goes with a mail. `media_type` such as `text/csv`, `charset` where it is text."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    charset: str = ""


def mailbox_of(text: str) -> Address:
    """`shop@example.com` or `The Shop <shop@example.com>`. Raises ConfigurationError, which does not repeat it."""
    found = _MAILBOX.match(text) if text.isprintable() else None
    name, address = (found["name"] or "", found["of_name"] or found["alone"]) if found else ("", "")
    local, _, domain = address.rpartition("@")
    try:
        plain = f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        plain = ""
    if not _PLAIN.match(plain):
        raise ConfigurationError(
            "That is no address of a mailbox.", hint="Such as ops@example.com or Ops <ops@example.com>."
        )
    return Address(one_line(name.strip()), addr_spec=plain)


def one_line(text: str, most: int = SUBJECT_MOST) -> str:
    """Text that fits a header: printable, without line breaks and invisible characters, cut to `most` characters."""
    clean = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def message_id(key: str, domain: str) -> str:
    """The Message-ID of what is sent under a key: the same at every attempt."""
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def compose(
    sender: str, recipients: Iterable[str], subject: str, text: str, *, key: str, at: datetime, html: str = "",
    attachments: Sequence[Attachment] = (), reply_to: str = "", headers: Mapping[str, str] | None = None,
) -> MailRequest:  # fmt: skip
    """A finished mail; the same arguments give the same bytes. `at` becomes its date, `key` its Message-ID.

    Plain text, with an alternative in HTML if there is one. Raises ConfigurationError for an address that is none.
    """
    author, to = mailbox_of(sender), tuple(map(mailbox_of, recipients))
    if not to:
        raise ConfigurationError("A mail needs a recipient.", hint="Such as ops@example.com.")
    message = EmailMessage(policy=SMTP)
    id = message_id(key, author.domain)
    message["From"], message["To"], message["Subject"] = author, to, one_line(subject)
    if reply_to:
        message["Reply-To"] = mailbox_of(reply_to)
    message["Date"] = format_datetime(instant_of(at, what="at"))
    message["Message-ID"] = id
    message["Auto-Submitted"] = "auto-generated"
    for name, value in (headers or {}).items():
        message[name] = one_line(value)
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for one in attachments:
        main, _, sub = one.media_type.partition("/")
        charset = {"charset": one.charset} if one.charset else {}
        message.add_attachment(
            one.content, maintype=main, subtype=sub, filename=one_line(one.name, 100), params=charset
        )  # fmt: skip
    _bound(message, key)
    return MailRequest(author.addr_spec, tuple(one.addr_spec for one in to), message.as_bytes(), id)


def _bound(message: EmailMessage, key: str) -> None:
    """Boundaries from the key: by default they are drawn at random, and no two runs would give the same bytes."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{sha256(f'{key}/{number}'.encode()).hexdigest()[:32]}")
