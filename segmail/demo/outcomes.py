"""What became of the due rows, in a few lines: similar outcomes together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from segmail.delivery.rows.outcome import Outcome, Status
from segmail.demo.people import PEOPLE
from segmail.demo.run_jobs import Story


@dataclass(frozen=True)
class OutcomeLine:
    """A number of rows with the same outcome."""

    outcome: str
    count: int
    what: str
    whom: str


def outcome_lines(story: Story) -> Iterator[OutcomeLine]:
    """Yield the outcomes of the run, the most frequent first, then what is held or not due."""
    for status in Status:
        outcomes = [outcome for outcome in story.outcomes if outcome.status is status]
        groups = _grouped(outcomes, story)
        for what, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
            yield OutcomeLine(status.value, len(group), what, _whom(group))
    if story.summary.held:
        yield OutcomeLine("held", story.summary.held, "their segment is switched off", "")
    if story.not_due:
        yield OutcomeLine("not due", story.not_due, "they wait for their time", "")


def _grouped(outcomes: Sequence[Outcome], story: Story) -> dict[str, list[Outcome]]:
    """Return the outcomes by reason; sent ones by their text."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        sent = outcome.status is Status.SENT
        groups[_letter(outcome, story) if sent else outcome.reason].append(outcome)
    return groups


def _letter(outcome: Outcome, story: Story) -> str:
    step = outcome.row.step
    template = next(s.template for s in story.steps if s.sequence_id == step.sequence_id)
    return f"{step.segment.name}: {template}{' (coupon)' if outcome.coupon_code else ''}"


def _whom(outcomes: Iterable[Outcome]) -> str:
    first, *others = sorted({outcome.row.customer_id for outcome in outcomes})
    person = PEOPLE[first - 1]
    more = f" and {len(others)} more" if others else ""
    return f"{person.first} {person.last}{more}"
