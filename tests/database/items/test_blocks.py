"""The blocks of carts, orders and products: HTML and text, in three stores and tax displays."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from segmail.mail.items.needs import LISTS, ItemNeeds
from segmail.mail.items.reader import BatchItems
from segmail.sequences.item_tables import lacking
from segmail.templates import Kind
from tests.recorded_content import RECORDED_AT, ContentShop

CART_ROW = """\
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" \
style="width:100%;border-collapse:collapse;">
<tr>
<td width="88" valign="top" style="width:88px;padding:12px 12px 12px 0;\
border-bottom:1px solid #8c8c8c;">
<a href="http://shop.example/boot/?___store=de" style="color:inherit;"><img \
src="http://shop.example/media/catalog/product/s/n/snow.png" alt="Boot" width="76" \
style="display:block;width:76px;max-width:76px;height:auto;border:0;"></a>
</td>
<td valign="top" style="padding:12px 12px 12px 0;border-bottom:1px solid #8c8c8c;\
font-size:16px;line-height:1.4;word-break:break-word;">
<a href="http://shop.example/boot/?___store=de" \
style="color:inherit;font-weight:bold;text-decoration:none;">Boot</a>
<br><span style="font-size:14px;opacity:.75;">Color: Blau</span>
<br><span style="font-size:14px;opacity:.75;">Menge: 2</span>
</td>
<td align="right" valign="top" style="padding:12px 0;border-bottom:1px solid #8c8c8c;\
font-size:16px;line-height:1.4;text-align:right;white-space:nowrap;">152,32\xa0$</td>
</tr>
<tr><td colspan="3" style="padding:12px 0;font-size:14px;">\
<a href="http://shop.example/checkout/cart/?___store=de" style="color:inherit;">+ 2 weitere</a>\
</td></tr>
</table>"""


def test_a_configurable_in_a_german_cart_shows_its_option_and_its_price_with_tax(
    content: ContentShop,
) -> None:
    html, _ = content.rendered("{{var cart.getItemsHtml(1)}}", 2, "de")

    assert html == CART_ROW


@pytest.mark.parametrize(
    ("customer_id", "store", "text"),
    [
        (1, "default", "1 × Engraved ring: $230.50\n  Metal: Silver & co\n"
         '  Engraving: For "M" & <me>\n  Extras: Box, Card\n  http://shop.example/engraved-ring/\n'
         "3 × Plain lamp: $149.70\n  http://shop.example/plain-lamp/"),
        (7, "default", "2 × Course: $50.00\n  http://shop.example/course/"),
        (3, "it_it", "1 × Fixed set: 144,00\xa0€ IVA incl. (118,03\xa0€ IVA escl.)\n"
         "  Lampada: 2 × Special now\n  Extra & more: 2 × Tier priced\n"
         "  http://it.shop.example/fixed-set.html"),
    ],
)  # fmt: skip
def test_a_cart_is_a_list_in_plain_text(
    content: ContentShop, customer_id: int, store: str, text: str
) -> None:
    _, found = content.rendered("{{var cart.getItemsHtml()}}", customer_id, store)
    twin, _ = content.rendered("{{var cart.getItemsText()}}", customer_id, store, kind=Kind.TEXT)

    assert found.startswith(text)
    assert (
        found
        == content.rendered("{{var cart.getItemsText()}}", customer_id, store, kind=Kind.TEXT)[1]
    )
    assert "<br>" in twin


def test_names_labels_and_options_are_escaped_and_no_template(content: ContentShop) -> None:
    html, text = content.rendered(
        "{{var cart.getItemsHtml()}}{{var order.getItemsHtml()}}{{var cart.first_item_name}}",
        2,
        "de",
    )

    assert "Hat &lt;b&gt;warm&lt;/b&gt; &amp; &#34;Ötzi&#34;" in html
    assert "<b>warm" not in html
    assert "{{var customer.email}}" in html
    assert """Hat <b>warm</b> & "Ötzi" 'n' {{var customer.email}}""" in text


def test_no_product_comes_twice_and_none_that_is_in_the_cart(content: ContentShop) -> None:
    _, text = content.rendered(
        "{{var products.getViewedHtml()}}{{var products.getClearanceHtml()}}"
        "{{var products.getBestsellersHtml(20)}}",
        1,
        "default",
    )
    links = [line for line in text.splitlines() if line.startswith("  http")]

    assert len(links) == len(set(links)) > 3
    assert "http://shop.example/plain-lamp/" not in text


def test_reduced_products_show_their_old_price(content: ContentShop) -> None:
    html, text = content.rendered("{{var products.getClearanceHtml()}}", 1, "default")

    assert text.startswith("- Special now: $79.99 (instead of $100.00)\n")
    assert '<s style="font-size:14px;opacity:.75;">$100.00</s><br>$79.99' in " ".join(
        html.split("\n")
    )


def test_a_list_says_the_same_each_time_it_is_named(content: ContentShop) -> None:
    _, text = content.rendered(
        "{{if products.getViewedHtml(1)}}{{var products.getViewedHtml(1)}}{{/if}}", 1, "default"
    )

    assert text.count("http") == 1


def test_blocks_that_are_empty_leave_no_trace(content: ContentShop) -> None:
    source = (
        "{{if cart}}cart{{/if}}{{var products.getCrosssellsHtml()}}{{var order.getItemsHtml()}}"
        "{{if order}}order{{/if}}{{var products.getViewedText()}}{{var cart.getItemsHtml()}}"
    )

    assert content.rendered(source, 9, "default") == ("", "")


def test_what_the_shop_has_no_table_for_is_left_out_and_told_once(
    content: ContentShop, caplog: pytest.LogCaptureFixture
) -> None:
    tables = ("sales_flat_quote", "wishlist_item", "report_viewed_product_index")
    lists = ("Viewed", "Wishlist", "Clearance")
    source = "".join(f"{{{{var products.get{name}Text()}}}}" for name in lists)
    source += "{{if cart}}cart{{/if}}{{var products.getBestsellersText(1)}}"

    def rename(old: str, new: str) -> None:
        with content.shop.database.engine.begin() as connection:
            for table in tables:
                connection.execute(
                    text(f"ALTER TABLE {old.format(table)} RENAME TO {new.format(table)}")
                )

    rename("{}", "away_{}")
    try:
        _, found = content.rendered(source, 1, "default")
        assert content.rendered(source, 1, "default")[1] == found
    finally:
        rename("away_{}", "{}")

    assert "cart" not in found
    assert found.count("http") == 1  # the best seller
    assert len(caplog.messages) == len(tables)
    assert all(any(table in one for one in caplog.messages) for table in tables)


@pytest.mark.parametrize("customers", [[1], [1, 2, 3, 4, 5, 6, 7, 8]])
def test_the_number_of_statements_does_not_grow_with_the_batch(
    content: ContentShop, customers: list[int]
) -> None:
    """The first batch reads taxes, attributes and best sellers besides; products are read anew
    after a minute."""
    needs = ItemNeeds(
        cart=True,
        order=True,
        loyalty=True,
        addresses=True,
        lists=frozenset(["viewed", "clearance", "bestsellers", "crosssells", "wishlist"]),
    )
    statements: list[str] = []
    with content.shop.read() as tx:
        readers = [content.reader(customer_id, "default", needs, tx) for customer_id in customers]
        BatchItems.load(tx, content.shelf, readers[:1], now=RECORDED_AT)

        def count(*event: object) -> None:
            statements.append(str(event[2]))

        event.listen(tx.connection, "before_cursor_execute", count)
        later = RECORDED_AT + timedelta(minutes=1)
        BatchItems.load(tx, content.shelf, readers, now=later)
        first = len(statements)
        BatchItems.load(tx, content.shelf, readers, now=later)
        event.remove(tx.connection, "before_cursor_execute", count)

    again = statements[first:]
    assert 30 <= first <= 36, [statement[:60] for statement in statements]
    assert not any("catalog_product_entity_varchar" in statement for statement in again)
    assert any("catalog_product_entity_varchar" in statement for statement in statements)


def test_the_tables_that_are_looked_for_beforehand_are_those_that_mails_read(
    content: ContentShop,
) -> None:
    needs = [ItemNeeds(cart=True), ItemNeeds(order=True), ItemNeeds(loyalty=True)]
    needs += [ItemNeeds(lists=frozenset([one])) for one in LISTS]
    read: list[str] = []
    for one in needs:
        with content.shop.read() as tx:
            reader = content.reader(1, "default", one, tx)
            read.clear()
            event.listen(tx.connection, "before_cursor_execute", lambda *a: read.append(a[2]))
            shelf = replace(content.shelf, _bestsellers=None)
            BatchItems.load(tx, shelf, [reader], now=RECORDED_AT)
        [(_, tables)] = lacking(one, (), "")
        assert [it for it in tables if not re.search(rf"\b{it}\b", " ".join(read))] == []


def test_nothing_is_read_where_no_template_names_anything(content: ContentShop) -> None:
    with content.shop.read() as tx:
        reader = content.reader(1, "default", ItemNeeds(), tx)
        statements: list[object] = []
        event.listen(tx.connection, "before_cursor_execute", lambda *args: statements.append(args))
        BatchItems.load(tx, content.shelf, [reader], now=RECORDED_AT)

    assert statements == []


def test_an_address_has_its_region_and_country(content: ContentShop) -> None:
    shown = content.mail(1, "default", ItemNeeds(addresses=True))

    address = shown.addresses()["default_billing"]
    assert address["country_id"] == "US"
    assert address["city"]
