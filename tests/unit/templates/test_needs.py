"""What a template says it reads."""

from __future__ import annotations

from segmail.templates import Kind, Needs, compile_template
from tests.each_case import for_each
from tests.unit.templates.recorded import RecordedSite


@for_each(
    ("source", "variables", "members"),
    [
        ("no directive", set(), {}),
        ("{{var a}}{{if b}}{{var c}}{{else}}{{var d}}{{/if}}", {"a", "b", "c", "d"}, {}),
        ("{{var customer.firstname}}{{depend customer.getGender()}}x{{/depend}}",
         {"customer"}, {"customer": {"firstname", "gender"}}),
        ("{{var customer.getData('dob')}}{{var customer.NAME|escape}}",
         {"customer"}, {"customer": {"dob", "name"}}),
        ("{{var store.website.name}}{{store url=$customer.getUrlKey()}}",
         {"store", "customer"}, {"store": {"website"}, "customer": {"url_key"}}),
        ("{{htmlescape var=$customer.first_name}}{{trans $x}}",
         {"customer"}, {"customer": {"first_name"}}),
    ],
)  # fmt: skip
def test_needs_name_the_variables_and_the_members_of_objects(
    source: str, variables: set[str], members: dict[str, set[str]]
) -> None:
    assert compile_template(source, kind=Kind.HTML).needs == Needs(
        frozenset(variables), {name: frozenset(keys) for name, keys in members.items()}
    )


def test_needs_go_through_what_is_included() -> None:
    site = RecordedSite(
        templates={"t": "{{var who.gender}}{{block id=b}}{{include template=t}}"},
        blocks={"b": "{{var customer.dob}}"},
    )
    template = compile_template("{{include template=t who=$customer}}", kind=Kind.HTML)

    needs = template.all_needs(site)

    assert template.needs.templates == {"t"}
    assert needs.blocks == {"b"}
    assert needs.members["customer"] == {"gender", "dob"}
    assert not needs.everything


def test_needs_go_through_transactional_templates_and_blocks_by_type() -> None:
    site = RecordedSite(
        emails={"design/email/header": "{{var customer.taxvat}}"},
        blocks={"b": "{{var customer.dob}}"},
    )
    source = "{{template config_path='design/email/header'}}{{block type='cms/block' block_id='b'}}"

    needs = compile_template(source, kind=Kind.HTML).all_needs(site)

    assert needs.emails == {"design/email/header"}
    assert needs.blocks == {"b"}
    assert needs.members["customer"] == {"taxvat", "dob"}


def test_an_include_by_variable_may_need_everything() -> None:
    needs = compile_template("{{include template=$coupon_code}}", kind=Kind.HTML).needs

    assert needs.everything
    assert needs.variables == {"coupon_code"}
