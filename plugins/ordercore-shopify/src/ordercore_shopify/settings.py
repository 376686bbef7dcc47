"""Settings of one shop: its secrets, and what is to be done with what is doubtful."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import field, frozen

from ordercore.errors import ConfigurationError, InvalidCommand, did_you_mean
from ordercore.ports import Settings
from ordercore.values import instant_of

KEYS: Final = ("secrets", "shop", "test_orders", "total_mismatch")


@frozen
class Secret:
    """A webhook secret, and until when it counts; None: until it is taken out."""

    value: bytes = field(repr=False)
    until: datetime | None = None

    def counts(self, now: datetime) -> bool:
        """Whether a delivery signed with it is accepted at this time."""
        return self.until is None or now < self.until


@frozen
class ShopSettings:
    """How one shop's deliveries are read.

    `secrets`: several during a rotation, the old one with its end. `shop`: the shop's domain, which deliveries must
    name; empty: not checked. `accept_tests`: take the platform's test orders for real ones. `tolerate_totals`: an
    order whose lines do not come to its total is read all the same, with a warning.
    """

    secrets: tuple[Secret, ...]
    shop: str = ""
    accept_tests: bool = False
    tolerate_totals: bool = False

    @classmethod
    def of(cls, settings: Settings) -> ShopSettings:
        """Make them from a mapping. Raises ConfigurationError, never with a secret in it.

        `secrets` is text, or a list of texts and of `{secret, until}`; `shop` a domain; `test_orders` "ignore" or
        "accept"; `total_mismatch` "reject" or "warning".
        """
        for key in settings:
            if key not in KEYS:
                raise ConfigurationError(f"A shop has no setting {key[:64]!r}.", hint=did_you_mean(key, KEYS))
        given = settings.get("secrets", ())
        secrets = tuple(_secret(one) for one in (given if isinstance(given, list | tuple) else [given]))
        shop = settings.get("shop", "")
        if not isinstance(shop, str):
            raise ConfigurationError(
                "The setting shop is a domain, such as example.myshopify.com.",
                hint='Write shop = "example.myshopify.com".',
            )
        return cls(
            secrets,
            shop.lower(),
            accept_tests=_choice(settings, "test_orders", ("ignore", "accept")) == "accept",
            tolerate_totals=_choice(settings, "total_mismatch", ("reject", "warning")) == "warning",
        )


def _secret(given: object) -> Secret:
    if isinstance(given, str) and given:
        return Secret(given.encode())
    if isinstance(given, dict) and set(given) <= {"secret", "until"}:
        value, until = given.get("secret"), given.get("until")
        if isinstance(value, str) and value and (until is None or isinstance(until, datetime)):
            try:
                return Secret(value.encode(), None if until is None else instant_of(until, what="until"))
            except InvalidCommand as error:
                raise ConfigurationError(error.message, hint=error.hint) from None
    raise ConfigurationError(
        "A secret is text, or a table with its text as secret and the time it ends as until.",
        hint="It stands with the webhooks in the settings of the shop.",
    )


def _choice(settings: Settings, key: str, known: tuple[str, ...]) -> str:
    given = settings.get(key, known[0])
    if given not in known:
        raise ConfigurationError(
            f"The setting {key} is one of {', '.join(known)}.", hint=did_you_mean(str(given)[:64], known)
        )
    return given
