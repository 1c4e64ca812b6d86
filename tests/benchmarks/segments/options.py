"""The options of `bin/bench-segments`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_REPORT = _ROOT / "tests" / "benchmarks"

_EPILOG = """\
The stages: first (first fill of each segment), change (again after a change of one row in a
hundred), together (all at once after another one, beside shoppers), again (everybody asked, nothing
new, a hundredth changed), everybody (all customers enrolled), loop (customer by customer), explain,
indexes. What a stage needs of an earlier one that does not run is prepared without being measured.
"""


@dataclass(frozen=True)
class Options:
    """What to measure, and where to put it."""

    scale: float
    stages: tuple[str, ...]
    keeps: bool  # the other stages of the report that is there
    resumes: bool  # leaves out what is done on this commit
    data: Path | None
    output: Path


def parse_options(arguments: list[str], stages: Iterable[str]) -> Options:
    """Return the options; a wrong one ends the program."""
    known = tuple(stages)
    parser = _parser()
    given = parser.parse_args(arguments)
    wanted = known if given.only is None else tuple(given.only.split(","))
    if unknown := [stage for stage in wanted if stage not in known]:
        parser.error(f"no such stage: {', '.join(unknown)}; there are {', '.join(known)}")
    if not 0.001 <= given.scale <= 1:
        parser.error("--scale is from 0.001 to 1")
    return Options(
        scale=given.scale,
        stages=tuple(stage for stage in known if stage in wanted),
        keeps=given.resume or given.only is not None,
        resumes=given.resume,
        data=given.data and given.data.resolve(),
        output=(given.output or _output(given.scale)).resolve(),
    )


def _output(scale: float) -> Path:
    """Return where the report goes: that of the full shop is never replaced by a smaller one."""
    return _REPORT if scale == 1 else _ROOT / "build" / f"bench-segments-{scale:g}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/bench-segments",
        description="Measure refresh-segments in a large shop on a private MariaDB.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(scale=0.1)
    parser.add_argument(
        "--full", dest="scale", action="store_const", const=1.0, help="a million customers"
    )
    parser.add_argument(
        "--scale", type=float, metavar="X", help="part of a million; by default 0.1"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep the filled shop there, and use it again"
    )
    parser.add_argument(
        "--only", metavar="STAGE,…", help="measure these stages; the report keeps its others"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="measure what the report lacks, or has of another commit",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="where SEGMENTS.md and segments.json are written; by default "
        "tests/benchmarks for the full shop, else build/bench-segments-X",
    )
    return parser
