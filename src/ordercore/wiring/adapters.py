"""Adapters as the host passes them: each under its own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ordercore.errors import ConfigurationError


def check_instances(given: Mapping[str, Mapping[str, Any]]) -> None:
    """Each adapter says the name under which it is passed, and nobody who sends documents has that of another.

    Raises ConfigurationError.
    """
    taken: dict[str, str] = {}
    for port, adapters in given.items():
        for name, adapter in adapters.items():
            said = getattr(adapter, "instance", None)
            if said != name:
                raise ConfigurationError(
                    f"The {port} {name!r} calls itself {said!r}.", port=port, name=name,
                    hint=f"Pass it as {port}s={{{said!r}: ...}}, or make it with the instance {name!r}.",
                )  # fmt: skip
            if port != "notifier" and taken.setdefault(name, port) != port:
                raise ConfigurationError(
                    f"The {port} {name!r} has the name of a {taken[name]}.", port=port, name=name,
                    hint="Transmissions are received by instance: give each its own.",
                )  # fmt: skip
