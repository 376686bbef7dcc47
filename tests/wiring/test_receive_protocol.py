"""What cannot even be delimited is kept all the same, and an extra that is missing says what to type."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ordercore import Kernel
from ordercore.errors import MissingExtra, ProtocolViolation
from ordercore.ports import Decoded, Transmission
from ordercore.ports.channel import ChannelCapability


class Noise:
    """A channel that cannot make anything of what it gets."""

    instance = "noise"
    capabilities: frozenset[ChannelCapability] = frozenset(("file",))

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """Nothing to check."""

    def decode(self, transmission: Transmission) -> Decoded:
        """Never."""
        raise ProtocolViolation("Not one message can be told from the next.")


def test_a_transmission_that_cannot_be_delimited_is_quarantined_whole() -> None:
    kernel = Kernel(channels={"noise": Noise()})
    report = kernel.receive("noise", Transmission("noise", "text/plain", b"\x00\x01"))
    assert report.quarantined
    kept: Sequence[object] = kernel.quarantine()
    assert len(kept) == 1
    assert [problem.code for problem in report.problems] == ["protocol_violation"]
    assert kernel.log().records == ()


def test_a_missing_extra_says_what_to_type() -> None:
    error = MissingExtra.of("cli", "The command line")
    assert error.hint == 'Type: pip install "ordercore[cli]"'
    assert error.extra == "cli"
