"""Sequences: the steps of a segment, and what may be done to them."""
