"""Files of segments: what they say, and every fault with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.campaigns.entry import FileFaults, SegmentEntry
from segmail.campaigns.read import read_campaign
from segmail.campaigns.texts import Texts
from segmail.campaigns.write import write_entries
from segmail.maho.policies import Goal, OnExit, OnReentry
from segmail.segments.conditions.canonical import canonical_tree
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import Combine, Leaf
from segmail.segments.stored.state import Refresh
from tests.each_case import for_each
from tests.program import ROOT
from tests.recorded_conditions import CASES
from tests.unit.segments.language.trees import TREES

WHOLE = """\
segments:
  - name: Cart abandoned 1+ hours
    description: Not bought yet
    active: true
    websites: [base, 2]
    customer groups: [General, '3']
    refresh: segmail
    automation:
      on exit: stop
      goal: order
      on re-entry: each entry after 7 days
    conditions:
      all:
        - cart: active = yes
        - not all:
            - newsletter: status = subscribed
"""
USE_CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "golden" / "use_cases.json").read_text()
)
UNKNOWN = {"address nosuch == x", "order nosuch == 1", "only unknown attribute, FALSE"}


def read(text: str | bytes) -> tuple[list[SegmentEntry], list[str]]:
    faults = FileFaults("f.yaml")
    data = text.encode() if isinstance(text, str) else text
    entries = list(read_campaign(data, Texts(Path()), faults).segments)
    return entries, [str(fault) for fault in faults.told()]


def read_right(text: str) -> list[SegmentEntry]:
    entries, faults = read(text)
    assert faults == []
    return entries


def test_a_file_says_everything_about_a_segment() -> None:
    [entry] = read_right(WHOLE)

    assert (entry.name, entry.description) == ("Cart abandoned 1+ hours", "Not bought yet")
    assert (entry.active, entry.websites, entry.groups) == (True, ("base", 2), ("General", "3"))
    assert entry.refresh is Refresh.SEGMAIL
    assert entry.policies == {
        "on_exit": OnExit.STOP,
        "goal": Goal.ORDER,
        "on_reentry": "each entry after 7 days",
    }
    assert entry.tree == Combine(True, True, (
        Leaf("cart_attributes", "is_active", "==", "1", "1"),
        Combine(True, False, (Leaf("customer_newsletter", "subscriber_status", "==", "1", "2.1"),),
                "2"),
    ), "root")  # fmt: skip


def test_a_policy_that_means_nothing_is_told_with_what_it_can_be() -> None:
    text = "segments:\n- name: x\n  automation:\n    on re-entry: each entry after 0 days\n"

    assert read(text)[1] == [
        "f.yaml:4: 'on re-entry' must be 'once', 'never', 'each entry' or "
        "'each entry after 7 days', not 'each entry after 0 days'."
    ]


@pytest.mark.parametrize(
    ("said", "stored"),
    [("restart", "once"), ("Each  entry after 1 day", "each entry after 1 day")],
)
def test_re_entry_is_kept_in_one_form(said: str, stored: str) -> None:
    assert str(OnReentry(said)) == stored


def test_written_it_is_the_same_text() -> None:
    assert write_entries(read_right(WHOLE)) == WHOLE


def test_what_is_not_said_is_none() -> None:
    [entry] = read_right("segments: [{name: 2026}]")

    assert entry == SegmentEntry(name="2026", keys=frozenset({"name"}), lines={"": 1, "name": 1})


@for_each("name", ["not all", "none", "any", "all"])
def test_the_four_combinations_have_names(name: str) -> None:
    [entry] = read_right(f"segments:\n- name: x\n  conditions:\n    {name}: []\n")

    assert entry.tree is not None
    assert (entry.tree.every, entry.tree.expects) == ("all" in name, name in ("all", "any"))


@given(st.lists(TREES, min_size=1, max_size=3))
def test_every_tree_comes_back_from_its_file(trees: list[Combine]) -> None:
    text = write_entries(
        [SegmentEntry(f"s{number}", tree=tree) for number, tree in enumerate(trees)]
    )
    entries = read_right(text)

    assert [entry.tree for entry in entries] == trees
    assert write_entries(entries) == text


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(TEXTS.filter(str.strip), TEXTS, st.lists(TEXTS | st.integers(0, 99), min_size=1))
def test_every_text_comes_back_from_its_file(
    name: str, description: str, websites: list[str | int]
) -> None:
    text = write_entries([SegmentEntry(name, description, websites=tuple(websites), groups=())])
    [entry] = read_right(text)

    assert (entry.name, entry.description) == (name, description)
    assert (entry.websites, entry.groups) == (tuple(websites), ())


@for_each("case", CASES, ids=lambda case: case.name)
def test_the_recorded_trees_come_back_from_their_files(case: Any) -> None:
    if case.name in UNKNOWN:
        return
    tree = canonical_tree(read_conditions(case.php))

    [entry] = read_right(write_entries([SegmentEntry("x", tree=tree)]))

    assert entry.tree == tree


@for_each("case", USE_CASES, ids=lambda case: case["name"])
def test_the_use_cases_come_back_from_their_files(case: dict[str, Any]) -> None:
    tree = canonical_tree(read_conditions(json.dumps(case["conditions"])))

    [entry] = read_right(write_entries([SegmentEntry(case["name"], tree=tree)]))

    assert entry.tree == tree


def test_every_fault_is_told_with_its_line() -> None:
    _, faults = read("""\
segments:
  - name: A
    activ: true
    active: sometimes
    websites: base
    refresh: often
    automation: {on exit: stay, goal: order, goal: none}
    conditions:
      all:
        - cart: active
        - carts: active = yes
        - all:
            cart: active = yes
        - cart: active = yes
          newsletter: status = subscribed
        - any: {cart: active = yes}
  - description: nameless
  - name: a
""")

    assert [fault.split(" ")[0] for fault in faults] == [
        "f.yaml:3:", "f.yaml:4:", "f.yaml:5:", "f.yaml:6:", "f.yaml:7:", "f.yaml:7:",
        "f.yaml:10:", "f.yaml:11:", "f.yaml:13:", "f.yaml:14:", "f.yaml:16:", "f.yaml:17:",
        "f.yaml:18:",
    ]  # fmt: skip


@for_each(
    ("text", "fault"),
    [
        ("", "f.yaml:1: The file is empty; it has 'templates', 'sales rules', 'segments'."),
        ("x: 1", "f.yaml:1: 'x' is unknown; it can be 'templates', 'sales rules', 'segments'."),
        ("segments: {}", "f.yaml:1: 'segments' must be a list."),
        ("segments:\n- {name: x, automation: {group: ''}}", "f.yaml:2: 'group' must be a name of "),
        ("- a", "f.yaml:1: Here must be keys with values: 'templates', 'sales rules', 'segments'."),
        ("segments:\n- name: a\n- name: b: c", "f.yaml:3: This is not YAML: "),
        ("a: 1\n---\nb: 1", "f.yaml:2: A second document begins here"),
        ("a: &x [*x]", "f.yaml:1: Anchors (&) and aliases (*) are not read."),
        ("\n\na: !!python/name:os.system", "f.yaml:3: Tags such as "),
        ("? [a]\n: 1", "f.yaml:1: A key must be a text."),
        ('a: "\\ud800"', "f.yaml:1: This text is not Unicode."),
        (b"a:\n  \xff", "f.yaml:2: This is not UTF-8."),
        (b"a:\n  \x00", "f.yaml:2: This is not YAML: the character U+0000 is not allowed."),
        ("[" * 200 + "]" * 200, "f.yaml:1: This is nested more than 130 deep."),
        (b"#" * 2_000_001, "f.yaml:1: The file is longer than 2,000,000 bytes."),
    ],
)
def test_what_is_no_such_file_is_refused(text: str | bytes, fault: str) -> None:
    _, faults = read(text)

    assert any(told.startswith(fault) for told in faults)


@given(st.binary() | st.text(st.sampled_from("ab:-[]{}#'\"!&*?|>%@,~ \n\t")).map(str.encode))
def test_whatever_is_in_a_file_is_read_or_refused(data: bytes) -> None:
    entries, faults = read(data)

    assert faults or entries


def test_a_fault_names_its_key() -> None:
    _, faults = read("segments:\n- {name: x, active: 2, automation: {active: 1, aktive: no}}\n")

    assert faults == [
        "f.yaml:2: 'active' must be yes or no, not '1'.",
        "f.yaml:2: 'active' must be yes or no, not '2'.",
        "f.yaml:2: 'automation': 'aktive' is unknown; it can be 'trigger', 'active', 'on exit', "
        "'goal', 'on re-entry', 'group', 'priority', 'holdout', 'cap', 'send window', "
        "'quiet hours', 'weekdays', 'gap', 'expiry'. Did you mean 'active'?",
    ]


def test_the_documented_file_is_right() -> None:
    [block] = re.findall(
        r"```yaml\n(segments:\n.*?)```", (ROOT / "docs/segments.md").read_text("utf-8"), re.DOTALL
    )

    [entry] = read_right(block)

    assert entry.tree is not None
    assert len(entry.keys) == 8
