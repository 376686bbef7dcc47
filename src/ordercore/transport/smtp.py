"""Mail to a server by SMTP: taken over for everybody, refused, certainly not taken, or not known."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from typing import Final, Literal, NoReturn

from attrs import field, frozen

from ordercore.errors import AnswerLost, TransientFailure
from ordercore.ports import MailAccepted, MailRefused, MailRequest, Request
from ordercore.transport.envelope import mail_of, on_the_wire

Security = Literal["starttls", "tls", "none"]

_BROKEN: Final = (OSError, smtplib.SMTPException)


@frozen
class SmtpTransport:
    """A mail server that takes our mail on. One connection per message.

    `security`: `starttls` (port 587, the default) and `tls` (port 465) check the server's certificate with `context`;
    `none` is for a server on this machine, and sends no password. `timeout_seconds` holds for each answer of the
    server. A certificate or password that is not accepted is a TransientFailure: nothing was sent, and it passes when
    the settings are put right.

    The server's text stands in no error: it may quote addresses. Its reply code does.
    """

    host: str
    port: int = 587
    security: Security = "starttls"
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    timeout_seconds: float = 30
    local_hostname: str | None = None
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def send(self, request: Request) -> MailAccepted | MailRefused:
        """Send one message. Raises TransientFailure, AnswerLost, NotSupported.

        MailRefused for the first 5xx to the sender, a recipient or the message. Until the dot that ends the message
        is sent, no server may deliver it (RFC 5321 4.1.1.4), so whatever breaks before is a TransientFailure.
        """
        mail = mail_of(request)
        session = self._opened()
        try:
            return _refused(_announce(session, mail)) or _hand_over(session, on_the_wire(mail.message))
        finally:
            _leave(session)

    def _opened(self) -> smtplib.SMTP:
        try:
            session = self._connected()
        except _BROKEN as error:
            raise _unreachable(error) from None
        try:
            self._introduce(session)
        except _BROKEN as error:
            _leave(session)
            raise _unreachable(error) from None
        return session

    def _connected(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(
                self.host, self.port, self.local_hostname, timeout=self.timeout_seconds, context=self._tls()
            )
        return smtplib.SMTP(self.host, self.port, self.local_hostname, timeout=self.timeout_seconds)

    def _introduce(self, session: smtplib.SMTP) -> None:
        if self.security == "starttls":
            session.starttls(context=self._tls())
        session.ehlo_or_helo_if_needed()
        if self.username and self.security != "none":
            session.login(self.username, self.password)

    def _tls(self) -> ssl.SSLContext:
        return self.context or ssl.create_default_context()


def _announce(session: smtplib.SMTP, mail: MailRequest) -> tuple[str, int]:
    """Say the envelope, and that a message follows: the last command and the answer to it, 354 if all is well."""
    try:
        for command, text in _envelope(session, mail):
            code, _ = session.docmd(command, text)
            if not 200 <= code < 400:
                return command, code
        return "DATA", session.docmd("DATA")[0]
    except _BROKEN as error:
        raise _unreachable(error) from None


def _envelope(session: smtplib.SMTP, mail: MailRequest) -> list[tuple[str, str]]:
    options = "".join(
        f" {said}"
        for said, needed in (
            ("BODY=8BITMIME", not mail.message.isascii() and session.has_extn("8bitmime")),
            ("SMTPUTF8", not "".join((mail.sender, *mail.recipients)).isascii()),
        )
        if needed
    )
    if "SMTPUTF8" in options:
        session.command_encoding = "utf-8"
    return [
        ("MAIL", f"FROM:<{mail.sender}>{options}"),
        *(("RCPT", f"TO:<{recipient}>") for recipient in mail.recipients),
    ]


def _refused(answer: tuple[str, int]) -> MailRefused | None:
    """None if the server waits for the message. Raises TransientFailure if it may take it another time."""
    command, code = answer
    if code == 354:
        return None
    if 500 <= code < 600:
        return MailRefused(code, command)
    raise TransientFailure(f"The mail server answered {code} to {command}.", reply=code)


def _hand_over(session: smtplib.SMTP, message: bytes) -> MailAccepted | MailRefused:
    try:
        session.send(message)
    except _BROKEN as error:
        raise _unreachable(error) from None
    try:
        session.send(b".\r\n")
        code, _ = session.getreply()
    except _BROKEN as error:
        _lost(error)
    if 200 <= code < 300:
        return MailAccepted()
    refused = _refused(("message", code))
    return refused or _lost(None)


def _lost(error: Exception | None) -> NoReturn:
    failure = type(error).__name__ if error else "unexpected reply"
    raise AnswerLost(
        "The message was sent, and the mail server did not say what became of it.", failure=failure
    ) from None


def _unreachable(error: Exception) -> TransientFailure:
    code = getattr(error, "smtp_code", None)
    said = f" ({code})" if isinstance(code, int) and code > 0 else ""
    return TransientFailure(
        f"The mail server cannot be used: {type(error).__name__}{said}.", failure=type(error).__name__,
        reply=code if isinstance(code, int) else None,
    )  # fmt: skip


def _leave(session: smtplib.SMTP) -> None:
    """Say goodbye if it listens; what was answered stands either way."""
    with suppress(*_BROKEN):
        session.quit()
    session.close()
