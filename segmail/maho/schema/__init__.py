"""The shop's tables, in both layouts: described, checked, changed."""
