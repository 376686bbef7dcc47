"""An answer as a mail: who sent it, and the file that it brings."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.policy import default
from typing import Final

from attrs import frozen

from ordercore.errors import AuthenticationFailed
from ordercore.ports import Decoded, Inbound, Problem, SourceVersion, Transmission
from ordercore_mailsupplier.answer_file import Origin, read_answer
from ordercore_mailsupplier.settings import AnswerFile, Trust

MEDIA_TYPE: Final = "message/rfc822"
TOKEN_HEADER: Final = "x-ordercore-token"  # noqa: S105  # the name of a header
MOST_BYTES: Final = 10_000_000
MOST_PARTS: Final = 100

_TAGGED: Final = re.compile(r"\+([A-Za-z0-9]{16,64})@")
_BRACKETED: Final = re.compile(r"\[([A-Za-z0-9]{16,64})\]")
_TO: Final = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")


@frozen
class Attached:
    """A file of a mail."""

    name: str
    body: bytes


def is_mail(transmission: Transmission) -> bool:
    """Whether it is a mail as it came, and not the file alone."""
    return transmission.media_type.partition(";")[0].strip().lower() == MEDIA_TYPE


def parsed(body: bytes) -> EmailMessage:
    """The mail. Anything is one, in the eyes of the parser."""
    return message_from_bytes(body, policy=default)


def header(mail: EmailMessage, name: str) -> list[str]:
    """All headers of a name, as text; none where they do not read."""
    try:
        return [str(value) for value in mail.get_all(name, [])]
    except (MessageError, ValueError, IndexError, AttributeError, TypeError, LookupError):
        return []  # the parser of headers gives up on some rubbish in its own ways


def verify(transmission: Transmission, trust: Trust) -> None:
    """Raises AuthenticationFailed unless all that is set in `trust` holds."""
    mail = parsed(transmission.body[:MOST_BYTES]) if is_mail(transmission) else None
    if mail is None and trust.files:
        return
    if not trust.senders and not trust.token:
        raise AuthenticationFailed("Nobody is trusted to answer.", hint="Set senders or a token in [trust].")
    if trust.token and not _has_token(transmission, mail, trust.token):
        raise AuthenticationFailed("The token is missing or wrong.")
    if mail is None and not trust.token:
        raise AuthenticationFailed(
            "A file says nothing of who sent it.", hint="Set a token, or files = true, in [trust]."
        )
    if mail is not None and trust.senders and _domain(mail) not in trust.senders:
        raise AuthenticationFailed("The sender is not one of this supplier.")


def _has_token(transmission: Transmission, mail: EmailMessage | None, token: str) -> bool:
    given = [transmission.headers.get(TOKEN_HEADER, "")]
    if mail is not None:
        given += _TAGGED.findall(" ".join(text for name in _TO for text in header(mail, name)))
        given += _BRACKETED.findall(" ".join(header(mail, "subject")))
    # All are compared, so that the time it takes says nothing.
    same = [hmac.compare_digest(one.encode("utf-8", "surrogatepass"), token.encode()) for one in given[:50]]
    return any(same)


def _domain(mail: EmailMessage) -> str:
    """The domain of the one sender; empty if there is none, or more than one."""
    try:
        senders = [one for one in mail.get_all("from", []) if isinstance(one, AddressHeader)]
        found = [address.domain.lower() for one in senders for address in one.addresses]
    except (MessageError, ValueError, IndexError, AttributeError, TypeError, LookupError):
        return ""
    return found[0] if len(found) == 1 else ""


def read_mail(transmission: Transmission, file: AnswerFile) -> Decoded:
    """What the files of a mail say; a mail without one is kept for a person to read."""
    mail = parsed(transmission.body)
    found = list(_files(mail))
    if not found:
        text = "The mail brings no CSV file: somebody has to read it."
        return Decoded((), (Problem("no_attachment", "reject", "", text),))
    key = transmission.transport_id or "".join(header(mail, "message-id")).strip()[:200]
    items: list[Inbound] = []
    problems: list[Problem] = []
    for number, one in enumerate(found):
        path = f"attachment {number + 1}, " if len(found) > 1 else ""
        own = f"{key}/{number}" if key and len(found) > 1 else key
        decoded = read_answer(one.body, file, Origin(transmission.instance, own, _version(mail), path))
        items += decoded.items
        problems += decoded.problems
    return Decoded(tuple(items), tuple(problems))


def _files(mail: EmailMessage) -> Iterator[Attached]:
    for count, part in enumerate(mail.walk()):
        if count > MOST_PARTS:
            return
        name = _file_name(part)
        if part.is_multipart() or not (name.lower().endswith(".csv") or part.get_content_type() == "text/csv"):
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield Attached(name, content)


def _file_name(part: EmailMessage) -> str:
    try:
        return part.get_filename("") or ""
    except (MessageError, ValueError, IndexError, AttributeError, TypeError, LookupError):
        return ""


def _version(mail: EmailMessage) -> SourceVersion | None:
    """When the mail says it was written; None if it does not say so, or without a zone."""
    try:
        at = mail["date"].datetime
    except (MessageError, ValueError, IndexError, AttributeError, TypeError, OverflowError):
        return None
    return SourceVersion(at.astimezone(UTC)) if isinstance(at, datetime) and at.tzinfo is not None else None
