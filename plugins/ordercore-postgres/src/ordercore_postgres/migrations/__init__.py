"""The numbered SQL files of the PostgreSQL store."""
