"""A new plugin from the template that ordercore brings along. Needs the extra [scaffold]."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TEMPLATE: Final = Path(__file__).parent.parent / "scaffold" / "template"
