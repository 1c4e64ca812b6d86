"""The few words of item blocks, in the languages that most shops speak."""

from __future__ import annotations

from collections.abc import Mapping

_ENGLISH = {
    "quantity": "Qty",
    "subtotal": "Subtotal",
    "total": "Grand total",
    "from": "From",
    "instead_of": "instead of",
    "without_tax": "excl. tax",
    "with_tax": "incl. tax",
    "more": "more",
    "to_cart": "Go to your cart",
    "to_order": "View your order",
}

_LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "en": _ENGLISH,
    "de": {
        "quantity": "Menge",
        "subtotal": "Zwischensumme",
        "total": "Gesamtsumme",
        "from": "Ab",
        "instead_of": "statt",
        "without_tax": "zzgl. MwSt.",
        "with_tax": "inkl. MwSt.",
        "more": "weitere",
        "to_cart": "Zum Warenkorb",
        "to_order": "Bestellung ansehen",
    },
    "fr": {
        "quantity": "Qté",
        "subtotal": "Sous-total",
        "total": "Total général",
        "from": "À partir de",
        "instead_of": "au lieu de",
        "without_tax": "HT",
        "with_tax": "TTC",
        "more": "de plus",
        "to_cart": "Voir votre panier",
        "to_order": "Voir votre commande",
    },
    "it": {
        "quantity": "Qtà",
        "subtotal": "Subtotale",
        "total": "Totale",
        "from": "Da",
        "instead_of": "invece di",
        "without_tax": "IVA escl.",
        "with_tax": "IVA incl.",
        "more": "altri",
        "to_cart": "Vai al carrello",
        "to_order": "Vedi il tuo ordine",
    },
    "es": {
        "quantity": "Cant.",
        "subtotal": "Subtotal",
        "total": "Total",
        "from": "Desde",
        "instead_of": "en lugar de",
        "without_tax": "sin IVA",
        "with_tax": "IVA incl.",
        "more": "más",
        "to_cart": "Ver tu cesta",
        "to_order": "Ver tu pedido",
    },
    "nl": {
        "quantity": "Aantal",
        "subtotal": "Subtotaal",
        "total": "Totaal",
        "from": "Vanaf",
        "instead_of": "in plaats van",
        "without_tax": "excl. btw",
        "with_tax": "incl. btw",
        "more": "meer",
        "to_cart": "Naar je winkelwagen",
        "to_order": "Bekijk je bestelling",
    },
}


def words_of(locale: str) -> Mapping[str, str]:
    """Return the words of a locale's language; without them, the English ones."""
    return _LANGUAGES.get(locale.partition("_")[0].lower(), _ENGLISH)
