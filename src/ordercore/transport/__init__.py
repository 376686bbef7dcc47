"""Transports: what sends the requests of carriers, suppliers and notifiers, and says exactly what became of them.

The host chooses one and gives it to the kernel, and with it decides what may be reached::

    from ordercore.transport import HttpTransport, Routes, SmtpTransport

    transport = Routes(http=HttpTransport(), mail=SmtpTransport("mail.example", 587))

Anything with a method `send` (`ordercore.ports.Transport`) is one. What matters is the difference between a request
that certainly did not arrive (TransientFailure) and one that may have (AnswerLost): only the first is sent again
without asking.
"""

from ordercore.transport.folder import FolderTransport
from ordercore.transport.http import HttpTransport
from ordercore.transport.reach import Reach
from ordercore.transport.routes import Routes
from ordercore.transport.smtp import SmtpTransport

__all__ = ["FolderTransport", "HttpTransport", "Reach", "Routes", "SmtpTransport"]
