"""The program finds shop, key and mail server by Maho's own files alone."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from nacl.secret import SecretBox
from sqlalchemy import URL

from tests.golden_shops.golden_shop import FIRST_TWO_STEPS, GoldenShop
from tests.smtp_server import recording_server

KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
LOGIN = ("mailer@example.test", "s3cr3t p@ss/w#rd: %")

LOCAL_XML = """<?xml version="1.0"?>
<config>
    <global>
        <install><date><![CDATA[Sun, 22 Nov 2026 14:00:00 +0000]]></date></install>
        <crypt><key><![CDATA[{key}]]></key></crypt>
        <resources>
            <db><table_prefix><![CDATA[]]></table_prefix></db>
            <default_setup>
                <connection>
                    <host><![CDATA[{host}]]></host>
                    <username><![CDATA[{user}]]></username>
                    <password><![CDATA[{password}]]></password>
                    <dbname><![CDATA[{database}]]></dbname>
                    <initStatements><![CDATA[SET NAMES utf8]]></initStatements>
                    <model><![CDATA[mysql4]]></model>
                    <type><![CDATA[pdo_mysql]]></type>
                    <pdoType><![CDATA[]]></pdoType>
                    <active>1</active>
                </connection>
            </default_setup>
        </resources>
        <session_save><![CDATA[files]]></session_save>
    </global>
</config>
"""

# The test's own settings of the program would win over Maho's files.
NOTHING_ELSE = dict.fromkeys(
    ("SEGMAIL_DATABASE_URL", "SEGMAIL_STATE_DIR", "SEGMAIL_LOG_FILE", "SEGMAIL_SMTP_URL"), ""
)


def maho_root(folder: Path, url: URL) -> Path:
    """Make a folder that looks like Maho's, with a local.xml as its installer writes it."""
    port = f":{url.port}" if url.port else ""
    file = folder / "maho" / "app" / "etc" / "local.xml"
    file.parent.mkdir(parents=True)
    text = LOCAL_XML.format(
        key=KEY,
        host=url.query.get("unix_socket") or f"{url.host}{port}",
        user=url.username,
        password=url.password or "",
        database=url.database,
    )
    file.write_text(text, "utf-8")
    return folder / "maho"


def encrypted(text: str) -> str:
    """Encrypt as Maho does."""
    return base64.b64encode(SecretBox(bytes.fromhex(KEY)).encrypt(text.encode())).decode()


def use_mail_server(golden: GoldenShop, port: int) -> None:
    """Enter a mail server in Maho's configuration, with the account encrypted."""
    user, password = map(encrypted, LOGIN)
    golden.change(
        f"UPDATE core_config_data SET value = '{port}' WHERE path = 'system/smtp/port'",
        "INSERT INTO core_config_data (path, value) VALUES"
        f" ('system/smtp/username', '{user}'), ('system/smtp/password', '{password}')",
    )


def test_a_cron_line_needs_nothing_but_mahos_folder(golden: GoldenShop, tmp_path: Path) -> None:
    root = maho_root(tmp_path, golden.url)

    with recording_server(login=LOGIN) as server:
        use_mail_server(golden, server.port)
        command = ("--maho-root", str(root), "process-emails", "--limit", "1000")
        ran = golden.run(*command, now=FIRST_TWO_STEPS, env=NOTHING_ELSE)

    log = (root / "var/log/customer_segmentation.log").read_text("utf-8").splitlines()
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert len(server.messages) == 1000
    assert log[0].endswith("; `segmail take-over` switches them off")
    assert re.search(r": Processing \d+ scheduled email sequences$", log[1])
    assert re.fullmatch(
        r"2026-11-03 00:\d\d:\d\d: Email automation cron: processed 1000, failed 0 emails in "
        r"\d+\.\d\ds",
        log[-1],
    )
    assert list((root / "var/segmail").iterdir())


def test_the_other_commands_find_the_shop_too(golden: GoldenShop, tmp_path: Path) -> None:
    root = maho_root(tmp_path, golden.url)

    for command in (
        ("schema", "check"),
        ("report", "--format", "json"),
        ("cleanup-progress",),
        ("cleanup-coupons",),
        ("sequence", "list"),
        ("segment", "list"),
    ):
        ran = golden.run("--maho-root", str(root), *command, env=NOTHING_ELSE)

        assert (ran.returncode, ran.stderr) == (0, "")


def test_an_account_that_was_encrypted_with_another_key_is_named_and_not_shown(
    golden: GoldenShop, tmp_path: Path
) -> None:
    root = maho_root(tmp_path, golden.url)
    local_xml = root / "app/etc/local.xml"
    local_xml.write_text(local_xml.read_text("utf-8").replace(KEY, KEY[::-1]), "utf-8")
    use_mail_server(golden, 2525)
    before = golden.content_but_job_records()

    ran = golden.run("--maho-root", str(root), "process-emails", env=NOTHING_ELSE)

    assert ran.returncode == 78
    assert "system/smtp/username" in ran.stderr
    assert "system/smtp/password" in ran.stderr
    assert KEY[::-1] not in ran.stderr
    assert golden.content_but_job_records() == before
