"""A notice as a CloudEvent. Source: CloudEvents 1.0, JSON format, with the extensions sequence and partitionkey."""

from __future__ import annotations

import json
from datetime import UTC

from ordercore.ports import Notice


def cloud_event(notice: Notice, *, source: str) -> bytes:
    """The JSON envelope, the same bytes for the same notice; its `data` are title, text and facts.

    `type` is `org.ordercore.<event>.v1`, `id` and `subject` are the notice's, `sequence` its event's version in its
    stream, padded so that it sorts as text.
    """
    envelope = {
        "specversion": "1.0",
        "id": notice.id,
        "source": source,
        "type": f"org.ordercore.{notice.kind}.v1",
        "subject": notice.subject,
        "time": notice.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "sequence": f"{notice.sequence:010d}",
        "partitionkey": notice.subject,
        "data": {"title": notice.title, "text": list(notice.text), "facts": dict(notice.facts)},
    }
    return json.dumps(envelope, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
