"""Servers on this machine that answer by a script: what they are sent is kept."""

import socket
import threading
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest

GREETING, HANG_UP, SILENCE = "greeting", "hang up", "silence"


class ScriptedMailServer:
    """A mail server of one connection at a time. `replies` maps a command (or `greeting`, `message`) to its answer.

    The answer `hang up` closes the connection instead, `silence` says nothing more.
    """

    def __init__(self, replies):
        self.replies = {GREETING: "220 here", "EHLO": "250 here", "DATA": "354 go on", "QUIT": "221 bye", **replies}
        self.commands, self.messages = [], []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                self.converse(connection, lines)

    def converse(self, connection, lines):
        if not self.say(connection, GREETING):
            return
        for line in lines:
            self.commands.append(line.decode().strip())
            verb = line.decode().split()[0].upper()
            if not self.say(connection, verb):
                return
            if verb == "DATA" and self.replies["DATA"].startswith("354"):
                if self.replies.get("body") == HANG_UP:
                    return
                message = b"".join(iter(lines.readline, b".\r\n"))
                self.messages.append(message)
                if not self.say(connection, "message"):
                    return

    def say(self, connection, what):
        reply = self.replies.get(what, "250 ok")
        if reply == SILENCE:
            self.over.wait(5)
        if reply in (HANG_UP, SILENCE):
            return False
        connection.sendall(reply.encode() + b"\r\n")
        return True

    def close(self):
        self.over.set()
        self.socket.close()


@pytest.fixture
def mail_server():
    servers = []

    def start(**replies):
        servers.append(ScriptedMailServer(replies))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class ScriptedWebServer:
    """Answers every connection with the same bytes, or hangs up (`None`), once it has read the request."""

    def __init__(self, answer, wait=0.0):
        self.answer, self.wait, self.requests = answer, wait, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.over = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.requests.append(self.read(connection))
                self.over.wait(self.wait)
                if self.answer is not None:
                    connection.sendall(self.answer)

    def read(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0)
        while len(body) < length:
            body += connection.recv(65536)
        return head.decode(), body

    def close(self):
        self.over.set()
        self.socket.close()


@pytest.fixture
def web_server():
    servers = []

    def start(answer=b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", wait=0.0):
        servers.append(ScriptedWebServer(answer, wait))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@contextmanager
def nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield port


@pytest.fixture
def closed_port():
    with nobody_listens() as port:
        yield port


@pytest.fixture
def drip_server():
    """A web server whose headers never end: one comes every 20 milliseconds, for 10 seconds at most."""
    over = threading.Event()

    def serve():
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            for number in range(500):
                if over.wait(0.02):
                    return
                connection.sendall(f"x-{number}: y\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield SimpleNamespace(port=listening.getsockname()[1])
        over.set()
        thread.join()
