"""Certificates are checked by name, also where the address that was checked is connected to in place of the name."""

import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from ordercore.errors import TransientFailure
from ordercore.ports import HttpRequest, MailAccepted, MailRequest
from ordercore.transport import HttpTransport, Reach, SmtpTransport

NAME = "hooks.shop.test"
HERE = "127.0.0.1"  # a bare container may not know the name localhost
MAIL = MailRequest("a@example.com", ("b@example.com",), b"Subject: x\n\nhello\n")

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes certificates, is missing")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Files of a key and of a certificate for NAME and this machine, good for a day."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:{HERE}"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names, "-keyout", folder / "key",
         "-out", folder / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "cert", folder / "key"


@pytest.fixture
def trusting(certificate):
    return ssl.create_default_context(cafile=certificate[0])


@pytest.fixture
def served(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


class Taker(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.hosts.append(self.headers["host"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def https(served):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    server.hosts = []
    server.handle_error = lambda *_: None
    server.socket = served.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def post(server, host, context):
    transport = HttpTransport(Reach(private=[host], resolve=lambda *_: ("127.0.0.1",)), context=context)
    try:
        return transport.send(HttpRequest("POST", f"https://{host}:{server.server_address[1]}/", body=b"x")).status
    finally:
        transport.close()


def test_a_certificate_for_the_name_is_accepted_at_the_address(https, trusting):
    assert post(https, NAME, trusting) == 204
    assert https.hosts == [f"{NAME}:{https.server_address[1]}"]


def test_a_certificate_for_another_name_is_not(https, trusting):
    with pytest.raises(TransientFailure):
        post(https, "hooks.other.test", trusting)
    assert https.hosts == []


def test_a_certificate_that_nobody_vouches_for_is_not(https):
    with pytest.raises(TransientFailure):
        post(https, NAME, True)
    assert https.hosts == []


class Box:
    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # as aiosmtpd calls it
        self.taken.append(session.ssl is not None)
        return "250 taken"


@pytest.fixture
def smtps(served, closed_port):
    def known(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"shop", b"pass word"))

    box = Box()
    controller = Controller(
        box, hostname=HERE, port=closed_port, tls_context=served, require_starttls=True, auth_required=True,
        authenticator=known,
    )  # fmt: skip
    controller.start()
    yield box, closed_port
    controller.stop()


def test_mail_goes_over_tls_with_a_password(smtps, trusting):
    box, port = smtps
    transport = SmtpTransport(HERE, port, username="shop", password="pass word", context=trusting)
    assert transport.send(MAIL) == MailAccepted()
    assert box.taken == [True]


@pytest.mark.parametrize("wrong", ["password", "certificate"])
def test_with_a_wrong_password_or_certificate_nothing_is_sent_and_it_may_pass(smtps, trusting, wrong):
    box, port = smtps
    password, context = ("wrong", trusting) if wrong == "password" else ("pass word", None)
    with pytest.raises(TransientFailure) as caught:
        SmtpTransport(HERE, port, username="shop", password=password, context=context, timeout_seconds=1).send(MAIL)
    assert password not in str(caught.value)
    assert box.taken == []
