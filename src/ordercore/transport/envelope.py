"""What may stand in the envelope of a mail: an address that cannot end its line and begin a command of its own."""

from __future__ import annotations

import re
from typing import Final

from ordercore.errors import NotSupported
from ordercore.ports import MailRequest, Request

_ADDRESS: Final = re.compile(r"[^\s<>@\x00-\x1f\x7f]{1,64}@[^\s<>@\x00-\x1f\x7f]{1,255}\Z")
_BARE: Final = re.compile(rb"\r\n|\r|\n")
_DOT: Final = re.compile(rb"^\.", re.MULTILINE)


def is_address(text: str) -> bool:
    """Whether it is one plain address of a mailbox, `name@host`, without a name beside it, blanks or controls."""
    return _ADDRESS.match(text) is not None


def mail_of(request: Request) -> MailRequest:
    """The request as mail whose envelope is safe to say. Raises NotSupported."""
    if not isinstance(request, MailRequest):
        raise NotSupported(
            "This transport sends mail only.", capability="http", hint="Give the kernel Routes(http=...)."
        )
    if not request.recipients or not all(map(is_address, (request.sender, *request.recipients))):
        raise NotSupported(
            "The envelope of a mail needs plain addresses, at least one of a recipient.",
            capability="envelope",
            hint="Such as ops@example.com, without a name beside it.",
        )
    return request


def on_the_wire(message: bytes) -> bytes:
    """The message with CRLF line ends, at its end too, and every leading dot doubled (RFC 5321 4.5.2)."""
    lines = _BARE.sub(b"\r\n", message)
    return _DOT.sub(b"..", lines if lines.endswith(b"\r\n") else lines + b"\r\n")
