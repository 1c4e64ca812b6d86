"""Root goes on as the shop's user, where that user can."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PYTHON = Path("/usr/bin/python3")  # one that every user can run
_NOBODY = 65534
_CODE = """
import os, pathlib, sys
from segmail.shop_owner import become_owner
done = become_owner(pathlib.Path(sys.argv[1]), [pathlib.Path(file) for file in sys.argv[2:]])
print(done, os.getuid(), os.geteuid(), os.getgid(), os.getgroups())
"""

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not _PYTHON.exists(), reason="only root can become somebody else"
)


@pytest.fixture
def maho() -> Iterator[Path]:
    # pytest's own folders can be entered by their user alone.
    with tempfile.TemporaryDirectory(prefix="segmail-maho-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "app/etc").mkdir(parents=True)
        (root / "var").mkdir()
        (root / "app/etc/local.xml").write_text("<config/>")
        yield root


def become(maho: Path, *needed: Path) -> str:
    ran = subprocess.run(
        [_PYTHON, "-c", _CODE, maho, *needed],
        env={"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return ran.stdout.strip()


def test_a_shop_of_roots_is_served_as_root(maho: Path) -> None:
    assert become(maho).startswith("False 0 0 0")


def test_root_becomes_the_owner_of_var_with_its_group_alone(maho: Path) -> None:
    os.chown(maho / "var", _NOBODY, _NOBODY)

    assert become(maho) == f"True {_NOBODY} {_NOBODY} {_NOBODY} [{_NOBODY}]"


def test_root_stays_where_the_owner_could_not_read_what_is_needed(maho: Path) -> None:
    os.chown(maho / "var", _NOBODY, _NOBODY)
    secret = maho / "secret"
    secret.touch(0o600)

    assert become(maho, secret).startswith("False 0 0 0")
    (maho / "app/etc/local.xml").chmod(0o600)
    assert become(maho).startswith("False 0 0 0")
