"""Money and dates as PHP's intl extension writes them, from Babel's copy of the same data.

Babel and ICU share their locale data (CLDR) but not every rule. What Babel lacks is done here: a
space between a number and a symbol that ends in a letter ("CHF 5.00", but "$5.00"), the digits of
locales that do not write 0 to 9, and a separate decimal sign for money.

CLDR changes from release to release, and so does Babel's output. A mail must not depend on the day
of installation: whatever changed between the versions that pyproject.toml allows is fixed here as
ICU 76 has it, the version with which the recorded shops printed. tests/golden/icu_76.json holds the
texts of 98 locales; a Babel version is allowed once it passes with them.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from datetime import date
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern, format_decimal, get_currency_symbol, parse_pattern

_DEFAULT_LOCALE = "en_US"
_SYMBOL = "\ue000"  # stands for the currency symbol until its neighbours are known
_NO_BREAK_SPACE = "\u00a0"

# Babel takes the first three from another form of the pattern than ICU does; the others changed.
_PATTERNS = {
    "es_AR": "¤\u00a0#,##0.00",
    "es_CO": "¤\u00a0#,##0.00",
    "fa_IR": "\u200e¤#,##0.00",
    "ta_IN": "¤#,##,##0.00",
}

# The sign between thousands.
_GROUPS = {
    "de_CH": "’",
    "de_LI": "’",
    "en_CH": "’",
    "fr_CH": "\u202f",
    "gl_ES": ".",
    "it_CH": "’",
}

# Currencies with the pattern's two decimals, whatever number Babel has for them.
_TWO_DECIMALS = {"COP", "HUF"}

_SYMBOLS = {
    ("da_DK", "CAD"): "CA$",
    ("da_DK", "USD"): "US$",
    ("de_LI", "EUR"): "EUR",
}

_DATES = {
    "hy_AM": "dd MMM, y թ.",
    "mk_MK": "d.M.y\u202f'г'.",
}

# Short names of months, by number.
_MONTHS = {
    "en_AU": {6: "June", 7: "July"},
    "es_AR": {9: "sept"},
    "es_EC": {9: "sept"},
    "es_US": {9: "sept"},
    "hi_IN": {10: "अक्तू॰"},
}

# The digit zero of the numbering systems that are the default of a locale.
_ZEROS = {
    "arab": 0x0660,
    "arabext": 0x06F0,
    "beng": 0x09E6,
    "deva": 0x0966,
    "mymr": 0x1040,
    "tibt": 0x0F20,
}


@functools.lru_cache(maxsize=1000)  # the mails of a run print the same sums and days
def money_text(amount: Decimal, currency: str, locale: str, symbol: str | None = None) -> str:
    """Return `amount` with the currency's own number of decimals, rounded half to even.

    `symbol` replaces the locale's symbol for the currency.
    """
    known = _known_locale(locale)
    group = _GROUPS.get(locale)
    number = _money_pattern(known, locale).apply(
        amount,
        known,
        currency=currency,
        currency_digits=currency not in _TWO_DECIMALS,
        group_separator=group is None,
        numbering_system=_numbering(known),
    )
    number = _with_minus(_with_money_decimal(number, known), known)
    number = _in_own_digits(_grouped(number, group) if group else number, known)
    symbol = symbol or _SYMBOLS.get((locale, currency)) or get_currency_symbol(currency, known)
    return _with_symbol(number, symbol)


@functools.lru_cache(maxsize=1000)
def number_text(number: Decimal, locale: str) -> str:
    """Return a number with its own decimals, as the locale writes it, such as "12,5"."""
    known = _known_locale(locale)
    system = _numbering(known)
    text = format_decimal(number, "0.####", known, numbering_system=system)
    return _in_own_digits(text, known)


@functools.lru_cache(maxsize=1000)
def day_text(day: date, locale: str) -> str:
    """Return `day` in the locale's medium form, such as "Dec 15, 2024"."""
    known = _known_locale(locale)
    pattern = _DATES.get(locale) or known.date_formats["medium"].pattern
    if month := _MONTHS.get(locale, {}).get(day.month):
        pattern = pattern.replace("MMM", f"'{month}'")
    return _in_own_digits(format_date(day, pattern, known), known)


def _known_locale(code: str) -> Locale:
    """Return the locale, else its language, else American English, as ICU falls back."""
    for candidate in (code, code.partition("_")[0]):
        try:
            return Locale.parse(candidate)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(_DEFAULT_LOCALE)


def _money_pattern(locale: Locale, code: str) -> NumberPattern:
    pattern = _PATTERNS.get(code) or locale.currency_formats["standard"].pattern
    return parse_pattern(pattern.replace("¤", _SYMBOL))


def _numbering(locale: Locale) -> str:
    system = locale.default_numbering_system
    return system if system in locale.number_symbols else "latn"


def _with_money_decimal(number: str, locale: Locale) -> str:
    """Use the decimal sign of money: Swiss French writes 5,00 but CHF 5.00."""
    symbols = locale.number_symbols[_numbering(locale)]
    own = symbols.get("currencyDecimal")
    return number.replace(symbols["decimal"], own) if own else number


def _with_minus(number: str, locale: Locale) -> str:
    """Write the locale's own minus: U+2212 in Scandinavia and the Baltic, where Babel has "-"."""
    return number.replace("-", locale.number_symbols[_numbering(locale)].get("minusSign", "-"))


def _grouped(number: str, sign: str) -> str:
    """Put `sign` between the thousands of a number without separators."""
    return re.sub(r"(?<=\d)(?=(?:\d{3})+(?!\d))", sign, number)


def _in_own_digits(text: str, locale: Locale) -> str:
    zero = _ZEROS.get(locale.default_numbering_system)
    return re.sub("[0-9]", lambda digit: chr(zero + int(digit[0])), text) if zero else text


def _with_symbol(number: str, symbol: str) -> str:
    before, _, after = number.partition(_SYMBOL)
    left = _space_between(before[-1:], symbol[:1])
    right = _space_between(after[:1], symbol[-1:])
    return f"{before}{left}{symbol}{right}{after}"


def _space_between(neighbour: str, edge: str) -> str:
    """Apply CLDR's currency spacing: a digit touches no letter and no full stop of a symbol."""
    if not edge or not neighbour.isdigit() or unicodedata.category(edge)[0] in "SZ":
        return ""
    return _NO_BREAK_SPACE
