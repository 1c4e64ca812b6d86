"""What is said about a template: where, how bad it is, in a sentence, and what to do."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """An error is a mail that cannot be sent or says the wrong thing; a warning may be meant."""

    ERROR = "error"
    WARNING = "warning"


class Rule(enum.StrEnum):
    """What a remark is about; scripts may rely on these words."""

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


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was found.

    `name` is a template's code, a file or `block CODE`, `part` its `subject` or `text`; line and
    column count from 1. `stops` says that such a mail cannot be sent at all.
    """

    rule: Rule
    severity: Severity
    name: str
    part: str
    line: int
    column: int
    text: str
    fix: str
    stops: bool = False

    @property
    def where(self) -> str:
        """The place as compilers write it: `Welcome:3:14`, `Welcome (subject):1:5`."""
        part = " (subject)" if self.part == "subject" else ""
        return f"{self.name}{part}:{self.line}:{self.column}"
