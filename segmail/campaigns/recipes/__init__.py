"""Recipes: campaigns that come with segmail, one folder each, with their own parameters."""
