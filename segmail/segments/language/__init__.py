"""Conditions as lines of text: as files hold them and people are shown them."""
