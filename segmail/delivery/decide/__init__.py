"""Decides whether a due row is sent, and with what."""
