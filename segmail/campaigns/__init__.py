"""Campaigns as YAML files that people write, review and apply."""
