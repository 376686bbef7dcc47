import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import field, frozen

from ordercore.codec import Codec
from ordercore.message import Event
from ordercore.notices.state import notice_id
from ordercore.notifiers import cloud_event, lines_of, notice_of, title_of
from ordercore.notifiers.news import cut
from ordercore.order.events import OrderPlaced, TrackingRecorded
from ordercore.order.lines import OrderLine
from ordercore.values import Destination, LineId, Sku

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@frozen
class GiftWrapped(Event):
    """A plugin's own event."""

    paper: str
    layers: int
    ribbon: bool
    at: datetime
    note: str = ""
    customer: str = ""
    inscription: str = field(default="", repr=False)


def told(event, kind="acme.gift_wrapped", stream="gift/7"):
    return notice_of(event, id="evt_1", kind=kind, stream=stream, version=3, occurred_at=AT)


def test_any_event_has_a_text():
    notice = told(GiftWrapped("red", 2, True, AT))
    assert notice.title == "Gift 7: gift wrapped"
    assert notice.text == ("paper: red", "layers: 2", "ribbon: yes", "at: 2026-01-05T09:00:00+00:00")
    assert notice.facts == {"paper": "red", "layers": 2, "ribbon": True, "at": "2026-01-05T09:00:00+00:00"}
    assert (notice.subject, notice.sequence, notice.occurred_at) == ("gift/7", 3, AT)


def test_people_and_what_they_wrote_stand_in_no_notice():
    notice = told(GiftWrapped("red", 2, True, AT, note="call Ann", customer="Ann", inscription="to Ann"))
    assert "Ann" not in repr(notice) + str(notice.facts)


def test_a_plugin_says_how_its_events_read():
    @frozen
    class Ribboned(Event):
        color: str

    @title_of.register
    def _(event: Ribboned):
        return f"tied in {event.color}"

    @lines_of.register
    def _(event: Ribboned):
        return ["with a bow"]

    assert (told(Ribboned("blue")).title, told(Ribboned("blue")).text) == ("Gift 7: tied in blue", ("with a bow",))


def test_news_whose_text_fails_are_told_all_the_same():
    @frozen
    class Crooked(Event):
        color: str

    @title_of.register
    @lines_of.register
    def _(event: Crooked):
        raise ValueError

    assert (told(Crooked("blue")).title, told(Crooked("blue")).text) == ("Gift 7: gift wrapped", ("color: blue",))


def placed(*lines, country="DE"):
    return OrderPlaced(
        "web", "1001", "EUR", tuple(OrderLine(LineId(str(n)), Sku(sku), quantity, 625, 2, 1250, scale=scale)
                                    for n, (sku, quantity, scale) in enumerate(lines)),
        1250, AT, "customer-7", Destination(country, "BE", None, "person-7"),
    )  # fmt: skip


def test_an_order_reads_as_one_would_say_it():
    notice = told(placed(("TEA", 2, 0), ("SUGAR", 1250, 3), ("TEA", 1, 0)), "order.placed", "order/web:1001")
    assert notice.title == "Order web:1001: placed, 12.50 EUR"
    assert notice.text == ("3 x TEA", "1.250 x SUGAR", "over web", "to DE")
    assert notice.facts["lines_units"] == 1253
    assert notice.facts["lines_skus"] == "TEA, SUGAR"
    assert not re.search("customer-7|person-7", repr(notice))


def test_what_a_carrier_says_of_who_took_a_parcel_in_is_not_told():
    event = TrackingRecorded("P1", "delivered", AT, raw_code="D1", text="Left with Quendolina Vexler")
    notice = told(event, "parcel.tracked", "order/web:1001")
    assert notice.facts["raw_code"] == "D1"
    assert "Quendolina" not in repr((notice.title, notice.text, notice.facts))


def test_long_news_are_cut():
    notice = told(placed(*((f"SKU-{n}", 1, 0) for n in range(500))), "order.placed", "order/web:1")
    assert len(notice.text) == 40
    assert notice.text[-1] == "... and 463 more"
    assert all(len(str(value)) <= 200 for value in notice.facts.values())
    assert len(told(GiftWrapped("r" * 9999, 1, False, AT)).text[0]) <= 200


def test_a_notice_is_one_line_wherever_it_is_a_line():
    assert "\n" not in "".join(told(GiftWrapped("a\nb\r\nc", 1, False, AT)).text)


def test_ids_of_news_are_the_same_for_good_and_others_for_others():
    ids = {
        notice_id(*key) for key in (("", "order/1", 1), ("t", "order/1", 1), ("", "order/1", 2), ("", "order/11", 1))
    }
    assert len(ids) == 4
    assert notice_id("", "order/web:1001", 1) == "evt_ea1d085e38435ea49909118e908303ce"


STORED = sorted((Path(__file__).parents[1] / "codec" / "golden").glob("*.[0-9]*.json"))


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.name)
def test_every_event_there_is_reads_and_becomes_a_delivery(file):
    (event,) = Codec().load_events(json.loads(file.read_text())["stored"])
    notice = told(event, file.name.rpartition(".1.")[0])
    assert notice.title.startswith("Gift 7: ")
    assert len(notice.title) > len("Gift 7: ")
    assert all(line == cut(line) for line in (notice.title, *notice.text))
    assert json.loads(cloud_event(notice, source="/x"))["data"]["facts"] == notice.facts
    assert len(cloud_event(notice, source="/x")) < 20_000
