from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import ConfigurationError
from ordercore.notifiers import NOTIFIERS, Attachment, EmailNotifier, compose
from ordercore.ports import Declined, Delivered, MailAccepted, MailRefused
from ordercore.testing import RecordedTransport
from ordercore.testing.transports import run


def notifier(**settings):
    given = {"sender": "Shop <shop@example.com>", "recipients": ["ops@example.com"], "kinds": ["*"], **settings}
    return EmailNotifier("ops", **given)


def send(notice, *answers, key="k1", now=None, **settings):
    transport = RecordedTransport(answers)
    result = run(notifier(**settings).deliver(notice, key=key, now=now or notice.occurred_at), transport)
    return result, transport.sent[0]


def parsed(request):
    return message_from_bytes(request.message, policy=default)


def test_a_mail_has_what_a_mail_must_have(notice):
    result, request = send(notice, recipients=["ops@example.com", "boss@example.com"], reply_to="help@example.com")
    message = parsed(request)
    assert result == Delivered(request.message_id)
    assert (request.sender, request.recipients) == ("shop@example.com", ("ops@example.com", "boss@example.com"))
    assert message["From"] == "Shop <shop@example.com>"
    assert message["To"] == "ops@example.com, boss@example.com"
    assert message["Reply-To"] == "help@example.com"
    assert message["Subject"] == "[ordercore] Order web:1001: placed, 12.50 EUR"
    assert message["Date"] == "Mon, 05 Jan 2026 09:00:00 +0000"
    assert message["Message-ID"] == request.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["MIME-Version"] == "1.0"


def test_it_reads_as_text_and_as_html(notice):
    message = parsed(send(evolve(notice, text=("2 x <b>TEA</b> & more",)))[1])
    text, html = message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()
    assert "2 x <b>TEA</b> & more" in text
    assert "2 x &lt;b&gt;TEA&lt;/b&gt; &amp; more" in html
    assert "http" not in html
    assert "order/web:1001, order.placed, 2026-01-05 09:00 UTC" in text


def test_every_script_is_right_in_subject_and_text(notice):
    title, line = "订单 web:1001：缺货，请补货", "龙井茶 × 2 — Grüße"
    message = parsed(send(evolve(notice, title=title, text=(line,)))[1])
    assert message["Subject"] == f"[ordercore] {title}"
    assert line in message.get_body(("plain",)).get_content()
    assert line in message.get_body(("html",)).get_content()


def test_what_goes_over_the_wire_is_ascii_in_short_lines(notice):
    for line in (b"", b"\xe8\xae\xa2" * 400, b"x" * 3000, b"word " * 600):
        _, request = send(evolve(notice, title=line.decode(), text=(line.decode(),)))
        assert request.message.isascii()
        assert max(map(len, request.message.split(b"\r\n"))) <= 998


def test_the_same_key_gives_the_same_bytes_whenever_it_is_sent(notice):
    (_, first), (_, later) = send(notice), send(notice, now=notice.occurred_at + timedelta(days=3))
    assert first == later
    assert send(notice, key="k2")[1].message_id != first.message_id


@pytest.mark.parametrize("title", ["a\r\nBcc: evil@example.com", "a\nX: y", "a\r\n\r\nbody", "a\u2028b\u0085c\0d"])
def test_a_title_stays_in_its_header(notice, title):
    message = parsed(send(evolve(notice, title=title))[1])
    assert message["Bcc"] is None
    assert message["X"] is None
    assert message["Subject"].startswith("[ordercore] a ")


@given(title=st.text(max_size=400), line=st.text(max_size=400))
def test_no_text_breaks_a_mail(title, line):
    request = compose("a@example.com", ["b@example.com"], title, line, html=f"<p>{line}", key="k", at=_at())
    message = parsed(request)
    assert list(message) == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"
    ]  # fmt: skip
    assert len(list(message.iter_parts())) == 2


def _at():
    from ordercore.testing.clock import START

    return START


def test_an_attachment_arrives_as_it_was():
    content = bytes(range(256))
    request = compose(
        "a@example.com", ["b@example.com"], "s", "t", key="k", at=_at(),
        attachments=[Attachment("订单 7.csv", "text/csv", content)],
    )  # fmt: skip
    (part,) = parsed(request).iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("订单 7.csv", "text/csv")
    assert part.get_payload(decode=True) == content


def test_a_refusal_is_told_without_addresses(notice):
    result, _ = send(notice, MailRefused(550, "RCPT"))
    assert isinstance(result, Declined)
    (problem,) = result.problems
    assert (problem.code, problem.path) == ("mail_refused", "RCPT")
    assert "@" not in problem.message
    assert send(notice, MailAccepted())[0] == Delivered(send(notice)[1].message_id)


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b@c", "a@example.com\nBcc: x@y.z", "a b@example.com", "<script>@x", "a@-x", "a@exa mple.com"],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(address):
    for settings in ({"sender": address}, {"recipients": [address]}):
        with pytest.raises(ConfigurationError) as caught:
            notifier(**settings)
        assert not address or address not in str(caught.value)


def test_a_domain_in_another_script_is_written_as_dns_knows_it(notice):
    _, request = send(notice, recipients=["ops@bücher.example"])
    assert request.recipients == ("ops@xn--bcher-kva.example",)


def test_addresses_are_in_no_repr():
    assert "@" not in repr(notifier())


def test_it_needs_recipients_and_kinds():
    for settings in ({"recipients": []}, {"kinds": []}):
        with pytest.raises(ConfigurationError):
            notifier(**settings)


def test_it_is_made_from_settings():
    settings = {"sender": "a@example.com", "recipients": "b@example.com", "kinds": "alert.*"}
    made = NOTIFIERS["email"].make("ops", settings)
    assert (made.recipients, made.wants("alert.raised"), made.wants("order.placed")) == (
        ("b@example.com",),
        True,
        False,
    )
    with pytest.raises(ConfigurationError, match="Did you mean 'recipients'"):
        NOTIFIERS["email"].make("ops", {**settings, "recipient": "x"})
    with pytest.raises(ConfigurationError):
        NOTIFIERS["email"].make("not a code", settings)
