"""Reports: figures, charts and tables from the log of a store, with an extra `[report]`.

The log is followed into a file of facts (DuckDB); a report is a query over them and a chart, written in a TOML file;
what comes out is one HTML page that needs nothing else, PNGs, and tables. Nothing here writes to the store.
"""

from ordercore.errors import MissingExtra

try:
    from ordercore.report.definition import Column, Definition, built_in, from_folder
    from ordercore.report.facts import TABLES, Facts, FactTable, follow
    from ordercore.report.period import Period
    from ordercore.report.session import Rows, Session
    from ordercore.report.writing import Written, write_report
except ImportError as error:
    if (error.name or "").partition(".")[0] == "ordercore":
        raise
    raise MissingExtra.of("report", f"A report (it uses {error.name})") from error

__all__ = [
    "TABLES",
    "Column",
    "Definition",
    "FactTable",
    "Facts",
    "Period",
    "Rows",
    "Session",
    "Written",
    "built_in",
    "follow",
    "from_folder",
    "write_report",
]
