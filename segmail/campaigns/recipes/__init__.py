"""Recipes: campaigns that come with segmail, one folder each, with parameters of their own."""
