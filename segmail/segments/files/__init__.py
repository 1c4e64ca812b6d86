"""Segments as YAML files that people write: `segment apply` and `segment export`."""
