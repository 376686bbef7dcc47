"""Flows: decisions across areas. Each is a pure generator; `engine` runs them."""
