"""One module per family of conditions; each turns a leaf into an SQL condition. See `compile`."""
