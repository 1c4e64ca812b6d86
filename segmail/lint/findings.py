"""What lint knows about a finding besides its text: the broken rule, and the place.

An error is a mail that cannot be sent or says the wrong thing; a warning may be intended.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from segmail.findings import Finding, Severity


class LintRule(enum.StrEnum):
    """The subject of a finding; scripts may rely on these words."""

    LIMIT = "limit"
    UNKNOWN_DIRECTIVE = "unknown-directive"
    UNCLOSED_BLOCK = "unclosed-block"
    STRAY_TAG = "stray-tag"
    UNFINISHED = "unfinished-directive"
    UNKNOWN_MODIFIER = "unknown-modifier"
    COMPARISON = "comparison"
    UNKNOWN_VARIABLE = "unknown-variable"
    UNKNOWN_MEMBER = "unknown-attribute"
    UNUSED_ATTRIBUTE = "attribute-without-values"
    SECRET = "secret"  # noqa: S105 (a rule's name)
    WHOLE_OBJECT = "whole-object"
    IGNORED_MEMBER = "ignored-member"
    NO_COUPON = "no-coupon"
    CONFIG_NOT_ALLOWED = "config-not-allowed"
    CONFIG_EMPTY = "config-empty"
    UNKNOWN_CUSTOM_VARIABLE = "unknown-custom-variable"
    MISSING_TEMPLATE = "missing-template"
    MISSING_BLOCK = "missing-block"
    RECURSION = "recursion"
    UNSUPPORTED = "unsupported-directive"
    MISSING_ARGUMENT = "missing-argument"
    BLANK_VALUE = "blank-after-equals"
    NO_UNSUBSCRIBE_LINK = "no-unsubscribe-link"
    RELATIVE_LINK = "relative-link"
    CURLY_QUOTES = "curly-quotes"
    ENTITY_QUOTES = "entities-in-directive"
    SINGLE_BRACE = "missing-brace"
    FOREIGN_TAG = "foreign-tag"
    FILE_HEADER = "template-file-header"
    ACTIVE_CONTENT = "active-content"
    MISSING_ALT = "missing-alt"
    LOCAL_LINK = "local-link"
    WHOLE_URL = "whole-url"
    OPEN_QUOTE = "open-quotation-mark"
    STYLE_ATTRIBUTE = "unreadable-style"
    CSS_BRACE = "css-brace"
    EMPTY = "empty"
    SENDER = "sender"
    SIZE = "size"
    PREHEADER = "preheader"
    PARTIAL = "partial"


# Errors against these rules keep the mail from being sent; the others only spoil its content.
_STOPPING = frozenset(
    {
        LintRule.LIMIT,
        LintRule.WHOLE_OBJECT,
        LintRule.MISSING_TEMPLATE,
        LintRule.RECURSION,
        LintRule.UNSUPPORTED,
        LintRule.MISSING_ARGUMENT,
        LintRule.EMPTY,
        LintRule.SENDER,
        LintRule.SIZE,
        LintRule.PARTIAL,
    }
)


@dataclass(frozen=True)
class TemplatePlace:
    """A place in a template.

    `name` is a template's code, a file or `block CODE`, `part` its `subject`, `text`, `sender` or
    `styles`; line and column count from 1.
    """

    name: str
    part: str
    line: int
    column: int

    def __str__(self) -> str:
        """Return the place as compilers write it: `Welcome:3:14`, `Welcome (subject):1:5`."""
        part = "" if self.part == "text" else f" ({self.part})"
        return f"{self.name}{part}:{self.line}:{self.column}"


LintFinding: TypeAlias = Finding[TemplatePlace]


def stops_mails(finding: LintFinding) -> bool:
    """Return whether such a mail cannot be sent at all."""
    return finding.severity is Severity.ERROR and finding.rule in _STOPPING


def stopped_by(finding: LintFinding) -> str:
    """Return what a finding stops: the `mail`, only a `declaration`, or '' for nothing.

    A declaration that cannot be read is lost alone: the mail is sent without it.
    """
    if stops_mails(finding):
        return "mail"
    return "declaration" if finding.rule == LintRule.STYLE_ATTRIBUTE else ""
