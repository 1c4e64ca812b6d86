"""Messages written into a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmail.errors import ConfigError
from segmail.transport.file import prepare_folder
from segmail.transport.mail_url import FileSettings
from tests.sending import mailer_for, send

DATA = b"Subject: Hi\r\nMessage-ID: <17.4@example.com>\r\n\r\nMessage-ID: <no@no>\r\n"


def test_a_message_becomes_a_file_named_after_recipient_and_message(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "mails"

    with mailer_for(f"file://{folder}") as mailer:
        accepted = send(mailer, data=DATA)

    [path] = folder.iterdir()
    assert path.name == "ada@example_com.17_4@example_com.eml"
    assert path.read_bytes() == DATA
    assert accepted.reply == f"written to {path}"


def test_the_same_message_twice_is_two_files(tmp_path: Path) -> None:
    with mailer_for(f"file://{tmp_path}") as mailer:
        send(mailer, data=DATA)
        send(mailer, data=DATA)
        send(mailer, data=DATA)

    assert len(list(tmp_path.glob("*.eml"))) == 3


@pytest.mark.parametrize(
    "recipient", ["../../etc/passwd@x", "/etc/passwd@x", ".@x", "a b@x", "ä@x", "a" * 300 + "@x"]
)
def test_no_recipient_leads_out_of_the_folder(recipient: str, tmp_path: Path) -> None:
    folder = tmp_path / "mails"

    with mailer_for(f"file://{folder}") as mailer:
        send(mailer, recipient, data=b"Message-ID: <../../x>\r\n\r\n")

    [path] = tmp_path.rglob("*.eml")
    assert path.parent == folder
    assert len(path.name) < 200


def test_a_folder_that_cannot_be_made_is_told_before_any_message(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")

    with (
        pytest.raises(ConfigError, match=r"SEGMAIL_SMTP_URL: the folder .*taken/mails"),
        mailer_for(f"file://{tmp_path}/taken/mails"),
    ):
        pass


def test_a_folder_that_vanishes_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "mails"

    with mailer_for(f"file://{folder}") as mailer:
        folder.rmdir()
        with pytest.raises(ConfigError, match="No such file or directory"):
            send(mailer)


def test_the_look_whether_a_folder_can_be_written_follows_no_link(tmp_path: Path) -> None:
    folder, target = tmp_path / "mails", tmp_path / "target"
    folder.mkdir(mode=0o777)
    (folder / ".segmail.part").symlink_to(target)

    prepare_folder(FileSettings(folder))

    assert not target.exists()
    assert [path.name for path in folder.iterdir()] == [".segmail.part"]
