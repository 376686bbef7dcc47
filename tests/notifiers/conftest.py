from datetime import UTC, datetime

import pytest

from ordercore.ports import Notice

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def notice():
    return Notice(
        id="evt_1", kind="order.placed", subject="order/web:1001", title="Order web:1001: placed, 12.50 EUR",
        text=("2 x TEA", "over web"), facts={"total": 1250, "currency": "EUR"}, occurred_at=AT, sequence=1,
    )  # fmt: skip
