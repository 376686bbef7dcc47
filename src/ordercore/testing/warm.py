"""What the server of test processes loads once, so that each racer starts in milliseconds; nothing is opened here."""

from ordercore.store import sqlite
from ordercore.testing import crash, racers, shoppers
from ordercore.testing.sample_events import sample_codec

__all__ = ["crash", "racers", "shoppers", "sqlite"]

sample_codec()
