"""What follows from the figures; nothing is said that the figures do not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.benchmarks.segments.figures import Figures, Run

_SLOWEST = 5


def findings(figures: Figures) -> Iterator[str]:
    """Yield a sentence or two on each thing that was measured."""
    yield from _load(figures)
    runs = [run for stage in figures.stages.values() for run in stage.runs.values()]
    if runs:
        yield from _program(runs)
    for name in ("first", "change"):
        if seconds := figures.seconds(name):
            yield _slowest(name, seconds, figures.stages[name].runs.values())
    yield from _waits(figures)
    yield from _helpful(figures)
    yield from _plans(figures)


def _load(figures: Figures) -> Iterator[str]:
    cores = int(figures.machine["cores"])
    loads = [stage.load_before for stage in figures.stages.values()]
    if loads and max(loads) > cores:
        yield (
            f"Other programs used the {cores} cores, too: the load was up to {max(loads):.1f} when "
            "a stage began. Where a run waited for a core, MariaDB's CPU seconds are the better "
            "measure."
        )


def _program(runs: list[Run]) -> Iterator[str]:
    peaks = [run.peak_mib for run in runs]
    yield (
        f"Memory: segmail's peak was {min(peaks):.0f} to {max(peaks):.0f} MiB in {len(runs)} runs; "
        f"the largest changed {max(map(_changed, runs)):,} members."
    )
    if counted := [run.statements for run in runs if run.statements is not None]:
        yield (
            f"A run of one segment took {min(counted)} to {max(counted)} statements, the program's "
            "start included."
        )


def _changed(run: Run) -> int:
    return sum(int(told["entered"]) + int(told["left"]) for told in run.segments)


def _slowest(stage: str, seconds: dict[str, float], runs: Iterable[Run]) -> str:
    total, cpu = sum(seconds.values()), sum(run.server_cpu for run in runs)
    slowest = sorted(seconds, key=lambda name: seconds[name], reverse=True)[:_SLOWEST]
    share = sum(seconds[name] for name in slowest) / total if total else 0
    told = ", ".join(f"{name} {seconds[name]:.1f} s" for name in slowest)
    what = {"first": "First fill", "change": "After a change of 1 %"}[stage]
    return (
        f"{what}: {len(seconds)} segments in {total:.0f} s (MariaDB's CPU {cpu:.0f} s), "
        f"{share:.0%} of it in {len(slowest)}: {told}."
    )


def _waits(figures: Figures) -> Iterator[str]:
    for stage in figures.stages.values():
        for name, run in stage.runs.items():
            if (locks := run.locks) is not None:
                yield (
                    f"Shoppers during “{name}” ({run.wall:.0f} s, {locks.writes:,} writes, "
                    f"{locks.refused} of them refused): a cart waited {locks.cart_wait:.2f} s at "
                    f"most, an order {locks.order_wait:.2f} s, an account {locks.account_wait:.2f} "
                    f"s; a transaction held up to {locks.rows:,} row locks."
                )


def _helpful(figures: Figures) -> Iterator[str]:
    tried = [one for stage in figures.stages.values() for one in stage.indexes]
    if not tried:
        return
    helped = [one for one in tried if one.after and one.before >= 2 * one.after]
    told = "; ".join(
        f"`{one.table} ({one.columns})` for “{one.segment}”, {one.before:.2f} to {one.after:.2f} s"
        for one in helped
    )
    others = len(tried) - len(helped)
    yield f"Indexes that at least halved a statement: {told or 'none'}. {others} gained less."


def _plans(figures: Figures) -> Iterator[str]:
    plans = {name: plan for stage in figures.stages.values() for name, plan in stage.plans.items()}
    for mark in ("DEPENDENT SUBQUERY", "Using temporary", "Using filesort"):
        found = [
            name for name, plan in plans.items() if any(mark in cell for row in plan.rows
                                                        for cell in row)
        ]  # fmt: skip
        if plans:
            yield f"EXPLAIN says “{mark}” of {', '.join(found) or 'no segment'}."
