"""Addresses: what libpq understands, our own settings in the query, and the text that may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import psycopg
from attrs import field, frozen
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ordercore.errors import ConfigurationError

SCHEMES: Final = ("postgresql", "postgres")
_DEFAULTS: Final = {
    "application_name": "ordercore", "connect_timeout": "10", "client_encoding": "utf8", "target_session_attrs": "read-write",
}  # fmt: skip


@frozen
class Address:
    """Where the database is."""

    conninfo: str = field(repr=False)
    shown: str
    """Without the password."""
    prepare: bool
    """Whether statements may be prepared: not behind a proxy that pools by transaction (`?prepare=0`)."""
    pool: int
    """Connections that an asynchronous store opens at most (`?pool=10`)."""


def parsed(url: str) -> Address:
    """The address. Raises ConfigurationError, which does not repeat a password."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ConfigurationError(
            "This is not an address of PostgreSQL.", scheme=parts.scheme,
            hint="Write postgresql://user@host/database, or postgresql:///database for the local socket.",
        )  # fmt: skip
    own = {"prepare": "1", "pool": "10"}
    kept = []
    for piece in parts.query.split("&"):
        name, _, value = piece.partition("=")
        if name in own:
            own[name] = value
        elif piece:
            kept.append(piece)  # as it was written: libpq has rules of its own for what is quoted
    if own["prepare"] not in ("0", "1") or not (own["pool"].isascii() and own["pool"].isdigit() and int(own["pool"])):
        raise ConfigurationError("prepare is 0 or 1, and pool a number above 0.", hint="Correct the address.")
    try:
        # Not by urlunsplit: of an address without a host it makes one without its two slashes.
        known = conninfo_to_dict(f"{parts.scheme}://{parts.netloc}{parts.path}?{'&'.join(kept)}")
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(
            f"The address cannot be read: {_without_secrets(str(error), parts.password)}",
            hint="Write postgresql://user@host/database; percent-encode special characters.",
        ) from None
    named = {name: str(value) for name, value in known.items() if value is not None}
    conninfo = make_conninfo("", **{**_DEFAULTS, **named})
    return Address(conninfo, _shown(parts.scheme, named), own["prepare"] == "1", int(own["pool"]))


def _shown(scheme: str, known: Mapping[str, str]) -> str:
    user = f"{known['user']}@" if known.get("user") else ""
    hosts, ports = known.get("host", "").split(","), known.get("port", "").split(",")
    if any(host.startswith("/") for host in hosts):
        return f"{scheme}://{user}/{known.get('dbname') or ''}?host={known['host']}"
    if len(ports) < len(hosts):
        ports = ports[:1] * len(hosts)
    where = ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False))
    return f"{scheme}://{user}{where}/{known.get('dbname') or ''}"


def _without_secrets(text: str, password: str | None) -> str:
    return text.strip().replace(password, "***") if password else text.strip()
