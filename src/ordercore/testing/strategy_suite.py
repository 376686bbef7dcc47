"""`StrategySuite`: subclass it, say how the strategy is made and what it promises, and pytest checks its rules.

The tests carry the numbers of `docs/sourcing.md`: `test_p1_3_...` checks P1.3. A single one is overridden by its name.
"""

from __future__ import annotations

from ordercore.testing.strategy_rules.explaining import ExplainingRules, NamingRules
from ordercore.testing.strategy_rules.keeping import KeepingRules
from ordercore.testing.strategy_rules.sameness import SamenessRules
from ordercore.testing.strategy_rules.serving import ServingRules

__all__ = ["StrategySuite"]


class StrategySuite(KeepingRules, SamenessRules, ServingRules, ExplainingRules, NamingRules):
    """All rules of the contract of sourcing strategies, for one of them.

    Override `make_strategy()`, set the flags for what it promises, and name the subclass `Test...`. `examples` may be
    raised in a subclass; the defaults take about two seconds of CPU.
    """
