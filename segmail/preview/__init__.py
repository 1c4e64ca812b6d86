"""A step's mail for one customer, to look at: nothing is sent, made or written to the shop."""

from segmail.preview.look import Preview, preview
from segmail.preview.page import page

__all__ = ["Preview", "page", "preview"]
