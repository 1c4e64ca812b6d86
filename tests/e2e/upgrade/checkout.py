"""A checkout with segmail's own launchers and a program that tells which version it is made of."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.upgrade import wheels
from tests.program import ROOT

# What it imports late tells of another version if its files are exchanged under it.
_PROGRAM = """
import sys, time

def main():
    if "--version" not in sys.argv:
        time.sleep(float(sys.argv[1]) if sys.argv[1:] else 0)
    import part
    from segmail import late
    import os
    print({version!r}, late.VERSION, part.VERSION, os.environ.get("SEGMAIL_NOT_UPGRADED", ""))
"""
_PROJECT = """
[build-system]
requires = []
build-backend = "wheels"
backend-path = ["segmail"]

[project]
name = "segmail"
version = "{version}"
"""


class Checkout:
    """A git checkout in `folder`, and beside it the registry that its packages come from."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "segmail"
        self.environments = self.root / ".environments"
        self._registry = folder / "registry"
        self._registry.mkdir()
        (self.root / "segmail").mkdir(parents=True)
        (self.root / "bin").mkdir()
        for launcher in ("segmail", "environment.sh"):
            shutil.copy(ROOT / "bin" / launcher, self.root / "bin")
        shutil.copy(Path(wheels.__file__), self.root / "segmail")
        (self.root / ".gitignore").write_text("/.environments/\n")
        self._git("init", "--quiet")
        self.commit("1")
        self._git("tag", "first")

    def commit(self, version: str) -> None:
        """Let the checkout be of this version: its code, and the package that its lock names."""
        modules = {"part.py": f"VERSION = {version!r}\n"}
        part = wheels.write_wheel(self._registry, "part", version, modules)
        digest = hashlib.sha256(part.read_bytes()).hexdigest()
        for path, text in {
            "requirements.lock": f"part=={version} --hash=sha256:{digest}\n",
            "pyproject.toml": _PROJECT.format(version=version),
            "segmail/__init__.py": _PROGRAM.format(version=version),
            "segmail/late.py": f"VERSION = {version!r}\n",
        }.items():
            (self.root / path).write_text(text)
        self._git("add", ".")
        self._git("commit", "--quiet", "--message", version)

    def back(self) -> None:
        """Go back to the commit before."""
        self._git("reset", "--quiet", "--hard", "HEAD~1")

    def to_first(self) -> None:
        """Go back to the first commit, and leave what was edited."""
        self._git("reset", "--quiet", "--hard", "first")

    def registry_goes_away(self) -> None:
        self._registry.rename(self._registry.with_name("away"))

    def registry_is_back(self) -> None:
        self._registry.with_name("away").rename(self._registry)

    def built(self) -> list[str]:
        """Return the names of the environments, without `current`."""
        return sorted(
            path.name
            for path in self.environments.iterdir()
            if path.is_dir() and not path.is_symlink()
        )

    def start(self, *arguments: str, user: int | None = None) -> subprocess.Popen[str]:
        """Start bin/segmail as cron does: nearly no environment, and no terminal."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.root),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self._registry),
        }
        return subprocess.Popen(
            [self.root / "bin" / "segmail", *arguments],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            user=user,
        )

    def run(self, *arguments: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run bin/segmail to its end."""
        with self.start(*arguments, user=user) as process:
            out, err = process.communicate(timeout=300)
            return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def _git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=self.root, check=True)


@contextmanager
def new_checkout() -> Iterator[Checkout]:
    """Yield a checkout that was never run; other users may enter its folder."""
    with tempfile.TemporaryDirectory(prefix="segmail-upgrade-") as folder:
        Path(folder).chmod(0o755)
        yield Checkout(Path(folder))
