"""The rules of `docs/stores.md`, a module for each few groups of them; `StoreSuite` puts them together."""
