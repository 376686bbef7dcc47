"""C9 what is declared, and settings that cannot work."""

from __future__ import annotations

from typing import get_args

import pytest

from ordercore.errors import ConfigurationError
from ordercore.hooks import API_SUPPORTED
from ordercore.ports import ChannelCapability, RowSource
from ordercore.testing.channel_rules.subject import INSTANCE, ChannelSubject


class WiringRules(ChannelSubject):
    """C9."""

    def test_c9_1_the_flags_say_what_the_channel_declares(self) -> None:
        channel = self.make_channel()
        told = {name for name in get_args(ChannelCapability) if getattr(self, name)}
        assert channel.capabilities == told
        assert self.kind.capabilities == told
        assert isinstance(channel, RowSource) == self.rows
        assert told, "a channel that is neither pushed to nor reads files is none"

    def test_c9_2_an_account_has_the_name_that_it_was_given(self) -> None:
        assert self.make_channel().instance == INSTANCE
        assert self.kind.make("shop-eu", self.settings).instance == "shop-eu"
        assert self.kind.api_version in API_SUPPORTED

    def test_c9_3_a_setting_that_nobody_knows_is_refused_with_its_name(self) -> None:
        with pytest.raises(ConfigurationError, match="settign"):
            self.kind.make(INSTANCE, {**self.settings, "settign": "x"})

    def test_c9_4_a_name_that_is_no_code_is_refused(self) -> None:
        for name in ("", "a/b", "../shop", "a b", "x" * 65):
            with pytest.raises(ConfigurationError):
                self.kind.make(name, self.settings)

    def test_c9_5_no_refusal_of_settings_shows_a_secret(self) -> None:
        self.needs("push")
        for name in self.settings:
            for wrong in (7, [7], {"secret": self.secret, "until": "x"}, object):
                with pytest.raises(ConfigurationError) as refused:
                    self.kind.make(INSTANCE, {**self.settings, name: wrong, "settign": self.secret})
                assert self.secret not in str(refused.value), f"a refusal of the setting {name} shows the secret"
