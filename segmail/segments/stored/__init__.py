"""A segment as it is stored: read into a file's terms, and written."""
