"""A segment as it is stored: read in the terms of a file, and written."""
