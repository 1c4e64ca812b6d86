"""All recipes in a demo shop, each with customers of its own, for 35 days."""
