"""A small shop to see segmail work."""
