"""A shell completes commands and options."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.program import ROOT


def segmail(*arguments: str, **env: str) -> str:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env}
    return subprocess.run(
        [sys.executable, "-m", "segmail", *arguments],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


@pytest.mark.parametrize(
    ("shell", "told"),
    [
        ("bash", "complete -o nosort -F"),
        ("zsh", "#compdef segmail"),
        ("fish", "complete --no-files"),
    ],
)
def test_each_shell_gets_its_script(shell: str, told: str) -> None:
    script = segmail("completion", shell)

    assert told in script
    assert f"_SEGMAIL_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("segmail sta", ["plain,status"]),
        ("segmail sequence va", ["plain,validate"]),
        ("segmail report --form", ["plain,--format"]),
    ],
)
def test_the_script_asks_the_program(words: str, found: list[str]) -> None:
    last = str(len(words.split()) - 1)

    told = segmail(_SEGMAIL_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=last)

    assert told.splitlines() == found


def test_bash_completes_by_the_script() -> None:
    program = f'segmail() {{ "{sys.executable}" -m segmail "$@"; }}'
    asked = (
        f'{program}; eval "$(segmail completion bash)"; COMP_WORDS=(segmail clean); COMP_CWORD=1; '
        "$(complete -p segmail | sed 's/.*-F \\([^ ]*\\).*/\\1/') segmail; echo \"${COMPREPLY[@]}\""
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        ["bash", "-c", asked], env=environment, capture_output=True, text=True, check=True
    )

    assert ran.stdout == "cleanup-progress cleanup-coupons\n"
