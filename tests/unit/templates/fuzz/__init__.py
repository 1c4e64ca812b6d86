"""Random templates, and what must hold for each of them."""
