"""Migrations of the application `ordercore`."""
