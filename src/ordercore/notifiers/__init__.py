"""Notifiers that come with ordercore: mail and signed webhooks; and what any notifier may use.

::

    from ordercore.notifiers import EmailNotifier, WebhookNotifier

    ops = EmailNotifier("ops", sender="shop@example.com", recipients=("ops@example.com",), kinds=("alert.*",))
    erp = WebhookNotifier("erp", url="https://erp.example/hooks", secrets=("whsec_...",), kinds=("order.*",))

Both render a `Notice`, which `notice_of` makes from an event; `lines_of` and `title_of` are where a plugin says how
its own events read. `verify_webhook` is the receiving side.
"""

import ordercore.notifiers.supply_texts as _supply_texts  # noqa: F401  # how the core's own events read
import ordercore.notifiers.texts as _texts  # noqa: F401  # the same
from ordercore.notifiers.cloudevent import cloud_event
from ordercore.notifiers.mail import EmailNotifier, delivered
from ordercore.notifiers.mime import Attachment, compose
from ordercore.notifiers.news import facts_of, lines_of, notice_of, title_of
from ordercore.notifiers.registered import NOTIFIERS, check_settings
from ordercore.notifiers.signature import SECRET_PREFIX, sign_webhook, verify_webhook
from ordercore.notifiers.webhook import WebhookNotifier

__all__ = [
    "NOTIFIERS",
    "SECRET_PREFIX",
    "Attachment",
    "EmailNotifier",
    "WebhookNotifier",
    "check_settings",
    "cloud_event",
    "compose",
    "delivered",
    "facts_of",
    "lines_of",
    "notice_of",
    "sign_webhook",
    "title_of",
    "verify_webhook",
]
