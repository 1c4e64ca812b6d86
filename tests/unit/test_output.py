"""JSON for scripts, tables for people, no progress bar without a terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from segmail.maho.steps import Trigger
from segmail.output import print_json, print_table, progress_bar


@dataclass(frozen=True)
class Thing:
    at: datetime
    trigger: Trigger
    ids: frozenset[int]


def test_json_carries_dataclasses_times_enums_and_sets(capsys: pytest.CaptureFixture[str]) -> None:
    thing = Thing(datetime(2026, 1, 2, tzinfo=UTC), Trigger.EXIT, frozenset({3, 1}))

    print_json({"thing": thing, "day": date(2026, 1, 2), "amount": Decimal("1.50"), "name": "Zoë"})

    assert json.loads(capsys.readouterr().out) == {
        "thing": {"at": "2026-01-02T00:00:00+00:00", "trigger": "exit", "ids": [1, 3]},
        "day": "2026-01-02",
        "amount": "1.50",
        "name": "Zoë",
    }


def test_a_table_prints_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Steps", ("Name", "Count"), [("[bold]VIP[/bold]", 3), (None, 0)])

    out = capsys.readouterr().out
    assert "[bold]VIP[/bold]" in out
    assert "None" not in out


def test_there_is_no_progress_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("Sending", 10) as advance:
        advance(3)

    assert capsys.readouterr() == ("", "")


def test_a_table_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Steps", ("Name",), [("550 \x1b[31mred\x07\x9b2J",)])

    assert "550 [31mred2J" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_address_name_or_path_is_broken_however_narrow_the_terminal_is(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    whole = (
        "annemarie.von-der-heide@subsidiary.example",
        "New customers:enter:1",
        "customer_segmentation/email_automation/enabled",
    )

    print_table("Rows", ("E-mail", "Step", "Setting", "Sent"), [(*whole, "1,500")] * 2)

    out = capsys.readouterr().out
    assert all(out.count(text) == 2 for text in whole)
    assert max(map(len, out.splitlines())) <= columns


def test_numbers_are_flush_right(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Steps", ("Name", "Count"), [("a", "1,500"), ("b", 7), ("c", None)])

    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip()[-6:] for line in lines if line.strip()[:1] in ("a", "b")] == [
        " 1,500",
        "     7",
    ]


def test_no_text_is_squeezed_into_a_tall_thin_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segmail.output.terminal_width", lambda: 60)
    what = "7 rows are due; the oldest has waited 23 h 30 min."
    columns = ("Severity", "About", "What", "What to do")

    print_table("", columns, [("warning", "refresh-segments", what, "segmail process-emails")])

    assert f"\nWhat        {what.removesuffix(' min.')}\n" in capsys.readouterr().out
