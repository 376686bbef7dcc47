"""C7 secrets and personal data stand in no message, no repr and no log."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import pytest
from attrs import evolve

from ordercore.errors import AuthenticationFailed
from ordercore.ports import Decoded
from ordercore.testing.channel_rules.sample import Document
from ordercore.testing.channel_rules.subject import NOW, ChannelSubject
from ordercore.testing.person import PERSONAL


class PrivacyRules(ChannelSubject):
    """C7."""

    def personal(self) -> Iterator[tuple[Document, tuple[str, ...]]]:
        """Documents with the texts in them that are personal."""
        for sample in self.samples():
            if sample.personal:
                yield sample.document, sample.personal
        if self.addresses:
            yield self.document([self.order()]), PERSONAL

    def damaged(self, document: Document) -> Iterator[Document]:
        """The document as it is, cut off, in another encoding, and with anything odd in any place."""
        yield document
        yield from (evolve(document, body=document.body[: len(document.body) * part // 16]) for part in range(1, 16))
        yield evolve(document, body=document.body.replace(b"e", b"\xe9"))
        yield from (variant.document for variant in self.variants(document))

    def test_c7_1_no_problem_quotes_what_is_personal(self) -> None:
        channel, seen = self.make_channel(), 0
        for document, texts in self.personal():
            for one in self.damaged(document):
                seen += 1
                decoded = self.read(one, channel)
                for problem in decoded.problems if decoded is not None else ():
                    assert_silent(repr(problem), texts, f"problem {problem.code} at {problem.path!r}")
        if not seen:
            pytest.skip("no sample names anything personal, and the channel does not declare addresses")

    def test_c7_2_no_repr_of_what_was_read_shows_what_is_personal(self) -> None:
        for document, texts in self.personal():
            decoded = self.read(document)
            assert isinstance(decoded, Decoded)
            assert_silent(repr(decoded), texts, "the repr of what was read")

    def test_c7_3_nothing_personal_is_logged(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        channel = self.make_channel()
        with caplog.at_level(logging.DEBUG):
            for document, texts in self.personal():
                for one in self.damaged(document):
                    self.read(one, channel)
                printed = capsys.readouterr()
                assert_silent(caplog.text + printed.out + printed.err, texts, "a log or the output")

    def test_c7_4_no_repr_shows_a_secret(self) -> None:
        self.needs("push")
        assert_silent(repr(self.make_channel()), [self.secret], "the repr of the channel")
        assert_silent(str(self.make_channel()), [self.secret], "the text of the channel")

    def test_c7_5_who_fails_to_prove_himself_learns_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        self.needs("push")
        document = self.document([self.order()])
        signature = "".join(self.sign(document, self.secret, NOW).values())
        unsigned = evolve(self.signed(document), headers=dict.fromkeys(self.sign(document, self.secret, NOW), "abc"))
        with caplog.at_level(logging.DEBUG), pytest.raises(AuthenticationFailed) as refused:
            self.make_channel().verify(unsigned, now=NOW)
        told = f"{refused.value} {refused.value.as_problem()} {caplog.text}"
        assert_silent(told, [self.secret, *_parts(signature)], "a refusal")
        assert_silent(told, PERSONAL if self.addresses else (), "a refusal")


def _parts(signature: str) -> list[str]:
    """The right signature in pieces long enough not to stand anywhere by chance."""
    return [signature[n : n + 12] for n in range(0, len(signature) - 12, 12)]


def assert_silent(text: str, words: Iterable[str], where: str) -> None:
    """None of the words stands in the text."""
    for word in words:
        assert word not in text, f"{where} shows {word!r}"
