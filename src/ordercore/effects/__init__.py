"""Outside effects: what is to be done beyond the store, recorded before, during and after."""

from ordercore.effects.commands import ResolveEffect, SettleEffect, StartEffect
from ordercore.effects.events import EffectSummary
from ordercore.effects.state import Effect

__all__ = ["Effect", "EffectSummary", "ResolveEffect", "SettleEffect", "StartEffect"]
