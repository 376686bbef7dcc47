"""Shopify as a channel of ordercore."""
