"""Revisions for Alembic, one for each version of the tables: `version_locations = ... ordercore_sqlalchemy:revisions`."""
