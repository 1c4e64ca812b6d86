"""Other ways to send the same mail: a loop by hand, and django-post_office."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

from sqlalchemy import URL

from tests.bare_database import run
from tests.benchmarks.program import Used, measured_run
from tests.benchmarks.shop import NAME
from tests.benchmarks.sink import Sink
from tests.shop_builder import ATTRIBUTES

_HERE = Path(__file__).parent
_POST_OFFICE = "segmail_post_office"
_ATTRIBUTES = [f"{list(ATTRIBUTES).index(code) + 1}" for code in ("firstname", "lastname")]


@dataclass(frozen=True)
class Peers:
    """The programs, on the benchmark's server and sink; `python` has Django, '' if none has."""

    server: URL
    sink: Sink
    folder: Path
    python: str

    def runs(self, count: int, schedule: Callable[[], None]) -> Iterator[tuple[str, Used]]:
        """Yield each peer's name and what it used for `count` mails."""
        schedule()
        socket = str(self.server.query["unix_socket"])
        arguments = [socket, NAME, f"{self.folder}/page", f"{self.sink.port}", *_ATTRIBUTES]
        yield "a loop by hand", self._run(sys.executable, "hand_loop.py", *arguments)
        if self.python:
            run(self.server, f"CREATE DATABASE IF NOT EXISTS {_POST_OFFICE} CHARSET utf8mb4")
            arguments = [socket, _POST_OFFICE, f"{self.folder}/page", f"{self.sink.port}"]
            self._run(self.python, "django_peer.py", "fill", *arguments, f"{count}")
            told = self._run(self.python, "django_peer.py", "send", *arguments, f"{count}")
            yield "django-post_office (delivery alone)", told

    def write_template(self, message: bytes) -> None:
        """Make the peers' template of a mail that segmail wrote to the first customer."""
        mail = message_from_bytes(message, policy=policy.default)
        for kind, ending in (("html", "html"), ("plain", "txt")):
            part = mail.get_body((kind,))
            text = part.get_content() if part else ""
            for written, name in (("Ada 1 Lovelace 1", "name"), ("customer1@", "id"),
                                  ("Ada 1", "first"), ("code1", "id")):  # fmt: skip
                inside = {"customer1@": "customer{{ id }}@", "code1": "code{{ id }}"}
                text = text.replace(written, inside.get(written, f"{{{{ {name} }}}}"))
            (self.folder / f"page.{ending}").write_text(text, "utf-8")

    def _run(self, python: str, program: str, *arguments: str) -> Used:
        command = [python, "-W", "ignore", str(_HERE / program), *arguments]
        return measured_run(command, {"PATH": "/usr/bin:/bin"}, self.folder)[1]


def python_with(packages: Sequence[str], folder: Path) -> str:
    """Return a Python that has the packages, in a new environment in `folder`; '' without one."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    made = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *packages], check=False, capture_output=True
    )
    return "" if made.returncode else str(python)
