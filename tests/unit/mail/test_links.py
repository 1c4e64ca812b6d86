"""Campaign parameters on links: on those to the shop, and nowhere else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from segmail.mail.links import LinkTags
from tests.each_case import for_each

TAGS = LinkTags({"utm_source": "news letter", "utm_content": "enter-1"}, {"shop.example"})
QUERY = "utm_source=news+letter&utm_content=enter-1"


@for_each(
    ("url", "tagged"),
    [
        ("https://shop.example", f"https://shop.example?{QUERY}"),
        ("https://shop.example/", f"https://shop.example/?{QUERY}"),
        ("http://shop.example/a?b=1", f"http://shop.example/a?b=1&{QUERY}"),
        ("https://shop.example/a?", f"https://shop.example/a?{QUERY}"),
        ("https://shop.example/a?b&", f"https://shop.example/a?b&{QUERY}"),
        ("https://shop.example/a#top", f"https://shop.example/a?{QUERY}#top"),
        ("https://shop.example/?q=1#/a?b", f"https://shop.example/?q=1&{QUERY}#/a?b"),
        ("https://SHOP.example:8443/%C3%A9", f"https://SHOP.example:8443/%C3%A9?{QUERY}"),
        (" https://shop.example/ ", f"https://shop.example/?{QUERY}"),
    ],
)
def test_a_link_to_the_shop_is_tagged_at_the_end_of_its_query(url: str, tagged: str) -> None:
    assert TAGS.tag(url) == tagged


@for_each(
    "url",
    [
        "",
        "#top",
        "/relative",
        "mailto:ada@shop.example",
        "ftp://shop.example/",
        "https://elsewhere.example/",
        "https://shop.example.evil.example/",
        "https://elsewhere.example/?to=https://shop.example/",
        "https://[shop.example",
        "https://shop.example/newsletter/subscriber/unsubscribe/?code=x&id=1",
        "https://shop.example/index.php/newsletter/subscriber/unsubscribe/id/1/code/x/",
        "https://shop.example/newsletter/subscriber/confirm/?id=1",
        "https://shop.example/?utm_source=own",
        "https://shop.example/?a=1&utm_campaign=own#top",
    ],
)
def test_other_links_and_the_unsubscribe_link_stay(url: str) -> None:
    assert TAGS.tag(url) == url


def test_html_is_changed_in_its_links_alone() -> None:
    before = (
        '<!doctype html><P class=a>&copy; <a  href="https://elsewhere.example/?a&b">x</a>\n<br/>'
    )
    after = (
        '<!-- <a href="https://shop.example/"> --><script>"<a href=https://shop.example/>"</script>'
    )

    html = TAGS.tag_html(f"{before}<a href='https://shop.example/?a=1&amp;b=2'>y</a>{after}")

    link = f'<a href="https://shop.example/?a=1&amp;b=2&amp;{QUERY.replace("&", "&amp;")}">y</a>'
    assert html == before + link + after


def test_a_map_s_areas_are_links_too() -> None:
    assert QUERY.partition("&")[0] in TAGS.tag_html('<area href="https://shop.example/">')


def test_links_for_outlook_alone_are_tagged_too() -> None:
    hidden = (
        '<!--[if mso]><table><tr><td><v:roundrect href="{}" arcsize="9%">'
        "<center>Buy</center></v:roundrect><![endif]--><!--[if !mso]><!-->x<!--<![endif]-->"
        "<!-- href -->"
    )

    tagged = TAGS.tag_html(hidden.format("https://shop.example/a"))

    assert tagged == hidden.format(f"https://shop.example/a?{QUERY.replace('&', '&amp;')}")


def test_links_in_plain_text_end_before_the_sentence_does() -> None:
    text = "See https://shop.example/a, (https://shop.example/b) or https://elsewhere.example."

    assert TAGS.tag_text(text) == (
        f"See https://shop.example/a?{QUERY}, (https://shop.example/b?{QUERY}) "
        "or https://elsewhere.example."
    )


@given(st.text(alphabet="<>a href='\"=/&;#?https:shop.example!-\n", max_size=60))
def test_tagging_twice_is_tagging_once(soup: str) -> None:
    once = TAGS.tag_html(soup)

    assert TAGS.tag_html(once) == once
