"""Coupon codes: makes one, and tells for which customer a code was made.

A code is the step's prefix, the customer's id and ten random letters: SEQ42BCDFGHJKMN. The random
part has no digits and the prefix never ends in one, so the id is exactly the digits between them.
(Maho's module ends a code in six hexadecimal digits and looks an id up by LIKE '%4%', so that
customer 4 is given the codes of customer 42.)
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

from segmail.coupons.prefixes import normal_prefix

# Without vowels, so that no word can appear, and without L, which is mistaken for a one.
ALPHABET = "BCDFGHJKMNPQRSTVWXYZ"
_LETTERS = 10  # 20 letters, ten times: 43 bits

_OWN_TAIL = f"[{ALPHABET}]{{{_LETTERS}}}"
_MAHO_TAIL = "[0-9A-F]{6}"


def new_code(
    prefix: str | None,
    customer_id: int,
    *,
    draw: Callable[[int], int] = secrets.randbelow,
) -> str:
    """Return a new code for a customer; an empty prefix means SEQ, as in Maho.

    `draw(n)` returns a random number below n. It is called once for all letters: asking the
    operating system for each would take longer than all the rest of a coupon.
    """
    return _code(prefix, customer_id, _letters(draw(len(ALPHABET) ** _LETTERS)))


def sample_code(prefix: str | None, customer_id: int) -> str:
    """Return a code like `new_code`'s, but with X for its random letters: no checkout knows it."""
    return _code(prefix, customer_id, "X" * _LETTERS)


def code_owner(code: str, prefix: str | None) -> int | None:
    """Return the customer for whom the automation made `code` with this prefix, else None.

    Recognises the codes of segmail and those of Maho's module; both contain the id exactly, once
    the prefix is known. As in Maho's column, case, accents and trailing spaces make no difference.
    """
    start = normal_prefix(prefix)
    match = re.fullmatch(_shape(fold(_separated(start)), fold(start)), fold(code))
    return int(match[1] or match[2]) if match else None


def made_by_automation(code: str, prefix: str | None) -> bool:
    """Return whether `code` has a form in which the automation makes codes with this prefix."""
    return code_owner(code, prefix) is not None


def code_pattern(prefixes: Iterable[str]) -> str:
    """Return a regular expression for databases: what it matches is the automation's.

    They do not fold accents or spaces as `made_by_automation` does, so it may match less.
    """
    shapes = [_shape(_separated(start), start) for start in sorted(map(normal_prefix, prefixes))]
    return f"^({'|'.join(shapes)})$"


def belongs_to(code: str, prefix: str | None, customer_id: int) -> bool:
    """Return whether the automation made `code` for exactly this customer."""
    return code_owner(code, prefix) == customer_id


def code_in_text(text: str, prefix: str | None, customer_id: int) -> str | None:
    """Return segmail's code for exactly this customer in `text`, else None."""
    start = re.escape(f"{_separated(normal_prefix(prefix))}{customer_id}")
    match = re.search(start + _OWN_TAIL, text, re.IGNORECASE)
    return match[0].upper() if match else None


def fold(code: str) -> str:
    """Return what Maho's column compares: no case, no accents, no trailing spaces."""
    letters = unicodedata.normalize("NFKD", code.rstrip(" "))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).upper()


def _shape(own: str, maho: str) -> str:
    """Return the expression of segmail's codes and of Maho's, each with its customer's id."""
    return f"{re.escape(own)}([1-9][0-9]*){_OWN_TAIL}|{re.escape(maho)}([1-9][0-9]*){_MAHO_TAIL}"


def _code(prefix: str | None, customer_id: int, letters: str) -> str:
    return f"{_separated(normal_prefix(prefix))}{customer_id}{letters}"


def _letters(number: int) -> str:
    """Return a number as ten letters, its lowest digit first."""
    letters = []
    for _ in range(_LETTERS):
        number, digit = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[digit])
    return "".join(letters)


@lru_cache(maxsize=256)  # a run has few prefixes
def _separated(prefix: str) -> str:
    """Separate the prefix from the id: A1 and customer 2 must not look like A and 12."""
    return f"{prefix}-" if fold(prefix)[-1:].isdigit() else prefix
