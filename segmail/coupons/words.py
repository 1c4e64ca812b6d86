"""The few words that describe a coupon's discount, by language.

Maho has words for a discount alone, in English only, and none for free shipping. Where Maho has
words, they are used; if free shipping is part of a coupon, the whole phrase is in the language of
the store. A merchant's own words (`[coupon_words.LANGUAGE]` in segmail.toml) come before both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from segmail.settings import CouponWords

_NO_BREAK = "\N{NO-BREAK SPACE}"

MAHOS = CouponWords(
    percent="{amount}% off",
    fixed="{amount} off",
    cart="{amount} off your order",
    free_shipping="free shipping",
    with_free_shipping="{discount} and free shipping",
)

# By language, or by language and country where they differ.
TRANSLATIONS: Mapping[str, CouponWords] = MappingProxyType(
    {
        "ar": CouponWords(
            percent="خصم {amount}٪",
            fixed="خصم {amount}",
            cart="خصم {amount} على طلبك",
            free_shipping="شحن مجاني",
            with_free_shipping="{discount} وشحن مجاني",
        ),
        "cs": CouponWords(
            percent=f"sleva {{amount}}{_NO_BREAK}%",
            fixed="sleva {amount}",
            cart="sleva {amount} na vaši objednávku",
            free_shipping="doprava zdarma",
            with_free_shipping="{discount} a doprava zdarma",
        ),
        "da": CouponWords(
            percent=f"{{amount}}{_NO_BREAK}% rabat",
            fixed="{amount} rabat",
            cart="{amount} rabat på din ordre",
            free_shipping="gratis fragt",
            with_free_shipping="{discount} og gratis fragt",
        ),
        "de": CouponWords(
            percent=f"{{amount}}{_NO_BREAK}% Rabatt",
            fixed="{amount} Rabatt",
            cart="{amount} Rabatt auf Ihre Bestellung",
            free_shipping="kostenloser Versand",
            with_free_shipping="{discount} und kostenloser Versand",
        ),
        "es": CouponWords(
            percent=f"{{amount}}{_NO_BREAK}% de descuento",
            fixed="{amount} de descuento",
            cart="{amount} de descuento en su pedido",
            free_shipping="envío gratis",
            with_free_shipping="{discount} y envío gratis",
        ),
        "fr": CouponWords(
            percent=f"{{amount}}{_NO_BREAK}% de réduction",
            fixed="{amount} de réduction",
            cart="{amount} de réduction sur votre commande",
            free_shipping="livraison gratuite",
            with_free_shipping="{discount} et livraison gratuite",
        ),
        "hi": CouponWords(
            percent="{amount}% की छूट",
            fixed="{amount} की छूट",
            cart="आपके ऑर्डर पर {amount} की छूट",
            free_shipping="मुफ़्त शिपिंग",
            with_free_shipping="{discount} और मुफ़्त शिपिंग",
        ),
        "it": CouponWords(
            percent="{amount}% di sconto",
            fixed="{amount} di sconto",
            cart="{amount} di sconto sul tuo ordine",
            free_shipping="spedizione gratuita",
            with_free_shipping="{discount} e spedizione gratuita",
        ),
        "nb": CouponWords(
            percent=f"{{amount}}{_NO_BREAK}% rabatt",
            fixed="{amount} rabatt",
            cart="{amount} rabatt på bestillingen din",
            free_shipping="gratis frakt",
            with_free_shipping="{discount} og gratis frakt",
        ),
        "nl": CouponWords(
            percent="{amount}% korting",
            fixed="{amount} korting",
            cart="{amount} korting op je bestelling",
            free_shipping="gratis verzending",
            with_free_shipping="{discount} en gratis verzending",
        ),
        "pl": CouponWords(
            percent="{amount}% rabatu",
            fixed="{amount} rabatu",
            cart="{amount} rabatu na zamówienie",
            free_shipping="darmowa dostawa",
            with_free_shipping="{discount} i darmowa dostawa",
        ),
        "pt": CouponWords(
            percent="{amount}% de desconto",
            fixed="{amount} de desconto",
            cart="{amount} de desconto no seu pedido",
            free_shipping="frete grátis",
            with_free_shipping="{discount} e frete grátis",
        ),
        "pt_PT": CouponWords(
            percent="{amount}% de desconto",
            fixed="{amount} de desconto",
            cart="{amount} de desconto na sua encomenda",
            free_shipping="portes grátis",
            with_free_shipping="{discount} e portes grátis",
        ),
        "sv": CouponWords(
            percent=f"{{amount}}{_NO_BREAK}% rabatt",
            fixed="{amount} rabatt",
            cart="{amount} rabatt på din beställning",
            free_shipping="fri frakt",
            with_free_shipping="{discount} och fri frakt",
        ),
        "tr": CouponWords(
            percent="%{amount} indirim",
            fixed="{amount} indirim",
            cart="siparişinizde {amount} indirim",
            free_shipping="ücretsiz kargo",
            with_free_shipping="{discount} ve ücretsiz kargo",
        ),
        "zh": CouponWords(
            percent="立减{amount}%",
            fixed="立减{amount}",
            cart="订单立减{amount}",
            free_shipping="免运费",
            with_free_shipping="{discount}，免运费",
        ),
    }
)


@dataclass(frozen=True)
class Wording:
    """The words of one store: `alone` for a discount alone, `local` for one with free shipping.

    `is_local` says whether numbers, too, are written as in the store's language.
    """

    alone: CouponWords
    local: CouponWords
    is_local: bool


def wording(locale: str, own: Mapping[str, CouponWords]) -> Wording:
    """Return the words for a locale such as `de_AT`; `own` are the merchant's, by language."""
    language = locale.partition("_")[0]
    translated = TRANSLATIONS.get(locale) or TRANSLATIONS.get(language)
    chosen = own.get(locale) or own.get(language) or CouponWords()
    return Wording(
        alone=chosen.over(MAHOS),
        local=chosen.over(translated or MAHOS),
        is_local=translated is not None,
    )
