"""`StoreSuite`: subclass it, say how the store opens and what it can do, and pytest checks `docs/stores.md`.

The tests carry the numbers of that page: `test_s5_4_...` checks S5.4. A single one is overridden by its name.
"""

from __future__ import annotations

from ordercore.testing.rules.archive import ArchiveRules
from ordercore.testing.rules.audit import AuditRules
from ordercore.testing.rules.borrowed import BorrowedRules
from ordercore.testing.rules.commits import CommitRules
from ordercore.testing.rules.concurrency import ConcurrencyRules
from ordercore.testing.rules.reading import ReadingRules
from ordercore.testing.rules.records import RecordRules
from ordercore.testing.rules.sharing import SharingRules
from ordercore.testing.rules.stock import StockRules
from ordercore.testing.rules.subject import StoreFactory
from ordercore.testing.rules.timers import TimerRules
from ordercore.testing.rules.transfer import TransferRules

__all__ = ["StoreFactory", "StoreSuite"]


class StoreSuite(
    CommitRules,
    StockRules,
    RecordRules,
    TimerRules,
    ReadingRules,
    SharingRules,
    AuditRules,
    ConcurrencyRules,
    TransferRules,
    ArchiveRules,
    BorrowedRules,
):
    """All rules of the store contract, for one store.

    Override the fixture `store_factory`, set the flags that the store declares, and name the subclass `Test...`.
    Sizes (`attempts`, `racers`, `crash_rounds`, `seeds`, `steps`) may be raised in a subclass; the defaults take
    about twenty seconds of CPU for a store on disk.
    """
