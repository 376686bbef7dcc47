"""Reports of tracking, as JSON: what happened to which number, when and where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, get_args

from ordercore.codec import parse_json
from ordercore.errors import InvalidInput, ProtocolViolation
from ordercore.order.commands import TrackingStatus
from ordercore.order.tracking import REASONS
from ordercore.ports import Decoded, Eta, ExternalKey, Inbound, Problem, TrackingUpdate, Transmission
from ordercore.values import instant_of
from ordercore_tablecarrier.numbers import is_number

STATUSES: Final[Mapping[str, TrackingStatus]] = {status.upper(): status for status in get_args(TrackingStatus)}
"""Its codes are the common vocabulary in capitals; any other code is `unknown`, and kept as it came."""
MOST: Final = 10_000
KEYS: Final = frozenset(("number", "code", "at", "place", "text", "reason", "eta", "correction"))


class _BadError(Exception):
    """Something about one event."""

    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(message)
        self.code, self.path, self.message = code, path, message


def decode(transmission: Transmission, prefix: str) -> Decoded:
    """The events of a report, each by itself."""
    try:
        report: Any = parse_json(transmission.body)
    except InvalidInput as error:
        raise ProtocolViolation("The report is not JSON.", hint=error.hint) from None
    events = report.get("events") if isinstance(report, dict) else None
    if not isinstance(events, list):
        raise ProtocolViolation('A report is {"events": [...]}.')
    if len(events) > MOST:
        raise ProtocolViolation(f"A report has at most {MOST} events.")
    items: list[Inbound] = []
    problems: list[Problem] = []
    for n, event in enumerate(events):
        path = f"events[{n}]"
        try:
            update = _update(event, path, prefix, problems)
        except _BadError as bad:
            problems.append(Problem(bad.code, "reject", bad.path, bad.message, subject=_number(event)))
            continue
        key = f"{update.tracking}:{update.occurred_at.isoformat()}:{update.raw_code}:{update.location}"
        subject = ExternalKey(transmission.instance, "shipment", update.tracking)
        items.append(Inbound(key, subject, update, path=path))
    return Decoded(tuple(items), tuple(problems))


def _update(event: Any, path: str, prefix: str, problems: list[Problem]) -> TrackingUpdate:
    if not isinstance(event, dict):
        raise _BadError("wrong_type", path, "An event is an object.")
    number, code = _text(event, "number", path), _text(event, "code", path)
    if not is_number(number, prefix):
        raise _BadError("bad_number", f"{path}.number", "Its check digits are wrong, or it is of another carrier.")
    problems.extend(
        Problem("unknown_field", "warning", f"{path}.{key[:32]}", "It is not read.", subject=number)
        for key in sorted(event.keys() - KEYS)
    )
    status = STATUSES.get(code, "unknown")
    if code not in STATUSES:
        problems.append(Problem("unknown_code", "warning", f"{path}.code", "Taken as unknown.", code[:64], number))
    reason = _text(event, "reason", path, "")
    if reason not in REASONS:
        problems.append(Problem("unknown_code", "warning", f"{path}.reason", "Taken as other.", reason[:64], number))
        reason = "other"
    correction = event.get("correction", False)
    if not isinstance(correction, bool):
        raise _BadError("wrong_type", f"{path}.correction", "It is true or false.")
    return TrackingUpdate(
        number, status, _instant(event.get("at"), f"{path}.at"), code, _text(event, "place", path, ""),
        reason, _text(event, "text", path, "", 500), _eta(event.get("eta"), f"{path}.eta"), correction,  # type: ignore[arg-type]  # one of REASONS
    )  # fmt: skip


def _eta(given: Any, path: str) -> Eta | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise _BadError("wrong_type", path, "It is an object with earliest and latest.")
    eta = Eta(_instant(given.get("earliest"), f"{path}.earliest"), _instant(given.get("latest"), f"{path}.latest"))
    if eta.latest < eta.earliest:
        raise _BadError("out_of_range", path, "It ends before it begins.")
    return eta


def _text(event: Mapping[str, Any], key: str, path: str, default: str | None = None, most: int = 200) -> str:
    found = event.get(key, default)
    if not isinstance(found, str) or len(found) > most or not found.isprintable() or (default is None and not found):
        raise _BadError("wrong_type", f"{path}.{key}", f"It is one line of text, at most {most} characters.")
    return found


def _instant(given: Any, path: str) -> datetime:
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) and len(given) <= 40 else None
        if found is not None and found.tzinfo is not None:
            return instant_of(found, what=path)
    except (ValueError, OverflowError):
        pass
    raise _BadError("wrong_format", path, "It is an instant with a time zone, such as 2026-11-22T10:15:00Z.")


def _number(event: Any) -> str:
    number = event.get("number") if isinstance(event, dict) else None
    return number[:64] if isinstance(number, str) and number.isprintable() else ""
