from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from ordercore.errors import AnswerLost, NotSupported, TransientFailure
from ordercore.ports import HttpRequest, MailAccepted, MailRefused, MailRequest
from ordercore.transport import SmtpTransport

MESSAGE = b"From: shop@example.com\nTo: a@example.com\nSubject: news\n\n.hidden\n..twice\nlast\n"


def mail(*recipients, message=MESSAGE, sender="shop@example.com"):
    return MailRequest(sender, recipients or ("a@example.com",), message, "<1@example.com>")


def transport(server, **settings):
    return SmtpTransport("127.0.0.1", server.port, security="none", timeout_seconds=0.5, **settings)


def test_a_real_server_gets_the_message_as_it_was(closed_port):
    class Box(Message):
        def handle_message(self, message):
            received.append(message)

    received = []
    controller = Controller(Box(), hostname="127.0.0.1", port=closed_port)
    controller.start()
    try:
        answer = SmtpTransport("127.0.0.1", closed_port, security="none").send(mail("a@example.com", "b@example.com"))
    finally:
        controller.stop()
    assert answer == MailAccepted()
    (message,) = received
    assert message["X-RcptTo"] == "a@example.com, b@example.com"
    assert message["X-MailFrom"] == "shop@example.com"
    assert message.get_payload() == message_from_bytes(MESSAGE, policy=default).get_payload().replace("\n", "\r\n")


def test_leading_dots_are_doubled_and_lines_end_with_crlf(mail_server):
    server = mail_server()
    transport(server).send(mail())
    assert server.messages == [
        b"From: shop@example.com\r\nTo: a@example.com\r\nSubject: news\r\n\r\n..hidden\r\n...twice\r\nlast\r\n"
    ]


def test_a_message_cannot_end_itself_early(mail_server):
    server = mail_server()
    transport(server).send(mail(message=b"Subject: x\n\n.\nMAIL FROM:<evil@example.com>\r.\rQUIT"))
    (message,) = server.messages
    assert message == b"Subject: x\r\n\r\n..\r\nMAIL FROM:<evil@example.com>\r\n..\r\nQUIT\r\n"
    assert [command.split(":")[0] for command in server.commands] == [
        "ehlo " + server.commands[0][5:], "MAIL FROM", "RCPT TO", "DATA", "quit"
    ]  # fmt: skip


def test_where_nobody_listens_it_certainly_did_not_arrive(closed_port):
    with pytest.raises(TransientFailure) as caught:
        SmtpTransport("127.0.0.1", closed_port, security="none").send(mail())
    assert caught.value.failure == "ConnectionRefusedError"


@pytest.mark.parametrize("where", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("how", ["hang up", "silence"])
def test_what_breaks_before_the_message_certainly_did_not_arrive(mail_server, where, how):
    server = mail_server(**{where: how}, **({"HELO": how} if where == "EHLO" else {}))
    with pytest.raises(TransientFailure):
        transport(server).send(mail())
    assert not server.messages


def test_what_breaks_while_the_message_is_sent_certainly_did_not_arrive_as_a_whole(mail_server):
    server = mail_server(body="hang up")
    with pytest.raises((TransientFailure, AnswerLost)) as caught:
        transport(server).send(mail(message=b"Subject: long\n\n" + b"x" * 70 * 200_000))
    assert isinstance(caught.value, TransientFailure)
    assert not server.messages


@pytest.mark.parametrize("how", ["hang up", "silence"])
def test_what_breaks_after_the_message_may_have_arrived(mail_server, how):
    server = mail_server(message=how)
    with pytest.raises(AnswerLost):
        transport(server).send(mail())
    assert len(server.messages) == 1


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA", "message"])
def test_a_4xx_may_pass_another_time(mail_server, where):
    server = mail_server(**{where: "451 later, secret@example.com"})
    with pytest.raises(TransientFailure) as caught:
        transport(server).send(mail())
    assert caught.value.reply == 451
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA", "message"])
def test_a_5xx_is_an_answer(mail_server, where):
    server = mail_server(**{where: "550 no"})
    assert transport(server).send(mail()) == MailRefused(550, where)


def test_one_refused_recipient_refuses_all(mail_server):
    server = mail_server()
    answers = iter(("250 ok", "550 unknown"))
    say = server.say
    server.say = lambda connection, what: (
        server.replies.update(RCPT=next(answers)) if what == "RCPT" else None, say(connection, what)
    )[1]  # fmt: skip
    assert transport(server).send(mail("a@example.com", "gone@example.com", "c@example.com")) == MailRefused(
        550, "RCPT"
    )
    assert not server.messages
    assert not any(command.startswith("DATA") for command in server.commands)


def test_an_answer_after_the_message_that_is_none_may_mean_anything(mail_server):
    with pytest.raises(AnswerLost):
        transport(mail_server(message="354 what?")).send(mail())


def test_a_server_without_tls_gets_neither_password_nor_message(mail_server):
    server = mail_server()
    with pytest.raises(TransientFailure):
        SmtpTransport("127.0.0.1", server.port, username="me", password="secret", timeout_seconds=0.5).send(mail())
    assert not server.messages
    assert not any("AUTH" in command for command in server.commands)


def test_a_password_is_sent_to_nobody_in_the_clear(mail_server):
    server = mail_server(EHLO="250-here\r\n250 AUTH PLAIN LOGIN")
    assert transport(server, username="me", password="secret").send(mail()) == MailAccepted()
    assert not any("AUTH" in command for command in server.commands)


@pytest.mark.parametrize(
    "address",
    ["a@example.com>\r\nRCPT TO:<b@example.com", "a@example.com\n", "nobody", "", "a b@example.com", "<a@b.c>"],
)
def test_an_address_cannot_bring_commands(mail_server, address):
    server = mail_server()
    for request in (mail(address), mail(sender=address)):
        with pytest.raises(NotSupported):
            transport(server).send(request)
    assert not server.commands


def test_it_sends_no_http_and_no_mail_to_nobody(mail_server):
    with pytest.raises(NotSupported):
        transport(mail_server()).send(HttpRequest("GET", "https://example.com"))
    with pytest.raises(NotSupported):
        transport(mail_server()).send(MailRequest("a@example.com", (), b""))


def test_addresses_beyond_ascii_are_announced(mail_server):
    server = mail_server(EHLO="250-here\r\n250-8BITMIME\r\n250 SMTPUTF8")
    assert transport(server).send(mail("收件人@example.com")) == MailAccepted()
    assert "MAIL FROM:<shop@example.com> SMTPUTF8" in server.commands
    assert "RCPT TO:<收件人@example.com>" in server.commands


def test_credentials_are_not_in_the_repr():
    assert "secret" not in repr(SmtpTransport("h", username="me", password="secret"))
