"""The future of a shop's campaigns, played on a temporary copy."""
