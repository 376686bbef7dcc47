"""Of the shop's own tables; those of ordercore are migrated by `ordercore_django`."""
