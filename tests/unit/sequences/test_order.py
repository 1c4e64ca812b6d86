"""What is odd about the steps of a sequence taken together."""

from __future__ import annotations

from dataclasses import replace

from segmail.findings import Severity
from segmail.maho.steps import Segment, Step, Trigger
from segmail.sequences.order import order_findings
from segmail.sequences.wanted_step import blank_step

VIP = Segment(1, "VIP", True, True, None, False)


def step(number: int, *, delay: int = 0, template: int | None = None, active: bool = True) -> Step:
    return replace(
        blank_step(VIP),
        sequence_id=number,
        step_number=number,
        delay_minutes=delay,
        template_id=template or number,
        is_active=active,
    )


def texts(*steps: Step) -> list[str]:
    return [finding.what for finding in order_findings(steps)]


def test_a_sequence_in_order_has_no_findings() -> None:
    assert texts(step(1), step(2, delay=60), step(3, delay=60)) == []


def test_a_later_step_that_is_sent_sooner_is_odd() -> None:
    [finding] = order_findings([step(1, delay=1440), step(2, delay=60)])

    assert finding.severity is Severity.WARNING
    assert finding.where.step == "VIP:enter:2"
    assert "after 1 h, sooner than VIP:enter:1, which is sent after 1 day" in finding.what


def test_gaps_are_named() -> None:
    assert texts(step(2), step(3), step(6)) == [
        "Before it step 1 is missing.",
        "Before it steps 4 to 5 are missing.",
    ]


def test_the_same_template_at_the_same_time_is_odd() -> None:
    assert texts(step(1, template=5), step(2, template=5)) == [
        "It sends the same template at the same time as VIP:enter:1."
    ]


def test_a_number_that_two_steps_have_is_an_error() -> None:
    [finding] = order_findings([step(1), replace(step(1), sequence_id=9, template_id=9)])

    assert (finding.severity, finding.where.sequence_id) == (Severity.ERROR, 9)


def test_steps_that_are_switched_off_leave_no_gap_and_no_disorder() -> None:
    assert texts(step(1), step(2, delay=9999, active=False), step(3, delay=60)) == []


def test_the_steps_of_two_triggers_are_two_sequences() -> None:
    leaving = replace(step(1), trigger=Trigger.EXIT)

    assert texts(step(1, delay=60), leaving) == []
