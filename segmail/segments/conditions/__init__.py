"""The conditions of a segment: Maho's trees, read and compiled to SQL."""
