"""Segments: who is in them and whether their automation is on."""
