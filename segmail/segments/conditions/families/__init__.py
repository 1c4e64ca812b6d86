"""One module for each family of conditions: a leaf in, a condition of SQL out; see `compile`."""
