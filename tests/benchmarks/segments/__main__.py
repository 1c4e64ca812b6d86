"""Measures `refresh-segments` in a large shop; started by `bin/bench-segments`."""

from __future__ import annotations

import signal
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from tests.benchmarks.machine import this_machine
from tests.benchmarks.program import Segmail
from tests.benchmarks.segments.figures import Figures, Stage, load, replace_file, save
from tests.benchmarks.segments.filled import filled_shop, fingerprint
from tests.benchmarks.segments.measure import Bench
from tests.benchmarks.segments.options import Options, parse_options
from tests.benchmarks.segments.progress import say
from tests.benchmarks.segments.recording import Recorder, commit
from tests.benchmarks.segments.report import as_markdown
from tests.benchmarks.segments.server import SETTINGS, serving
from tests.benchmarks.segments.shop import LargeShop
from tests.benchmarks.segments.stages import STAGES
from tests.benchmarks.server import Counters

_FIGURES, _REPORT = "segments.json", "SEGMENTS.md"


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped, too
    options = parse_options(sys.argv[1:], STAGES)
    kept = _kept_stages(options)
    wanted = [
        name for name in options.stages if not (options.resumes and _is_up_to_date(kept, name))
    ]
    if not wanted:
        sys.exit("Nothing to do: the report has every stage of this commit.")
    with ExitStack() as stack:
        bench, figures = _set_up(stack, options)
        figures.stages.update(kept)
        recorder = Recorder(figures, lambda found: _write(found, options.output))
        for name in wanted:
            say(f"{name}: {STAGES[name].__doc__}")
            with recorder.stage_of(name):
                STAGES[name](bench, recorder)
    say(f"The report is in {options.output / _REPORT}")
    sys.exit(not all(name in figures.stages and figures.stages[name].is_done for name in wanted))


def _kept_stages(options: Options) -> dict[str, Stage]:
    """Return the stages of the report that is there, where they are to be kept."""
    file = options.output / _FIGURES
    if not options.keeps or not file.exists():
        return {}
    found = load(file)
    if (found.filled.scale, found.filled.fingerprint) != (options.scale, fingerprint()):
        sys.exit(f"{file} tells of another shop: give another --output, or measure all stages.")
    return found.stages


def _is_up_to_date(kept: dict[str, Stage], name: str) -> bool:
    return name in kept and kept[name].is_done and kept[name].commit == commit()


def _set_up(stack: ExitStack, options: Options) -> tuple[Bench, Figures]:
    filled, data = stack.enter_context(filled_shop(options.scale, options.data))
    server = stack.enter_context(serving(data))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="segmail-bench-")))
    shop = LargeShop(server, options.scale)
    stack.callback(shop.close)
    counters = Counters(server)
    stack.callback(_close, counters)
    bench = Bench(shop, Segmail(shop.url, folder), counters)
    say("Reading the tables and their indexes once, so that all stages find warm pages")
    shop.warm()
    bench.refresh("--segment", "1", "--dry-run", now="2026-11-22 12:00")  # compiles segmail, too
    return bench, Figures(asdict(this_machine(server)), [*SETTINGS], filled)


def _close(counters: Counters) -> None:
    with suppress(SQLAlchemyError):  # the server may have ended: the stages tell
        counters.close()


def _write(figures: Figures, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save(figures, folder / _FIGURES)
    replace_file(folder / _REPORT, as_markdown(figures, STAGES))


if __name__ == "__main__":
    main()
