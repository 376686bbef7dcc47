"""One transport made of two: HTTP here, mail there."""

from __future__ import annotations

from attrs import frozen

from ordercore.errors import NotSupported
from ordercore.ports import HttpRequest, Request, Response, Transport


@frozen
class Routes:
    """Each kind of request by its own transport. Without one, a request of that kind raises NotSupported."""

    http: Transport | None = None
    mail: Transport | None = None

    def send(self, request: Request) -> Response:
        """As `Transport.send`."""
        kind = "http" if isinstance(request, HttpRequest) else "mail"
        transport = self.http if kind == "http" else self.mail
        if transport is None:
            raise NotSupported(
                f"No transport sends {kind}.", capability=kind, hint=f"Give the kernel Routes({kind}=...)."
            )
        return transport.send(request)
