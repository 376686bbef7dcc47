"""Notifiers that are wrong in one way each, with the suite on every one; run by `test_broken_plugins.py`.

What they do otherwise is right, so that they fail for their defect alone. `caught_by` are the rules that must fail,
`perhaps` those that may, by chance; all others must pass. `says` is in the message of the first.
"""

import itertools
import json
from typing import ClassVar

from attrs import field, frozen

from ordercore.errors import AnswerLost, ConfigurationError, TransientFailure
from ordercore.notifiers import check_settings, compose
from ordercore.ports import Declined, Delivered, HttpRequest, NotifierKind, Problem
from ordercore.testing.notifier_suite import NotifierSuite
from ordercore.values import text_of

KEY = "k3y-of-nobody"


@frozen
class Chat:
    """A chat room that takes JSON, and drops repeats by a header: right in every way."""

    instance: str
    key: str = field(repr=False)
    capabilities: frozenset = frozenset(("idempotent",))

    def wants(self, kind):
        return kind.startswith("order.")

    def headers(self, notice, key, now):
        return {"x-key": self.key, "idempotency-key": key}

    def body(self, notice, now):
        return json.dumps({"title": notice.title, "text": list(notice.text)}).encode()

    def request(self, notice, key, now):
        return HttpRequest("POST", "https://chat.invalid/", self.headers(notice, key, now), self.body(notice, now))

    def deliver(self, notice, *, key, now):
        response = yield self.request(notice, key, now)
        return self.answer(response.status)

    def answer(self, status):
        if status < 300:
            return Delivered()
        if status >= 500:
            raise AnswerLost(f"The room answered {status}.")
        return Declined((Problem("declined", "reject", "", f"The room answered {status}."),))


def make(cls, instance, settings):
    check_settings(instance, settings, required=("key",), optional=())
    if not isinstance(settings["key"], str):
        raise ConfigurationError("key is text.")
    return cls(instance, text_of(settings["key"], what="key"))


class Broken(NotifierSuite):
    """The suite as for the notifier that is right."""

    idempotent = True
    settings: ClassVar = {"key": KEY}
    secrets = (KEY,)
    broken: type = Chat
    caught_by: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    says = ""

    def __init_subclass__(cls):
        capabilities = {"idempotent"} if cls.idempotent else set()
        cls.kind = NotifierKind("chat", lambda name, settings: cls.make(cls.broken, name, settings), capabilities)

    make = staticmethod(make)


class ReadsTheClock(Chat):
    """The time of the attempt stands in the text."""

    def body(self, notice, now):
        return json.dumps({"title": notice.title, "at": now.isoformat()}).encode()


class TestReadsTheClock(Broken):
    broken = ReadsTheClock
    caught_by = ("n1_1",)


class DrawsAnId(Chat):
    """Each attempt has an id of its own, so the receiver takes every one for news."""

    drawn = itertools.count()

    def headers(self, notice, key, now):
        return {"x-key": self.key, "idempotency-key": f"{key}-{next(self.drawn)}"}


class TestDrawsAnId(Broken):
    broken = DrawsAnId
    caught_by = ("n3_1", "n1_1")
    perhaps = ("n3_2",)


class SaysTheSameOfAll(Chat):
    """A title that says nothing."""

    def body(self, notice, now):
        return b'{"title": "Something happened."}'

    def headers(self, notice, key, now):
        return {"x-key": self.key, "idempotency-key": notice.kind}


class TestSaysTheSameOfAll(Broken):
    broken = SaysTheSameOfAll
    caught_by = ("n1_2", "n1_3", "n3_1", "n3_2")
    says = "the same news|one piece|assert"


class TitleInAHeader(Chat):
    """The title stands in a header as it is."""

    def headers(self, notice, key, now):
        return {**super().headers(notice, key, now), "x-title": notice.title}


class TestTitleInAHeader(Broken):
    broken = TitleInAHeader
    caught_by = ("n1_4",)
    says = "line break"


class BelievesAnything(Chat):
    """Whatever comes back is taken for a yes."""

    def answer(self, status):
        return Delivered()


class TestBelievesAnything(Broken):
    broken = BelievesAnything
    caught_by = ("n2_5", "n2_2", "n5_2")
    says = "came to Delivered"


class SwallowsFailures(Chat):
    """A failure is taken for a no."""

    def deliver(self, notice, *, key, now):
        try:
            return (yield from super().deliver(notice, key=key, now=now))
        except (TransientFailure, AnswerLost):
            return Declined((Problem("failed", "reject", "", "It did not work."),))


class TestSwallowsFailures(Broken):
    broken = SwallowsFailures
    caught_by = ("n2_3", "n2_4")
    perhaps = ("n3_2",)
    says = "DID NOT RAISE"


class TriesAgainItself(Chat):
    """What may have arrived is sent again at once."""

    def deliver(self, notice, *, key, now):
        try:
            return (yield from super().deliver(notice, key=key, now=now))
        except AnswerLost:
            return (yield from super().deliver(notice, key=key, now=now))


class TestTriesAgainItself(Broken):
    broken = TriesAgainItself
    caught_by = ("n2_4",)
    says = "DID NOT RAISE"


class ShowsItsKey(Chat):
    """The key stands in the reason and in the repr."""

    def __repr__(self):
        return f"ShowsItsKey({self.key})"

    def answer(self, status):
        if status in (401, 422):
            return Declined((Problem("declined", "reject", "", f"Key {self.key} was not taken."),))
        return super().answer(status)


class TestShowsItsKey(Broken):
    broken = ShowsItsKey
    caught_by = ("n5_1", "n5_2")
    says = "should be secret"


class PromisesTooMuch(Chat):
    """Mail that says of itself that repeats are dropped."""

    def request(self, notice, key, now):
        return compose(
            "a@example.com", ["b@example.com"], notice.title, "\n".join(notice.text), key=key, at=notice.occurred_at
        )

    def deliver(self, notice, *, key, now):
        from ordercore.notifiers import delivered

        return delivered((yield self.request(notice, key, now)), key)


class TestPromisesTooMuch(Broken):
    broken = PromisesTooMuch
    caught_by = ("n3_1", "n3_2")
    says = "nothing in the request"


class LosesInSilence(Chat):
    """Lost news are said to be delivered."""

    def deliver(self, notice, *, key, now):
        try:
            return (yield from super().deliver(notice, key=key, now=now))
        except AnswerLost:
            return Delivered()


class TestLosesInSilence(Broken):
    broken = LosesInSilence
    caught_by = ("n3_2", "n2_4", "n2_5")
    says = "news are lost"


class IgnoresSettings(Chat):
    """A misspelt setting goes unnoticed."""


class TestIgnoresSettings(Broken):
    broken = IgnoresSettings
    caught_by = ("n4_2",)

    @staticmethod
    def make(chat, name, settings):
        return chat(name, settings["key"])


class WantsNobodyKnows(Chat):
    """Asked of an event that it does not know, it answers nothing."""

    def wants(self, kind):
        return True if kind == "order.placed" else None


class TestWantsNobodyKnows(Broken):
    broken = WantsNobodyKnows
    caught_by = ("n4_3",)
    perhaps = ("n3_2",)
