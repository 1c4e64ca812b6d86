"""A shop's own partials: they replace the packaged ones, and can do no harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmail.authoring.own_partials import SAMPLES, partial_faults
from segmail.errors import TemplateError
from segmail.mail.items.partials import FOLDER, NAMES, Partials
from segmail.mail.items.shown import ShownItem
from segmail.mail.items.words import words_of
from tests.each_case import for_each

VALUES = {
    "items": [ShownItem("<b>Lamp</b>", quantity="1", amounts=("$5.00",))],
    "more": 0,
    "url": "https://shop.example/checkout/cart/",
    "words": words_of("en_US"),
    "locale": "en_US",
}


def _own(root: Path, source: str, name: str = "cart.html") -> Partials:
    folder = root / FOLDER
    folder.mkdir(parents=True)
    (folder / name).write_text(source, "utf-8")
    return Partials(root)


def test_a_shops_own_partial_takes_the_place_of_the_packaged_one(tmp_path: Path) -> None:
    partials = _own(tmp_path, "{% for item in items %}<p>{{ item.name }}</p>{% endfor %}")

    assert partials.render("cart.html", VALUES) == "<p>&lt;b&gt;Lamp&lt;/b&gt;</p>"
    assert "<b>Lamp</b>" in partials.render("cart.txt", VALUES)


@for_each("name", NAMES)
def test_every_packaged_partial_renders(name: str) -> None:
    assert "Lamp" in Partials().render(name, VALUES)


@pytest.mark.parametrize(
    "source",
    [
        "{{ items.__class__ }}",
        "{{ items[0].__init__.__globals__ }}",
        "{{ items[0].name.__class__.__mro__ }}",
        "{{ items.append(1) }}",
        "{{ ''.join(['a']) }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ 'a' * 999999999 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ range(9) }}",
        "{{ lipsum() }}",
        "{{ self.__init__ }}",
        "{{ items|attr('x') }}",
        "{{ '<b>'|safe }}",
        "{% include 'cart.txt' %}",
        "{% import '/etc/passwd' as x %}",
        "{{ missing }}",
        "{% for item in items %}",
    ],
)
def test_a_partial_reaches_nothing_and_its_faults_name_the_file(
    source: str, tmp_path: Path
) -> None:
    partials = _own(tmp_path, source)

    with pytest.raises(TemplateError, match=r"cart\.html"):
        partials.render("cart.html", VALUES)
    assert len(partial_faults(partials)) == 1


def test_a_fault_is_found_with_its_line_also_where_only_bare_items_have_it(tmp_path: Path) -> None:
    partials = _own(tmp_path, "<p>\n{{ items[1 - 1].amounts[0].x }}</p>")
    (tmp_path / FOLDER / "carts.html").touch()

    wrong, strange = partial_faults(partials)

    assert (wrong.file.name, wrong.line, wrong.stops) == ("cart.html", 2, True)
    assert (strange.file.name, strange.stops) == ("carts.html", False)


def test_the_packaged_partials_print_every_sample() -> None:
    for name in NAMES:
        for values in SAMPLES:
            assert "Lamp" in Partials().render(name, values)


def test_a_file_that_anybody_may_write_is_not_obeyed(tmp_path: Path) -> None:
    partials = _own(tmp_path, "x")
    (tmp_path / FOLDER / "cart.html").chmod(0o666)

    with pytest.raises(TemplateError, match="everybody may write it"):
        partials.render("cart.html", VALUES)
