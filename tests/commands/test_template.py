"""`segmail template`: what is printed, on which stream, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segmail.authoring.check import check_letters
from segmail.cli import COMMANDS, program
from segmail.commands.template import template
from tests.shop_builder import ShopBuilder

WAY_OUT = "{{var subscriber.getUnsubscriptionLink()}}"
LETTER = "Dear {{var customer_name}},\n{{var customer.gender}} {{var coupon_code}} " + WAY_OUT


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: it is about what is printed."""
    return "sqlite"


def segmail(shop: ShopBuilder, *arguments: str, stdin: str | bytes | None = None) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    options = ["--database-url", url, "--now", "2026-03-10 12:00"]
    return CliRunner().invoke(program, [*options, "template", *arguments], input=stdin)


def without_shop(*arguments: str, stdin: str | bytes | None = None) -> Result:
    environment = dict.fromkeys(("SEGMAIL_DATABASE_URL", "SEGMAIL_MAHO_ROOT", "SEGMAIL_CONFIG"))
    return CliRunner(env=environment).invoke(program, ["template", *arguments], input=stdin)


@pytest.fixture
def vip(shop: ShopBuilder) -> int:
    """A segment with a step that sends the template `Letter` with a coupon, and a customer."""
    shop.customer("ada@example.test", values={"gender": 1}, store_id=2)
    segment = shop.segment("VIP")
    shop.step(
        segment, shop.template(LETTER, code="Letter"), rule_id=shop.rule(), coupon_prefix="AB"
    )
    return segment


def test_the_help_says_what_the_program_says() -> None:
    assert template.get_short_help_str(limit=99) == COMMANDS["Sequences"]["template"][1]
    assert all(command.help for command in template.commands.values())


def test_list_says_who_sends_each_template(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, 1, number=2, is_active=0)
    shop.template("é", code="Other", type=1)

    table = segmail(shop, "list").stdout
    letter, other = json.loads(segmail(shop, "list", "--json").stdout)

    assert "VIP:enter:1, VIP:enter:2 (off)" in table
    assert [use["step"] for use in letter["used_by"]] == ["VIP:enter:1", "VIP:enter:2"]
    assert letter["used_by"][0]["generate_coupon"] is True
    assert other == {
        "template_id": 2,
        "code": "Other",
        "subject": "Hello {{var customer_firstname}}",
        "type": "text",
        "size": 1,
        "used_by": [],
    }


def test_list_has_copies_of_former_versions_only_where_steps_send_them(
    shop: ShopBuilder, vip: int
) -> None:
    shop.template(code="Old")
    shop.change(shop.tables.template, {}, template_actual=0)

    assert [one["code"] for one in json.loads(segmail(shop, "list", "--json").stdout)] == ["Letter"]


def test_show_says_what_a_template_needs(shop: ShopBuilder, vip: int) -> None:
    shop.template("{{var store.name}}{{config path='a/b/c'}}", code="Footer")
    shop.template(
        "{{include template=Footer}}{{block id=end}}{{customVar code=promo}}{{media url='a.png'}}",
        code="Whole",
        subject="{{var customer.taxvat}}",
    )

    needs = json.loads(segmail(shop, "show", "whole", "--json").stdout)["needs"]

    assert needs == {
        "variables": ["customer", "store"],
        "attributes": ["taxvat"],
        "others": ["store.name"],
        "includes": ["Footer"],
        "emails": [],
        "blocks": ["end"],
        "settings": ["a/b/c"],
        "custom_variables": ["promo"],
        "files": ["a.png"],
        "is_complete": True,
    }


def test_show_prints_a_table_or_the_source(shop: ShopBuilder, vip: int) -> None:
    table = segmail(shop, "show", "1").stdout
    source = segmail(shop, "show", "Letter", "--source")

    assert "VIP:enter:1" in table
    assert "Customer's attributes   gender" in table
    assert source.stdout == LETTER


def test_show_says_why_a_template_cannot_be_used(shop: ShopBuilder) -> None:
    shop.template("{{if a}}" * 60 + "{{/if}}" * 60, code="Deep")

    shown = segmail(shop, "show", "Deep")

    assert shown.exit_code == 0
    assert "Blocks are nested" in shown.stdout


def test_a_template_that_is_not_there_is_wrong_usage(shop: ShopBuilder, vip: int) -> None:
    results = [segmail(shop, verb, "Lettre") for verb in ("show", "render", "lint")]

    assert [result.exit_code for result in results] == [2, 2, 2]
    assert all("Did you mean 'Letter' (id 1)?" in result.stderr for result in results)


def test_render_shows_what_a_send_would(shop: ShopBuilder, vip: int) -> None:
    step = ("--customer", "ada@example.test", "--step", "VIP:enter:1")

    text = segmail(shop, "render", "Letter", *step)
    subject = segmail(shop, "render", "Letter", *step, "--subject")

    assert text.stdout == (
        "Dear Ada Lovelace,\n1 AB1XXXXXXXXXX "
        "https://shop.example.test/newsletter/subscriber/unsubscribe/?code=code1&id=1"
    )
    assert (text.stderr, subject.stdout) == ("", "Hello Ada\n")
    assert shop.rows(shop.tables.coupon) == []


def test_render_says_why_a_send_would_fail(shop: ShopBuilder) -> None:
    shop.template("{{var coupon_code}}", code="Letter")
    shop.step(shop.segment("VIP"), 1, rule_id=shop.rule(is_active=0))

    result = segmail(shop, "render", "Letter", "--step", "VIP:enter:1")

    assert result.stdout == "SEQ1XXXXXXXXXX"
    assert "Warning: Sales rule 1" in result.stderr
    assert "A send would fail." in result.stderr


def test_render_without_anybody_speaks_for_the_default_store(shop: ShopBuilder, vip: int) -> None:
    shop.template("[{{var customer_name}}]{{var store.name}} {{store url='x'}}", code="Store")

    default = segmail(shop, "render", "Store").stdout
    chosen = segmail(shop, "render", "Store", "--store", "it").stdout

    assert default.startswith("[]English https://shop.example.test/")
    assert chosen.startswith("[]Italiano https://shop.example.test/")


def test_a_customer_who_never_subscribed_gets_no_mail(shop: ShopBuilder, vip: int) -> None:
    shop.customer("bob@example.test", subscribed=False)

    result = segmail(shop, "render", "Letter", "--customer", "bob@example.test")

    assert result.exit_code == 2
    assert "never subscribed" in result.stderr


def test_a_broken_template_says_where(shop: ShopBuilder, vip: int) -> None:
    shop.template("\n{{var store}}", code="Broken")

    result = segmail(shop, "render", "Broken")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Template 'Broken': {{var store}} (line 2)" in result.stderr


def test_a_file_is_rendered_for_a_customer(shop: ShopBuilder, vip: int, tmp_path: Path) -> None:
    file = tmp_path / "new.html"
    file.write_text("\ufeffCiao {{var customer.firstname}}, {{var segment_name}}\n", "utf-8")

    result = segmail(shop, "render", str(file), "--customer", "1", "--step", "1")

    assert result.stdout == "Ciao Ada, VIP\n"


def test_a_file_needs_no_shop_and_json_is_like_mahos_objects(tmp_path: Path) -> None:
    values = tmp_path / "values.json"
    values.write_text(
        '{"a": {"b": "B", "first_name": "F", "c": {"d": 1.50}}, "t": true, "n": null}', "utf-8"
    )
    text = (
        "{{var a.b}}{{var a.getB()}}{{var a.getData('b')}} {{var a.getFirstName()}} "
        "{{var a.c.d}}{{var a.getData('c/d')}} {{if t}}yes{{/if}}{{if n}}no{{/if}} é"
    )

    result = without_shop("render", "-", "--vars", str(values), stdin=text)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "BBB F 1.51.5 yes é"


def test_a_number_is_a_template_and_a_path_is_a_file(
    shop: ShopBuilder, vip: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("1").write_text("the file", "utf-8")
    Path("Letter").write_text("the file", "utf-8")

    rendered = [segmail(shop, "render", name).stdout for name in ("1", "./1", "Letter")]

    assert rendered[0].startswith("Dear ,")
    assert rendered[1:] == ["the file", "the file"]


def test_a_file_of_a_subject_is_one_line() -> None:
    result = without_shop("render", "-", "--subject", stdin=" Hello\r\nworld \n")

    assert result.stdout == "Hello world\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "told"),
    [
        (["-"], "{{store url='x'}}", 1, "address of 'x' is a shop's, and none is named"),
        (["-"], "{{include template='x'}}", 1, "newsletter template 'x' is a shop's"),
        (["-", "--customer", "1"], "Hi", 2, "no shop is named"),
        (["Welcome"], None, 2, "There is no file 'Welcome', and no shop is named"),
        (["letters/new.html"], None, 2, "There is no file 'letters/new.html'."),
        (["-"], b"caf\xe9", 2, "is not UTF-8: byte 4"),
    ],
)
def test_what_cannot_be_rendered_without_a_shop_says_so(
    arguments: list[str], stdin: str | bytes | None, code: int, told: str
) -> None:
    result = without_shop("render", *arguments, stdin=stdin)

    assert (result.exit_code, result.stdout) == (code, "")
    assert told in result.stderr


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ('{"a":\n 1 2}', ":2:4: not JSON"),
        ("[1]", "must be an object of variables"),
        ('{"a": NaN}', "NaN is no number of JSON"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_variables_that_cannot_be_read_say_where(values: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "letter.html"
    file.write_text("Hi", "utf-8")

    result = without_shop("render", str(file), "--vars", "-", stdin=values)

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_the_files_variables_count_more_than_the_shops(
    shop: ShopBuilder, vip: int, tmp_path: Path
) -> None:
    values = tmp_path / "values.json"
    values.write_text('{"customer_name": "Grace", "coupon_code": "C"}', "utf-8")

    result = segmail(shop, "render", "Letter", "--customer", "1", "--vars", str(values))

    assert result.stdout.startswith("Dear Grace,\n1 C ")


def test_lint_checks_what_steps_send(shop: ShopBuilder, vip: int) -> None:
    shop.template("{{var nobody}}", code="Nobody's")
    good = segmail(shop, "lint")
    shop.step(vip, shop.template("Dear {{var you}}\n" + WAY_OUT, code="New"), number=2)

    bad = segmail(shop, "lint")

    assert (good.exit_code, good.stdout) == (0, "No faults found in 1 template.\n")
    assert bad.exit_code == 1
    assert bad.stdout.startswith("New:1:6: error: There is no variable 'you', so {{var you}} ")
    assert bad.stdout.endswith(" [unknown-variable]\n")
    assert bad.stderr == "Error: 1 error, 0 warnings found.\n"


def test_lint_knows_which_steps_make_no_coupon(shop: ShopBuilder, vip: int) -> None:
    shop.step(shop.segment("Other"), 1, number=2)

    result = segmail(shop, "lint", "Letter")

    assert "Letter:2:25: error: {{var coupon_code}} prints nothing: Other:enter:2" in result.stdout


def test_lint_knows_which_steps_show_the_coupon_of_an_earlier_one(
    shop: ShopBuilder, vip: int
) -> None:
    shop.step(vip, 1, number=2)
    later = segmail(shop, "lint", "Letter")
    shop.step(vip, 1, number=0)

    earlier = segmail(shop, "lint", "Letter")

    assert (later.exit_code, later.stdout) == (0, "No faults found in 1 template.\n")
    assert "prints nothing: VIP:enter:0 makes no coupon" in earlier.stdout


def test_lint_looks_at_the_shops_own_partials(shop: ShopBuilder, vip: int, tmp_path: Path) -> None:
    folder = tmp_path / "app/etc/segmail"
    folder.mkdir(parents=True)
    (folder / "cart.html").write_text("<p>\n{{ item.name }}</p>", "utf-8")

    found = check_letters([], lambda: shop.shop, maho_root=tmp_path)
    named = check_letters(["Letter"], lambda: shop.shop, maho_root=tmp_path)

    assert [str(one.where) for one in found.findings] == [f"{folder}/cart.html:2:1"]
    assert "'item' is undefined" in found.findings[0].what
    assert (found.templates, named.findings) == (1, [])


def test_lint_counts_warnings_where_it_is_asked_to(tmp_path: Path) -> None:
    file = tmp_path / "new.html"
    file.write_text(f"{{{{var email|upper}}}}{WAY_OUT}", "utf-8")

    normal, strict = without_shop("lint", str(file)), without_shop("lint", str(file), "--strict")

    assert (normal.exit_code, strict.exit_code) == (0, 1)
    assert normal.stdout == strict.stdout
    assert f"{file}:1:1: warning: The modifier 'upper' does not exist" in normal.stdout


def test_lint_as_json_has_everything(shop: ShopBuilder) -> None:
    result = segmail(shop, "lint", "-", "--json", stdin="{{var customer}}" + WAY_OUT)

    assert json.loads(result.stdout) == [
        {
            "rule": "whole-object",
            "severity": "error",
            "name": "<stdin>",
            "part": "text",
            "line": 1,
            "column": 1,
            "text": "{{var customer}} prints a whole object, so no such mail can be sent.",
            "fix": "Name one of its values, such as customer.getName().",
            "stops": True,
            "stopped": "mail",
        }
    ]
    assert result.exit_code == 1


def test_lint_without_a_shop_checks_files_only() -> None:
    good = without_shop("lint", "-", stdin="{{var customer.shoe_size}}" + WAY_OUT)
    name, nothing = without_shop("lint", "Welcome"), without_shop("lint")

    assert (good.exit_code, name.exit_code, nothing.exit_code) == (0, 2, 78)
    assert "There is no file 'Welcome', and no shop is named" in name.stderr
    assert "No shop is named" in nothing.stderr
