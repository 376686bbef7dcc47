"""The numbered SQL files of the SQLite store."""
