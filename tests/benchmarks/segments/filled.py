"""The filled data directory of a shop: made once, and copied for each run where it is kept."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from segmail.maho.schema import sales_tables, tables
from tests.benchmarks.segments import rows, shop, trees
from tests.benchmarks.segments.figures import Filled
from tests.benchmarks.segments.progress import say
from tests.benchmarks.segments.server import FILLING, install, serving
from tests.benchmarks.segments.shop import LargeShop

_MAKERS = (rows, shop, trees, tables, sales_tables)


@contextmanager
def filled_shop(scale: float, kept: Path | None) -> Iterator[tuple[Filled, Path]]:
    """Yield what is in a shop as it was filled, and a data directory of it to work on.

    In the folder `kept` the filled directory stays as it is and serves the next run, too, unless it
    is of another size or made otherwise; then it is made again. Without it nothing stays.
    """
    with tempfile.TemporaryDirectory(prefix="segmail-segments-") as temporary:
        if kept is None:
            yield _fill(Path(temporary), scale), Path(temporary, "data")
            return
        kept.mkdir(parents=True, exist_ok=True)
        with _locked(kept / "lock"), tempfile.TemporaryDirectory(prefix="run-", dir=kept) as run:
            filled = _reused(kept, scale) or _fill(kept, scale)
            say("Copying the filled shop")
            copy = ("cp", "-a", "--sparse=always")  # the server's log is two gigabytes of nothing
            subprocess.run([*copy, f"{kept / 'data'}", run], check=True)
            yield filled, Path(run, "data")


def fingerprint() -> str:
    """Return a digest of all that decides on the rows: their making, the tables, the server."""
    version = subprocess.run(["mariadbd", "--version"], check=True, capture_output=True).stdout
    made = b"".join(Path(str(module.__file__)).read_bytes() for module in _MAKERS)
    return hashlib.sha256(made + version).hexdigest()[:16]


def _reused(folder: Path, scale: float) -> Filled | None:
    told = folder / "filled.json"
    if not told.exists():
        return None
    filled = Filled(**json.loads(told.read_text("utf-8")))
    if (filled.scale, filled.fingerprint) != (scale, fingerprint()):
        say(f"The shop in {folder} is of another size, or was made otherwise")
        return None
    say(f"Using the shop in {folder}, with {filled.customers:,} customers")
    return filled


def _fill(folder: Path, scale: float) -> Filled:
    (folder / "filled.json").unlink(missing_ok=True)  # written last: a broken filling is no shop
    data = folder / "data"
    if data.exists():
        shutil.rmtree(data)
    install(data)
    made = fingerprint()  # before somebody edits a file meanwhile
    with serving(data, *FILLING, keep=True) as server:
        large = LargeShop(server, scale)
        say(f"Filling a shop with {large.customers:,} customers")
        began = time.monotonic()
        large.create()
        seconds = time.monotonic() - began
        filled = Filled(scale, made, large.customers, large.sizes(), large.data_mib(), seconds)
        large.close()
        say(f"  filled and indexed in {seconds:.0f} s; {filled.data_mib:,} MiB")
    (folder / "filled.json").write_text(json.dumps(asdict(filled), indent=1) + "\n", "utf-8")
    return filled


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Let one benchmark at a time use a folder."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"Another benchmark uses {file.parent}.") from None
        _remove_remains(file.parent)
        yield


def _remove_remains(folder: Path) -> None:
    for remains in folder.glob("run-*"):  # of a run that was killed
        shutil.rmtree(remains)
