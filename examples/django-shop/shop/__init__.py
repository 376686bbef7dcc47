"""The shop: its own tables beside those of ordercore."""
