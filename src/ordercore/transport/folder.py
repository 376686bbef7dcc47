"""Mail as files: for development, demonstrations, and hosts that send by other means."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from attrs import field, frozen

from ordercore.errors import TransientFailure
from ordercore.ports import MailAccepted, Request
from ordercore.transport.envelope import mail_of


@frozen
class FolderTransport:
    """Each mail becomes a file `<hash>.eml` in a folder, which is made; the same message is the same file.

    The name derives from the Message-ID (or the content), never from what people wrote. Files hold personal data.
    """

    folder: Path = field(converter=Path)

    def send(self, request: Request) -> MailAccepted:
        """Write it. Raises TransientFailure if the folder cannot be written, NotSupported for anything but mail."""
        mail = mail_of(request)
        name = sha256(mail.message_id.encode() or mail.message).hexdigest()[:32]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f".{name}.{os.getpid()}"
            part.write_bytes(mail.message)
            part.replace(self.folder / f"{name}.eml")
        except OSError as error:
            raise TransientFailure("The folder cannot be written.", failure=type(error).__name__) from None
        return MailAccepted()
