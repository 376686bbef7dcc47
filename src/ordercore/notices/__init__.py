"""Notices: which news each notifier is to be told, and whether it wants to be told at all."""

from ordercore.notices.commands import PauseNotifier, ResumeNotifier, SendNotice
from ordercore.notices.state import NotifierState

__all__ = ["NotifierState", "PauseNotifier", "ResumeNotifier", "SendNotice"]
