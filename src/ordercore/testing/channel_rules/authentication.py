"""C1 who sent it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ordercore.errors import AuthenticationFailed
from ordercore.ports import Transmission
from ordercore.testing.channel_rules.sample import Document
from ordercore.testing.channel_rules.subject import INSTANCE, NOW, ChannelSubject
from ordercore.testing.channel_rules.variants import is_json
from ordercore.testing.watch import watching


class AuthenticationRules(ChannelSubject):
    """C1."""

    def headers_of(self, document: Document, secret: str = "", at: datetime = NOW) -> dict[str, str]:
        """All headers of a signed delivery."""
        return {**document.headers, **self.sign(document, secret or self.secret, at)}

    def accepts(self, body: bytes, headers: Mapping[str, str], at: datetime = NOW) -> bool:
        """Whether the channel takes it for what it says; AuthenticationFailed is the only other answer there is."""
        try:
            self.make_channel().verify(Transmission(INSTANCE, "application/octet-stream", body, headers, at), now=at)
        except AuthenticationFailed:
            return False
        except Exception as error:
            raise AssertionError(f"verify raised {type(error).__name__} instead of AuthenticationFailed") from error
        return True

    def test_c1_1_a_signed_delivery_passes(self) -> None:
        self.needs("push")
        for sample in self.samples():
            assert self.accepts(sample.document.body, self.headers_of(sample.document)), sample.name

    def test_c1_2_one_flipped_bit_is_refused(self) -> None:
        self.needs("push")
        document = self.document([self.order()])
        headers = self.headers_of(document)

        @settings(max_examples=self.examples, deadline=None, database=None)
        @given(st.integers(0, len(document.body) - 1), st.integers(0, 7))
        def check(place: int, bit: int) -> None:
            body = bytearray(document.body)
            body[place] ^= 1 << bit
            assert not self.accepts(bytes(body), headers), f"bit {bit} of byte {place} was flipped, and it passed"

        check()

    def test_c1_3_names_of_headers_are_the_same_in_any_case(self) -> None:
        self.needs("push")
        document = self.document([self.order()])
        headers = self.headers_of(document)
        for change in (str.lower, str.upper, str.title):
            assert self.accepts(document.body, {change(name): value for name, value in headers.items()})

    def test_c1_4_without_its_signature_it_is_refused(self) -> None:
        self.needs("push")
        document = self.document([self.order()])
        assert not self.accepts(document.body, {}), "a delivery without any header passed"
        assert not self.accepts(document.body, document.headers), "an unsigned delivery passed"
        for rubbish in ("", " ", "abc", "Ä", "\udcff", "0" * 64, "A" * 43 + "="):
            headers = {**document.headers, **dict.fromkeys(self.sign(document, self.secret, NOW), rubbish)}
            assert not self.accepts(document.body, headers), f"a delivery signed {rubbish!r} passed"

    def test_c1_5_another_secret_is_refused(self) -> None:
        self.needs("push")
        document = self.document([self.order()])
        for secret in (self.secret + "x", self.secret[:-1], self.secret.upper(), "a guess"):
            assert not self.accepts(document.body, self.headers_of(document, secret)), "a wrong secret passed"

    def test_c1_6_the_signature_is_over_the_bytes_as_they_came(self) -> None:
        self.needs("push")
        document = self.document([self.order()])
        headers = self.headers_of(document)
        others = [document.body + b"\n", b" " + document.body, document.body[:-1]]
        if is_json(document):
            others += [json.dumps(json.loads(document.body), indent=3).encode()]
        for body in others:
            assert not self.accepts(body, headers), "the same content in other bytes passed"

    def test_c1_7_digests_are_compared_in_constant_time(self) -> None:
        self.needs("push")
        document, channel = self.document([self.order()]), self.make_channel()
        delivery = self.signed(document)
        channel.verify(delivery, now=NOW)
        with watching() as watched:
            channel.verify(delivery, now=NOW)
        assert watched.compared, "verify compares without hmac.compare_digest: how long it takes tells the signature"
        watched.assert_pure("verify")

    def test_c1_8_a_signature_that_is_too_old_or_from_the_future_is_refused(self) -> None:
        self.needs("timestamped")
        document = self.document([self.order()])
        for wrong in (timedelta(days=-1), timedelta(days=1)):
            headers = self.headers_of(document, at=NOW + wrong)
            assert self.accepts(document.body, headers, NOW + wrong)
            assert not self.accepts(document.body, headers, NOW), f"a signature from {wrong} away passed"
