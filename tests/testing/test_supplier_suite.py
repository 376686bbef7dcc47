"""The suite of suppliers passes the supplier in memory, with everything that a supplier can declare."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
try:
    from json_supplier import JsonRules
finally:
    sys.path.pop(0)


class TestMemorySupplier(JsonRules):
    pass
