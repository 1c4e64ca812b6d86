"""Conditions as lines of text: what files hold, and what people are shown."""
