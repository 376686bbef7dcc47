"""`NotifierSuite`: subclass it, say how the receiver answers, and pytest checks the rules of `docs/how-to/notifier.md`.

The tests carry the numbers of that page: `test_n2_1_...` checks N2.1. A single one is overridden by its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any, ClassVar, Final, get_args

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercore.ports import Delivered, HttpRequest, MailRequest, Notice, NotifierCapability, Request
from ordercore.testing.clock import START
from ordercore.testing.sending_rules.subject import INSTANCE, SendingSubject
from ordercore.testing.transports import Fault, FaultyTransport, RecordedTransport

NOTICE: Final = Notice(
    id="evt_1", kind="order.placed", subject="order/web:1001", title="Order web:1001: placed, 12.50 EUR",
    text=("2 x TEA", "over web"), facts={"total": 1250, "currency": "EUR"}, occurred_at=START, sequence=1,
)  # fmt: skip
KINDS: Final = ("order.placed", "alert.raised", "acme.gift_wrapped", "", "*", "order", "订单.新")
_FAULTS: Final = tuple(fault for fault in get_args(Fault) if fault != "killed")


class NotifierSuite(SendingSubject):
    """All rules of the contract of notifiers, for one kind.

    Give it `kind`, `settings` (of a notifier that wants `order.placed`) and `secrets`, override `taken()` and `refused()`
    where the receiver answers in its own way, set the flags that it declares, and name the subclass `Test...`.
    """

    plugin = "notifier"
    page = "docs/how-to/notifier.md"

    idempotent: bool = False
    """The receiver drops repeats: what may have arrived is sent again. Checked against `notifier.capabilities`."""

    examples: ClassVar[int] = 15
    """Stories that hypothesis tries per rule."""

    def said(self, request: Request) -> str:
        """The text in a request, for people. Override it where it is neither a mail nor JSON."""
        if isinstance(request, MailRequest):
            mail = message_from_bytes(request.message, policy=default)
            body = mail.get_body(("plain", "html"))
            return f"{mail['subject']}\n{body.get_content() if body is not None else ''}"
        return "\n".join(_texts(json.loads(request.body)))

    def tells(self, request: Request) -> bool:
        """Whether this request is the one that tells. Override it where others go before it."""
        return True

    def repeat_id(self, request: Request) -> str:
        """What the receiver drops repeats by. Override it where it is neither `webhook-id` nor `idempotency-key`."""
        headers = request.headers if isinstance(request, HttpRequest) else {}
        return headers.get("webhook-id") or headers.get("idempotency-key", "")

    def deliver(self, notice: Notice = NOTICE, key: str = "key-1", hours: int = 0) -> Any:
        """The operation of telling a fresh notifier, some hours after it happened."""
        return self.made().deliver(notice, key=key, now=START + timedelta(hours=hours))

    def test_n1_1_the_same_news_under_the_same_key_are_the_same_content_whenever_they_are_sent(self) -> None:
        contents = [self.content(self.sent(self.deliver(hours=hours))[1]) for hours in (0, 1, 50)]
        assert contents[0] == contents[1] == contents[2]

    def test_n1_2_other_news_are_other_content(self) -> None:
        other = evolve(NOTICE, id="evt_2", subject="order/web:1002", title="Order web:1002: placed, 1.00 EUR")
        first, second = self.sent(self.deliver())[1], self.sent(self.deliver(other, "key-2"))[1]
        assert self.content(first) != self.content(second)

    def test_n1_3_the_title_arrives_in_any_script(self) -> None:
        for title in (NOTICE.title, "订单 1001：缺货", "Größe <b> & \"more\" 'quoted'", "ترتيب"):
            said = "\n".join(self.said(one) for one in self.sent(self.deliver(evolve(NOTICE, title=title)))[1])
            assert title in said, f"{title!r} did not arrive"

    def test_n1_4_no_text_leaves_its_place(self) -> None:
        plain = self.sent(self.deliver())[1]

        @settings(max_examples=self.examples, deadline=None)
        @given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=3))
        def check(title: str, lines: list[str]) -> None:
            notice = evolve(NOTICE, title=title, text=tuple(lines), facts={"note": title})
            self.check_shape(self.sent(self.deliver(notice))[1], plain)

        check()
        for evil in ("x\r\nBcc: evil@example.com", "x\n\nbody", "x\0y", "\u2028X: y"):
            self.check_shape(self.sent(self.deliver(evolve(NOTICE, title=evil, text=(evil,))))[1], plain)

    def test_n1_5_rendering_reaches_for_no_clock_no_chance_no_file_and_no_network(self) -> None:
        self.check_pure(self.deliver, "deliver")

    def test_n2_1_what_the_receiver_took_is_delivered(self) -> None:
        result, requests = self.sent(self.deliver())
        assert isinstance(result, Delivered), f"what was taken came to {type(result).__name__}"
        assert requests, "nothing was sent"

    def test_n2_2_a_no_for_good_is_declined_with_its_reason(self) -> None:
        self.check_no(self.deliver())

    def test_n2_3_what_certainly_did_not_arrive_is_said_as_it_is(self) -> None:
        self.check_not_arrived(self.deliver)

    def test_n2_4_what_may_have_arrived_is_said_as_it_is_and_nothing_is_sent_after_it(self) -> None:
        self.check_lost(self.deliver)

    def test_n2_5_only_a_yes_is_taken_for_one(self) -> None:
        self.check_only_success_is_success(self.deliver)

    def test_n3_1_every_attempt_names_what_the_receiver_drops_repeats_by(self) -> None:
        self.needs("idempotent")
        first, again = (self.sent(self.deliver(hours=hours))[1][-1] for hours in (0, 30))
        other = self.sent(self.deliver(evolve(NOTICE, id="evt_2"), "key-2"))[1][-1]
        assert self.repeat_id(first), "nothing in the request says which news it is"
        assert self.repeat_id(first) == self.repeat_id(again) != self.repeat_id(other)

    def test_n3_2_in_a_shop_nothing_is_lost_and_nothing_is_told_twice(self) -> None:
        @settings(max_examples=self.examples, deadline=None)
        @given(st.lists(st.sampled_from(_FAULTS), max_size=8))
        def check(faults: list[Fault]) -> None:
            arrived, unknown, news = self.told_in_a_shop(faults)
            told = {self.repeat_id(one) for one in arrived} if self.idempotent else {self.said(one) for one in arrived}
            assert self.idempotent or len(arrived) == len(told), "the same news arrived twice"
            assert len(told) <= news, "one piece of news arrived under two names"
            assert len(told) >= news - unknown, "news are lost, and nobody is told"

        check()

    def told_in_a_shop(self, faults: list[Fault]) -> tuple[list[Request], int, int]:
        """Tell of two orders over a network with faults: what arrived, how many are uncertain, how many there were."""
        from ordercore.kernel import Kernel
        from ordercore.testing.builders import given_stock, place
        from ordercore.testing.clock import ManualClock

        outside, clock = RecordedTransport(otherwise=self.taken), ManualClock()
        kernel = Kernel(
            clock=clock, notifiers={INSTANCE: self.made()}, transport=FaultyTransport(outside, faults), followers=[]
        )
        given_stock(kernel, {"WH1": {"TEA": 5}})
        for number in ("1", "2"):
            place(kernel, {"TEA": 1}, external_id=number)
        for _ in range(20):
            clock.advance(hours=2)
            kernel.work(until_idle=True)
        log = kernel.log(limit=10_000).records
        kinds = [kernel.core.codec.name_of(type(one.event)) for one in log if not one.stream.startswith("effect/")]
        news = sum(self.made().wants(kind) for kind in kinds)
        return [one for one in outside.sent if self.tells(one)], len(kernel.effects()), news

    def test_n4_1_the_flags_say_what_it_declares(self) -> None:
        self.check_kind(get_args(NotifierCapability))

    def test_n4_2_names_and_settings_that_cannot_work_are_refused_without_showing_a_secret(self) -> None:
        self.check_settings()

    def test_n4_3_it_says_of_any_event_whether_it_wants_to_be_told(self) -> None:
        notifier = self.made()
        assert all(isinstance(notifier.wants(kind), bool) for kind in KINDS)
        assert notifier.wants("order.placed"), "the suite tells of orders: let the settings want order.placed"

    def test_n5_1_no_repr_shows_a_secret(self) -> None:
        self.check_silent(repr(self.made()), "the repr of the notifier")
        for request in self.sent(self.deliver())[1]:
            self.check_silent(repr(request), "the repr of a request")

    def test_n5_2_no_reason_shows_a_secret(self) -> None:
        for problem in self.check_no(self.deliver()).problems:
            self.check_silent(repr(problem), f"problem {problem.code}")


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
