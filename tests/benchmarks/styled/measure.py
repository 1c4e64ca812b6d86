"""What is measured with the styled newsletter, each for every copy of the program in turn."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.program import Segmail, Used
from tests.benchmarks.shop import BenchmarkShop
from tests.benchmarks.sink import Sink
from tests.benchmarks.styled.proxy import delayed

MAILS = 3_000
FEW, MANY = 150, 600  # mails whose instructions are counted: the difference leaves the start out
ROUND_TRIP = 0.02  # seconds
_CONNECTIONS = 4
_MANY_CONNECTIONS = 16
_COLLECTED = re.compile(r"Collected : (\d+)")


@dataclass(frozen=True)
class Copies:
    """The shop and the sink, and copies of the program by name, such as `now` and `before`."""

    shop: BenchmarkShop
    sink: Sink
    copies: dict[str, Segmail]

    def message(self) -> Path:
        """Write one mail into a file and return it."""
        program = next(iter(self.copies.values()))
        self.shop.schedule_styled(1)
        mails = program.folder / "mails"
        program.run("process-emails", smtp_url=f"file://{mails}")
        [mail] = mails.glob("*.eml")
        return mail

    def sent(self, rounds: int) -> Iterator[tuple[str, Used]]:
        """Yield what each copy uses for 3,000 mails in one process, round by round."""
        for number in range(rounds):
            names = list(self.copies)[:: -1 if number % 2 else 1]
            for name in names:
                yield name, self._send(self.copies[name], self.sink, MAILS, _CONNECTIONS)

    def on_link(self, message: Path) -> Iterator[tuple[str, int, float]]:
        """Yield mails per second by connections over a slow link, and smtp-source's at last."""
        with delayed(self.sink, round_trip=ROUND_TRIP) as link:
            for connections in (_CONNECTIONS, _MANY_CONNECTIONS):
                for name, program in self.copies.items():
                    used = self._send(program, link, MAILS, connections)
                    yield name, connections, MAILS / used.seconds
                rate = link.push(message, count=MAILS, connections=connections, keep=True)
                yield "smtp-source -d", connections, rate

    def instructions(self) -> Iterator[tuple[str, float]]:
        """Yield how many instructions each copy executes for a mail, as callgrind counts them."""
        for name, program in self.copies.items():
            few, many = (self._counted(program, count) for count in (FEW, MANY))
            yield name, (many - few) / (MANY - FEW)

    def _counted(self, program: Segmail, count: int) -> int:
        log = program.folder / "valgrind"
        through = ["valgrind", "--tool=callgrind", f"--log-file={log}",
                   f"--callgrind-out-file={program.folder}/callgrind"]  # fmt: skip
        # Forty times slower than else, it would claim few rows at a time, and check them again.
        patient = program.folder / "patient.toml"
        patient.write_text("[delivery]\nrecheck_seconds = 600\n", "utf-8")
        given = "--config", str(patient)
        self._send(program, self.sink, count, _CONNECTIONS, given=given, through=through)
        found = _COLLECTED.search(log.read_text())
        if found is None:
            raise RuntimeError(f"callgrind counted nothing: {log.read_text()[-500:]}")
        return int(found[1])

    def _send(
        self,
        program: Segmail,
        sink: Sink,
        count: int,
        connections: int,
        *,
        given: Sequence[str] = (),
        through: Sequence[str] = (),
    ) -> Used:
        program.forget_runs()
        self.shop.schedule_styled(count)
        out, used = program.run(
            *given,
            "process-emails",
            *("--limit", f"{count}", "--connections", f"{connections}", "--workers", "1", "--json"),
            smtp_url=sink.url,
            through=through,
        )
        if json.loads(out)["sent"] != count:
            raise RuntimeError(f"not every row was sent: {out}")
        return used


def copies_of(program: Segmail, before: Path | None) -> dict[str, Segmail]:
    """Return the program, and the copy of it in the folder `before`."""
    return {"now": program} | ({"before": replace(program, code=before)} if before else {})
