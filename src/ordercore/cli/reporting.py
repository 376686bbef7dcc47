"""What intake made of a document, in plain lines that can be searched and compared."""

from __future__ import annotations

from rich.console import Console

from ordercore.cli import show
from ordercore.wiring import IntakeReport


def outcome(report: IntakeReport) -> str:
    """What a document came to, in one line."""
    said = [*report.counts()]
    if report.quarantined:
        said.append(f"in quarantine as {report.quarantined.removeprefix('sha256:')[:12]}")
    return ", ".join(said) or "nothing in it"


def print_report(out: Console, name: str, report: IntakeReport) -> None:
    """One line for the document, one for each problem."""
    out.print(f"{show.clean(name)}: {outcome(report)}", soft_wrap=True)
    for problem in report.problems:
        where = show.clean(problem.path) or "document"
        subject = f"order {show.clean(problem.subject)}: " if problem.subject else ""
        out.print(
            f"  {problem.severity} {problem.code} at {where}: {subject}{show.clean(problem.message)}", soft_wrap=True
        )
