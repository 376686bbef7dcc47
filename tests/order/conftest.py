"""Given events, when a command, then events: decisions on one order without a store."""

import pytest

from ordercore.order.decide import short_pick
from ordercore.testing import OrderStory


class Story(OrderStory):
    """With short picks, which are decided in a flow."""

    def shorts(self, command):
        event = short_pick(self.order, command, self.facts)
        self.given(event)
        return event


@pytest.fixture
def story():
    return Story()
