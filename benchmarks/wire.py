"""Round trips between a client and PostgreSQL, counted on the wire, whatever the driver is and however it sends."""

from __future__ import annotations

import selectors
import socket
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit


class Wire:
    """A unix socket that passes everything on to the server of `address`; `address` of this is the way through it.

    A round trip is a client that speaks after the server spoke, or first: however many messages it sends at once.
    """

    def __init__(self, address: str) -> None:
        url = urlsplit(address)
        asked = parse_qs(url.query)
        port = asked.get("port", ["5432"])[0]
        self._server = str(Path(asked["host"][0], f".s.PGSQL.{port}"))
        self._folder = TemporaryDirectory(prefix="wire-")
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(Path(self._folder.name, f".s.PGSQL.{port}")))
        self._listening.listen()
        self.address = f"{url.scheme}://{url.netloc}{url.path}?host={self._folder.name}&port={port}"
        self.round_trips = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._server)
        with client, server, selectors.DefaultSelector() as waiting:
            waiting.register(client, selectors.EVENT_READ, server)
            waiting.register(server, selectors.EVENT_READ, client)
            spoke = server
            while True:
                for ready, _ in waiting.select():
                    data = ready.fileobj.recv(65536)
                    if not data:
                        return
                    if ready.fileobj is client and spoke is server:
                        self.round_trips += 1
                    spoke = ready.fileobj
                    ready.data.sendall(data)

    def close(self) -> None:
        self._listening.close()
        self._folder.cleanup()
