"""Finds what is wrong with a newsletter template before it is sent.

Each fault has its place, a plain sentence and a remedy. Nothing is reported that Maho's merchants
do on purpose. A shop is needed only for what a shop decides: its customers' attributes, allowed
settings, templates and blocks.
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
