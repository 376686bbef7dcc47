"""Facts: what the log says, as tables that SQL can be asked about; a projection that follows from its own cursor."""

from ordercore.report.facts.file import Facts, removed
from ordercore.report.facts.follow import TABLES, facts_of, follow
from ordercore.report.facts.table import FactTable

__all__ = ["TABLES", "FactTable", "Facts", "facts_of", "follow", "removed"]
