"""The rules of `docs/sourcing.md` for any strategy, by theme: a part of `StrategySuite` each."""
