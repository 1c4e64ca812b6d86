"""All recipes in the demo's shop, each with customers of its own, for 35 days."""
