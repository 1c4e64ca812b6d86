"""A newsletter as merchants have them: 10 KB on one line, a style sheet, a coupon for some."""

from __future__ import annotations

CSS = """
body { margin: 0; padding: 0; background: #f4f4f4; font-family: Helvetica, Arial, sans-serif; }
table { border-collapse: collapse; } td { padding: 8px; }
.head td { background: #1a3c34; color: #ffffff; } .head a { color: #ffffff; }
h1 { font-size: 24px; line-height: 1.3; margin: 0 0 12px; }
.product td { border-bottom: 1px solid #dddddd; } .price { font-weight: bold; color: #b3261e; }
.button { background: #1a3c34; color: #ffffff; padding: 10px; }
.foot td { font-size: 12px; color: #777777; } a:hover { text-decoration: underline; }
@media (max-width: 600px) { .product td { display: block; } }
"""

_PRODUCT = (
    '<table role="presentation" width="100%" class="product"><tr><td width="120"><img src="{{media '
    'url="catalog/boot.jpg"}}" alt="Walking boot" width="100"></td><td><h2>Walking boot NUMBER</h2>'
    "<p>Made to last for many winters: welted by hand, lined with wool, and mended by us for as "
    "long as you wear it. In stock in every size, shipped on the day you order, packed without "
    "plastic. The sole is of natural rubber and can be replaced twice. Send it back within "
    'sixty days.</p><span class="price">139.00 €</span></td><td><a class="button" href="{{store '
    'url="catalog/product/view"}}">See it</a></td></tr></table>'
)
TEXT = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><title>Autumn</title></head><body>'
    '<table role="presentation" width="100%" class="head"><tr><td><a href="{{store url=""}}">'
    "{{var store.getFrontendName()}}</a></td></tr></table><h1>Hello {{var customer.name}}</h1>"
    "<p>Dear {{var customer_firstname}}, the autumn range is here.</p>"
    "{{if coupon_code}}<p>Your code is <b>{{var coupon_code}}</b>: {{var coupon_discount_text}}, "
    "until {{var coupon_expires_date}}.</p>{{else}}<p>You are one of {{var segment_name}}.</p>"
    "{{/if}}"
    + "".join(_PRODUCT.replace("NUMBER", f"{number}") for number in range(1, 17))
    + '<table role="presentation" width="100%" class="foot"><tr><td><p>You get this mail as '
    '{{var customer_email}}. <a href="{{var subscriber.getUnsubscriptionLink()}}">Unsubscribe</a>'
    "</p></td></tr></table></body></html>"
)
