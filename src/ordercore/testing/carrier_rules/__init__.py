"""The rules of docs/carriers.md, by theme."""
