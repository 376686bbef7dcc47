"""Alerts: what runs low, raised once per crossing, with an owner, until supply or a person resolves it."""

from ordercore.alerts.commands import (
    AcknowledgeAlert,
    AlertCommand,
    AssignAlert,
    CheckStock,
    ResolveAlert,
    SnoozeAlert,
    WakeAlert,
)
from ordercore.alerts.state import Alert, AlertSummary

__all__ = [
    "AcknowledgeAlert",
    "Alert",
    "AlertCommand",
    "AlertSummary",
    "AssignAlert",
    "CheckStock",
    "ResolveAlert",
    "SnoozeAlert",
    "WakeAlert",
]
