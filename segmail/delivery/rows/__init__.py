"""The rows of a run: claimed, recorded, settled, recovered."""
