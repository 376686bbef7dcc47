"""CSV files as a channel of ordercore."""
