"""The kinds `email` and `webhook`, from the tables of a configuration file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from ordercore.errors import ConfigurationError, InvalidCommand, did_you_mean
from ordercore.notifiers.mail import CAPABILITIES as OF_MAIL
from ordercore.notifiers.mail import EmailNotifier
from ordercore.notifiers.webhook import CAPABILITIES as OF_WEBHOOKS
from ordercore.notifiers.webhook import WebhookNotifier
from ordercore.ports import NotifierKind, Settings
from ordercore.values import code_of


def make_email(instance: str, settings: Settings) -> EmailNotifier:
    """`sender`, `recipients`, `kinds`; optional `prefix`, `reply_to`. Raises ConfigurationError."""
    check_settings(instance, settings, required=("sender", "recipients", "kinds"), optional=("prefix", "reply_to"))
    return EmailNotifier(
        instance, text(settings, "sender"), texts(settings, "recipients"), texts(settings, "kinds"),
        text(settings, "prefix", "[ordercore]"), text(settings, "reply_to", ""),
    )  # fmt: skip


def make_webhook(instance: str, settings: Settings) -> WebhookNotifier:
    """`url`, `secrets`, `kinds`; optional `source`, `timeout_seconds`. Raises ConfigurationError."""
    check_settings(instance, settings, required=("url", "secrets", "kinds"), optional=("source", "timeout_seconds"))
    seconds = settings.get("timeout_seconds", 15)
    if type(seconds) is not int or not 1 <= seconds <= 60:
        raise ConfigurationError(
            "timeout_seconds is a whole number from 1 to 60.",
            hint="15 is usual: whoever needs longer answers first and works afterwards.",
        )
    return WebhookNotifier(
        instance, text(settings, "url"), texts(settings, "secrets"), texts(settings, "kinds"),
        text(settings, "source", "/ordercore"), seconds,
    )  # fmt: skip


NOTIFIERS: Final[Mapping[str, NotifierKind]] = {
    "email": NotifierKind("email", make_email, OF_MAIL),
    "webhook": NotifierKind("webhook", make_webhook, OF_WEBHOOKS),
}
"""The kinds that every kernel knows, without a plugin."""


def check_settings(instance: str, settings: Settings, *, required: Collection[str], optional: Collection[str]) -> None:
    """Raises ConfigurationError for an instance that is no code, a setting that is missing and one that is unknown."""
    try:
        code_of(instance, what="instance")
    except InvalidCommand as error:
        raise ConfigurationError(error.message, hint=error.hint) from None
    known = (*required, *optional)
    for name in settings:
        if name not in known:
            raise ConfigurationError(
                f"{instance}: there is no setting {str(name)[:40]!r}.",
                hint=did_you_mean(str(name), known) or f"Settings: {', '.join(known)}.",
            )
    missing = [name for name in required if name not in settings]
    if missing:
        raise ConfigurationError(
            f"{instance}: {' and '.join(missing)} must be set.", hint=f"Settings: {', '.join((*required, *optional))}."
        )


def text(settings: Settings, name: str, default: str | None = None) -> str:
    """A setting that is text. Raises ConfigurationError, without the value, which may be a secret."""
    value = settings.get(name, default)
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} is text.", setting=name, hint=f'Write {name} = "...".')
    return value


def texts(settings: Settings, name: str) -> tuple[str, ...]:
    """A setting that is a list of texts, or one text. Raises ConfigurationError."""
    value = settings.get(name, ())
    found = (value,) if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise ConfigurationError(f"{name} is a list of texts.", setting=name, hint=f'Write {name} = ["..."].')
    return tuple(found)
