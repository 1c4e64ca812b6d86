"""Random templates raise nothing but the template error, leak nothing, and keep the text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.templates import Kind, compile_template
from tests.thorough import by_far
from tests.unit.templates.fuzz.examine import examine
from tests.unit.templates.fuzz.grammar import template
from tests.unit.templates.fuzz.world import RAN, SECRET, World, variables

SEEDS = range(1_000)
RENDERED = SEEDS[: by_far(300, 1_000)]


@given(random=st.randoms(use_true_random=False))
def test_a_random_template_renders_or_says_why_not(random: Random) -> None:
    assert examine(random) in ("rendered", "refused")


def test_hundreds_of_templates_render_or_say_why_not(tmp_path: Path) -> None:
    (tmp_path / "public/skin/frontend/base/default").mkdir(parents=True)

    ended = Counter(examine(Random(seed), tmp_path) for seed in RENDERED)

    assert ended["rendered"] > len(RENDERED) / 3
    assert ended["refused"] > len(RENDERED) / 30


def test_the_random_templates_try_what_they_are_meant_to() -> None:
    tried = "".join(template(Random(seed)) for seed in SEEDS)

    for part in ("{{if ", "{{else}}", "{{depend ", "{{include ", "{{VAR ", "|escape",
                 "$customer", "password_hash",
                 "__globals__", "{%", "\ud800", "../", "allowed_tags"):  # fmt: skip
        assert part in tried


@pytest.mark.parametrize(
    ("source", "leak"), [("{{var zqcanary}}", RAN), ("{{include template=zq}}", RAN)]
)
def test_what_must_not_run_would_be_seen(source: str, leak: str) -> None:
    world = World({"zq": RAN}, {})

    assert leak in compile_template(source, kind=Kind.TEXT).render(variables(world), world)


def test_the_secrets_are_where_templates_look() -> None:
    world = World({}, {})

    assert world.stored.value("system/smtp/password", 1) == SECRET
    assert world.others[0].values["firstname"] == SECRET
