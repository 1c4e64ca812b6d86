"""Names instead of ids: a file names segments, categories, products and choices."""
