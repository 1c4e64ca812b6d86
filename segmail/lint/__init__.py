"""Finds what is wrong with a newsletter template before it is sent: each fault with its place,
a plain sentence and what to do.

It is silent about everything that Maho's merchants do on purpose, and needs a shop only for what
a shop decides: its customers' attributes, allowed settings, templates and blocks.
"""

from segmail.lint.check import lint
from segmail.lint.coupon import unmet_coupon_reads
from segmail.lint.findings import LintFinding, LintRule, TemplatePlace, stopped_by, stops_mails
from segmail.lint.reading import Letter
from segmail.lint.shop_facts import Facts

__all__ = [
    "Facts",
    "Letter",
    "LintFinding",
    "LintRule",
    "TemplatePlace",
    "lint",
    "stopped_by",
    "stops_mails",
    "unmet_coupon_reads",
]
