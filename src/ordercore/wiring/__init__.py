"""Wiring: plugins, commands to flows, natural keys, and everything a kernel does in terms of store calls."""

from ordercore.wiring.core import Core
from ordercore.wiring.discovery import discover
from ordercore.wiring.plugin_info import HookCall, PluginInfo, PluginProblem, PluginWarning
from ordercore.wiring.plugins import Plugins
from ordercore.wiring.report import IntakeReport, WorkReport
from ordercore.wiring.system import SystemClock, TimeOrderedIds

__all__ = [
    "Core",
    "HookCall",
    "IntakeReport",
    "PluginInfo",
    "PluginProblem",
    "PluginWarning",
    "Plugins",
    "SystemClock",
    "TimeOrderedIds",
    "WorkReport",
    "discover",
]
