"""Renders very many random templates; started by `bin/fuzz-templates`."""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random, SystemRandom

from tests.unit.templates.fuzz.examine import examine
from tests.unit.templates.fuzz.grammar import template
from tests.unit.templates.fuzz.world import SECRET

_LONGEST = 60  # seconds for one template, after which the process ends with a traceback
_SHOWN = 5


def main() -> None:
    options = _options()
    if options.only is not None:
        random = Random(f"{options.seed}:{options.only}")
        print(repr(template(random)))
        print(examine(Random(f"{options.seed}:{options.only}")))
        return
    print(f"{options.count:,} templates, --seed {options.seed}", flush=True)
    started = time.monotonic()
    with multiprocessing.Pool(options.processes) as pool:
        shards = [
            range(first, options.count, options.processes) for first in range(options.processes)
        ]
        results = pool.starmap(_examine_all, [(options.seed, shard) for shard in shards])
    ended = sum((counted for counted, _ in results), Counter[str]())
    faults = [fault for _, found in results for fault in found]
    print(*faults[:_SHOWN], sep="\n")
    seconds = time.monotonic() - started
    print(", ".join(f"{count:,} {how}" for how, count in ended.items()), f"in {seconds:.0f} s")
    sys.exit(1 if faults else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/fuzz-templates", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100_000, help="by default 100,000")
    parser.add_argument(
        "--seed", type=int, default=SystemRandom().randrange(10**9), help="repeats a run"
    )
    parser.add_argument("--only", type=int, metavar="N", help="the N-th template of a run alone")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _examine_all(seed: int, numbers: range) -> tuple[Counter[str], list[str]]:
    os.environ["SEGMAIL_FUZZ_SECRET"] = SECRET
    ended: Counter[str] = Counter()
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        maho_root = Path(folder)
        (maho_root / "public/skin/frontend/base/default").mkdir(parents=True)
        for number in numbers:
            faulthandler.dump_traceback_later(_LONGEST, exit=True)
            try:
                ended[examine(Random(f"{seed}:{number}"), maho_root)] += 1
            except Exception:  # noqa: BLE001 (these are what it looks for)
                ended["broken"] += 1
                faults.append(f"--seed {seed} --only {number}\n{traceback.format_exc()}")
    faulthandler.cancel_dump_traceback_later()
    return ended, faults


if __name__ == "__main__":
    main()
