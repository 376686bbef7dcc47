"""`ChannelSuite`: subclass it, say what the channel reads, and pytest checks `docs/channels.md`.

The tests carry the numbers of that page: `test_c4_2_...` checks C4.2. A single one is overridden by its name.
"""

from __future__ import annotations

from ordercore.testing.channel_rules.authentication import AuthenticationRules
from ordercore.testing.channel_rules.fidelity import FidelityRules
from ordercore.testing.channel_rules.intake import IntakeRules
from ordercore.testing.channel_rules.parts import PartsRules
from ordercore.testing.channel_rules.privacy import PrivacyRules
from ordercore.testing.channel_rules.purity import PurityRules
from ordercore.testing.channel_rules.robustness import RobustnessRules
from ordercore.testing.channel_rules.sample import Document, Facts, LineSample, OrderSample, Sample
from ordercore.testing.channel_rules.table import TableRules
from ordercore.testing.channel_rules.variants import Variant
from ordercore.testing.channel_rules.wiring import WiringRules

__all__ = ["ChannelSuite", "Document", "Facts", "LineSample", "OrderSample", "Sample", "Variant"]


class ChannelSuite(
    AuthenticationRules, PurityRules, FidelityRules, RobustnessRules, PartsRules, IntakeRules, PrivacyRules, TableRules,
    WiringRules,
):  # fmt: skip
    """All rules of the channel contract, for one kind of channel.

    Give it `kind` and `settings`, override `samples()`, `document()` and, for a channel that is pushed to, `sign()`,
    set the flags that the channel declares, and name the subclass `Test...`. `examples` may be raised in a subclass;
    the defaults take a few seconds of CPU.
    """
