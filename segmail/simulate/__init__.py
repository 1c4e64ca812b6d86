"""The future of a shop's campaigns, played on a throw-away copy."""
