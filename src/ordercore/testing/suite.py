"""What the conformance suites have in common: flags for what a plugin declares, and rules that need one of them.

A suite is one class: a subject (the flags and what the plugin supplies), and the rules in modules by theme, from
which `StoreSuite`, `ChannelSuite`, `StrategySuite` and `CarrierSuite` inherit. A page of the documentation numbers the
rules and the tests carry the same numbers: C4.2 of `docs/channels.md` is `test_c4_2_...`.
"""

from __future__ import annotations

from typing import ClassVar, NoReturn

import pytest


class Suite:
    """A plugin's answers to a conformance suite: flags are class attributes with a docstring each, False by default."""

    plugin: ClassVar[str] = "plugin"
    """What is under test, in the reasons of skipped rules."""
    page: ClassVar[str] = ""
    """Where the rules are numbered."""

    def needs(self, capability: str) -> None:
        """Skip, in sight of everybody, a rule that only plugins with this capability promise."""
        if not getattr(self, capability):
            pytest.skip(f"the {self.plugin} does not declare {capability}")

    def missing(self, name: str) -> NoReturn:
        """Say what a subclass has to override."""
        raise NotImplementedError(f"Override {name}: see {self.page}, 'Write your own {self.plugin}'.")
