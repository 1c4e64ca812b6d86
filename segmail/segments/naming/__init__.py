"""Names in the place of ids: a file names segments, categories, products and choices."""
