"""Folders of campaign files: what counts, and what is never passed over without a word."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from segmail.campaigns.files import read_files
from segmail.errors import InputError

TEMPLATE = "templates:\n  - {name: Hello, subject: S, html: hello.html}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a campaign, and hidden ones."""
    (tmp_path / ".git").mkdir()
    for name in ("a.yaml", ".hidden.yaml", ".git/config.yaml"):
        (tmp_path / name).write_text(TEMPLATE)
    (tmp_path / "hello.html").write_text("<p>Hello</p>")
    return tmp_path


def faults(*given: Path) -> list[str]:
    return [
        str(fault) for file in read_files(list(map(str, given))) for fault in file.faults.told()
    ]


def test_a_file_counts_once_however_it_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "same.yaml").symlink_to("a.yaml")

    read = read_files([".", "a.yaml", str(folder / "a.yaml")])

    assert [file.campaign.name for file in read] == ["a.yaml"]


def test_what_two_files_describe_is_refused(folder: Path) -> None:
    (folder / "b").mkdir()
    (folder / "b" / "b.yml").write_text(
        TEMPLATE.replace("Hello", "HELLO").replace("hello", "../hello")
    )

    assert faults(folder) == [
        f"{folder}/b/b.yml:2: The template 'HELLO' is in {folder}/a.yaml:2, too: "
        "one file describes it."
    ]


@pytest.mark.parametrize("kind", ["link to nothing", "pipe"])
def test_what_cannot_be_read_is_told(folder: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(folder / "b.yaml")
    else:
        (folder / "b.yaml").symlink_to("nowhere.yaml")

    with pytest.raises(InputError, match=r"b\.yaml' cannot be read"):
        read_files([str(folder)])


def test_a_folder_that_may_not_be_read_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "closed"
    closed.mkdir()
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root, who runs tests, may read everything

    with pytest.raises(InputError, match="closed' cannot be read: Permission denied"):
        read_files([str(folder)])


@pytest.mark.parametrize("name", ["/dev/zero", "pipe.html", "b/"])
def test_a_text_is_of_a_plain_file(folder: Path, name: str) -> None:
    os.mkfifo(folder / "pipe.html")
    (folder / "b").mkdir()
    (folder / "a.yaml").write_text(TEMPLATE.replace("hello.html", name))

    [fault] = faults(folder)

    assert "a.yaml:2: 'html': There is no file" in fault
