"""Maho's directive language: templates compiled once, rendered for each customer.

A template sees the variables and `DataObject`s it is given and the `Site` it is rendered in, and
nothing else: it cannot reach any attribute, file or network.
"""

from segmail.templates.frame import MAX_OUTPUT
from segmail.templates.needs import Needs
from segmail.templates.objects import DataObject, is_secret
from segmail.templates.review import Note, NoteKind, Read, notes, reads, used_directives
from segmail.templates.site import Site
from segmail.templates.styles import fits, inline_styles
from segmail.templates.styling import RenderedText, joined
from segmail.templates.template import Kind, Template, compile_template

__all__ = [
    "MAX_OUTPUT",
    "DataObject",
    "Kind",
    "Needs",
    "Note",
    "NoteKind",
    "Read",
    "RenderedText",
    "Site",
    "Template",
    "compile_template",
    "fits",
    "inline_styles",
    "is_secret",
    "joined",
    "notes",
    "reads",
    "used_directives",
]
