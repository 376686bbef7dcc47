import pytest

from ordercore.store.memory import MemoryStore
from ordercore.testing import StoreSuite


class TestMemoryStore(StoreSuite):
    global_order = group_commit = fencing = transfer = archive = True

    @pytest.fixture
    def store_factory(self):
        return MemoryStore

    def damage(self, store, key, bucket, change):
        from ordercore.store.posting import COLUMN

        store._tenants[""].rows[key][COLUMN[bucket]] += change
