"""The demo shop's newsletter templates; one of them is broken on purpose."""

from __future__ import annotations

from dataclasses import dataclass

_FROM_US = ("Juniper & Finch", "hello@juniper-finch.example")
_FROM_ITALY = ("Juniper & Finch Italia", "ciao@juniper-finch.example")


@dataclass(frozen=True)
class DemoTemplate:
    """A row of `newsletter_template`; its code is its name."""

    code: str
    subject: str
    text: str
    html: bool = True
    sender: tuple[str, str] = _FROM_US


STYLES = """
body { margin: 0; padding: 24px 0; background: #f1ede4; color: #2f2b26; }
.page { max-width: 560px; margin: 0 auto; background: #ffffff; font: 16px/1.6 Georgia, serif; }
.brand { padding: 22px 36px; background: #21463d; color: #f6f1e7; font-size: 20px; }
.text { padding: 28px 36px 12px; }
.coupon { margin: 24px 0; padding: 18px; border: 2px dashed #c27f35; text-align: center; }
.code { font: bold 22px/1.5 monospace; letter-spacing: 2px; color: #21463d; }
a { color: #8b8478; }
.button { display: inline-block; padding: 12px 26px; background: #c27f35; color: #ffffff;
  text-decoration: none; }
.foot { padding: 16px 36px 26px; font-size: 12px; color: #8b8478; }
"""


def _page(
    *paragraphs: str,
    button: str = "Back to the shop",
    foot: str = "You receive this mail because you subscribed.",
    unsubscribe: str = "Unsubscribe",
) -> str:
    text = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"""<!doctype html>
<html><head><meta charset="utf-8"></head><body><div class="page">
<div class="brand">{{{{var store.getFrontendName()}}}}</div>
<div class="text">
{text}
<p><a class="button" href="{{{{store url="customer/account"}}}}">{button}</a></p>
</div>
<div class="foot">{foot}
<a href="{{{{var subscriber.getUnsubscriptionLink()}}}}">{unsubscribe}</a></div>
</div></body></html>"""


def _coupon(says: str, until: str) -> str:
    return (
        f'</p><div class="coupon">{says}<div class="code">{{{{var coupon_code}}}}</div>'
        f"{{{{depend coupon_expires_formatted}}}}{until} "
        "{{var coupon_expires_formatted}}{{/depend}}</div><p>"
    )


_OFF = "{{var coupon_discount_text}} with this code:"

TEMPLATES = (
    DemoTemplate(
        "Welcome",
        "Welcome, {{var customer_firstname}}!",
        _page(
            "Dear {{var customer.getName()}},",
            "how good that you are here. We make things for long walks: blankets, flasks, "
            "lanterns, and socks that survive the walk home.",
            "Have a look round. Nobody will hurry you.",
            button="Your account",
        ),
    ),
    DemoTemplate(
        "Three things worth knowing",
        "Three things worth knowing about {{var store.getFrontendName()}}",
        "Dear {{var customer_firstname}},\n\n"
        "1. Everything can be sent back for sixty days, muddy or not.\n"
        "2. We repair what we sold, whoever bought it.\n"
        "3. The shop dog is called Fig and answers letters on Fridays.\n\n"
        "{{var store.getFrontendName()}}\n{{store url='about'}}\n\n"
        "Unsubscribe: {{var subscriber.getUnsubscriptionLink()}}\n",
        html=False,
    ),
    DemoTemplate(
        "Ten percent to start with",
        "{{var customer_firstname}}, {{var coupon_discount_text}} your first order",
        _page(
            "Dear {{var customer_firstname}},",
            "a week has gone by, and the first order is always the hardest."
            + _coupon(_OFF, "Good until"),
            "It is yours alone and works once.",
        ),
    ),
    DemoTemplate(
        "You left something",
        "Your basket is still here",
        _page(
            "Dear {{var customer_firstname}},",
            "you left something in your basket. We have put a lantern beside it.",
            button="See the basket",
        ),
    ),
    DemoTemplate(
        "Still thinking it over?",
        "Still thinking it over? {{var coupon_discount_text}}",
        _page(
            "Dear {{var customer_firstname}},",
            "a day is a long time for a basket." + _coupon(_OFF, "Good until"),
            button="See the basket",
        ),
    ),
    DemoTemplate(
        "Last call for your basket",
        "Last call for your basket",
        _page("Dear {{var customer_firstname}},", "tomorrow we tidy up, baskets included."),
    ),
    DemoTemplate(
        "Welcome to the club",
        "{{var customer_firstname}}, welcome to the club",
        _page(
            "Dear {{var customer_firstname}},",
            "you are one of our best customers." + _coupon(_OFF, "Good until"),
        ),
    ),
    DemoTemplate(
        "We miss you",
        "We miss you, {{var customer_firstname}}",
        _page("Dear {{var customer_firstname}},", "the kettle is on, whenever you pass by."),
    ),
    DemoTemplate(  # a template cannot print the whole customer: its steps fail, the others go on
        "Happy birthday",
        "Happy birthday, {{var customer_firstname}}!",
        _page("Dear {{var customer}},", "have a piece of cake on us."),
    ),
    DemoTemplate(
        "Winter sale",
        "The winter sale begins: {{var coupon_discount_text}}",
        _page(
            "Dear {{var customer_firstname}},",
            "warm things, cold weather." + _coupon(_OFF, "Good until"),
        ),
    ),
    DemoTemplate(
        "Winter sale, last day",
        "The winter sale ends tonight",
        _page("Dear {{var customer_firstname}},", "tomorrow is spring, more or less."),
    ),
    DemoTemplate(
        "Benvenuto",
        "Benvenuto, {{var customer_firstname}}!",
        _page(
            "Caro {{var customer.getName()}},",
            "che bello averti qui. Facciamo cose per lunghe passeggiate: coperte, borracce e "
            "lanterne. E calzini più forti della strada.",
            button="Il tuo account",
            foot="Ricevi questa mail perché sei iscritto.",
            unsubscribe="Cancella l'iscrizione",
        ),
        sender=_FROM_ITALY,
    ),
    DemoTemplate(
        "Dieci euro per te",
        "{{var customer_firstname}}, dieci euro per il primo ordine",
        _page(
            "Ciao {{var customer_firstname}},",
            "il primo ordine è sempre il più difficile."
            + _coupon("{{var coupon_discount_text}} con questo codice:", "Valido fino al"),
            button="Torna al negozio",
            foot="Ricevi questa mail perché sei iscritto.",
            unsubscribe="Cancella l'iscrizione",
        ),
        sender=_FROM_ITALY,
    ),
)
