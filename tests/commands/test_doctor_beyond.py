"""`doctor --connect` and `--dns`: what is wrong beyond the database, and its printed cure."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from segmail.cli import program
from tests.dns_server import Records, dns_server
from tests.shop_builder import ShopBuilder
from tests.smtp_certificate import make_certificate
from tests.smtp_server import closed_port, recording_server, scripted_server

LOGIN = ("shop", "hunter2")


def doctor(
    shop: ShopBuilder, folder: Path, *options: str, smtp_url: str = "file:///mails", toml: str = ""
) -> list[tuple[str, str, str]]:
    """Return severity, what and advice of the findings of the areas that are asked for."""
    config = folder / "segmail.toml"
    config.write_text(toml)
    where = ["--database-url", shop.url.render_as_string(hide_password=False)]
    common = ["--now", "2026-03-10 12:00", "--state-dir", str(folder), "--config", str(config)]
    result = CliRunner().invoke(
        program,
        [*where, *common, "doctor", "--json", *options],
        env={"SEGMAIL_SMTP_URL": smtp_url},
    )
    assert result.exit_code in (0, 78), result.output
    assert LOGIN[1] not in result.output
    return [
        (one["severity"], one["what"], one["advice"])
        for one in json.loads(result.stdout)
        if one["area"] in ("mail server", "sender domains")
    ]


def severities(found: list[tuple[str, str, str]]) -> list[str]:
    return [severity for severity, _, _ in found]


@pytest.fixture
def engine_name() -> str:
    return "sqlite"


@pytest.fixture
def asked(shop: ShopBuilder) -> ShopBuilder:
    """A shop with a step, whose sender is shop@example.test."""
    shop.step(shop.segment())
    return shop


def test_nobody_is_asked_unless_somebody_says_so(asked: ShopBuilder, tmp_path: Path) -> None:
    with recording_server() as server:
        assert doctor(asked, tmp_path, smtp_url=server.url()) == []
        assert server.connections == 0


def test_a_server_that_would_take_mails_is_left_without_one(
    asked: ShopBuilder, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path)
    with recording_server(login=LOGIN, certificate=certificate) as server:
        url = (
            f"smtp://{LOGIN[0]}:{LOGIN[1]}@127.0.0.1:{server.port}"
            f"?starttls=always&cafile={certificate.certificate}"
        )
        [(severity, what, _)] = doctor(asked, tmp_path, "--connect", smtp_url=url)

    assert (severity, server.messages) == ("ok", [])
    assert "answers, encrypted, with a login; it takes messages up to 33,554,432 bytes" in what


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ({"greeting": "554 5.3.2 No"}, "greets with `554 5.3.2 No`"),
        (
            {"EHLO": "250-mail.test\n250 AUTH PLAIN", "AUTH": "535 5.7.8 Wrong"},
            "refuses the user name and password",
        ),
    ],
)
def test_a_server_that_refuses_is_an_error_in_its_words(
    asked: ShopBuilder, tmp_path: Path, script: dict[str, str], told: str
) -> None:
    with scripted_server(script) as server:
        url = f"smtp://{LOGIN[0]}:{LOGIN[1]}@127.0.0.1:{server.port}"
        [(severity, what, _)] = doctor(asked, tmp_path, "--connect", smtp_url=url)

    assert severity == "error"
    assert told in what


def test_a_certificate_that_nobody_trusts_is_an_error(asked: ShopBuilder, tmp_path: Path) -> None:
    with recording_server(certificate=make_certificate(tmp_path)) as server:
        url = f"smtp://127.0.0.1:{server.port}?starttls=always"
        [(severity, what, _)] = doctor(asked, tmp_path, "--connect", smtp_url=url)

    assert (severity, "not trusted" in what) == ("error", True)


def test_a_server_that_is_away_is_an_error_with_a_command_that_shows_it(
    asked: ShopBuilder, tmp_path: Path
) -> None:
    port = closed_port()

    [(severity, what, advice)] = doctor(
        asked, tmp_path, "--connect", smtp_url=f"smtp://127.0.0.1:{port}"
    )

    assert (severity, "cannot be reached" in what) == ("error", True)
    assert advice.endswith(f"openssl s_client -connect 127.0.0.1:{port} -starttls smtp")


def test_a_template_that_the_server_will_not_take_is_an_error(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    shop.step(shop.segment(), shop.template("x" * 5_000))
    with scripted_server({"EHLO": "250-mail.test\n250 SIZE 4000"}) as server:
        found = doctor(shop, tmp_path, "--connect", smtp_url=f"smtp://127.0.0.1:{server.port}")

    assert found[0][0] == "error"
    assert "takes at most 4,000 bytes, and the longest template alone has 5,000" in found[0][1]


def test_a_mail_program_must_be_there_and_run(asked: ShopBuilder, tmp_path: Path) -> None:
    sendmail = tmp_path / "sendmail"
    url = f"sendmail://{sendmail}"

    def told() -> tuple[str, str]:
        return doctor(asked, tmp_path, "--connect", smtp_url=url)[0][:2]

    assert told()[0] == "error"
    sendmail.write_text("#!/bin/sh\n")
    assert (told()[0], "cannot be executed" in told()[1]) == ("error", True)
    sendmail.chmod(0o755)
    assert told() == ("ok", f"{sendmail} is there and can be executed.")


KEY = base64.b64encode(
    rsa.generate_private_key(65537, 2048)
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
GOOD: dict[tuple[str, str], list[str] | None] = {
    ("example.test", "TXT"): ['"google=1"', '"v=spf1 a:mail.example.test ~all"'],
    ("example.test", "MX"): ["10 mail.example.test."],
    ("_dmarc.example.test", "TXT"): ['"v=DMARC1; p=none"'],
    ("s1._domainkey.example.test", "TXT"): [f'"v=DKIM1; p={KEY[:200]}" "{KEY[200:]}"'],
}


def ask_dns(shop: ShopBuilder, folder: Path, records: Records) -> list[tuple[str, str, str]]:
    with dns_server(records) as port:
        toml = f'[doctor]\nnameserver = "127.0.0.1:{port}"\ndkim_selectors = ["s1"]\n'
        return doctor(shop, folder, "--dns", toml=toml)


def test_a_domain_in_order_says_so(asked: ShopBuilder, tmp_path: Path) -> None:
    assert ask_dns(asked, tmp_path, GOOD) == [
        ("ok", "example.test: SPF, DKIM and DMARC are there.", "")
    ]


_SHORT = base64.b64encode(b"x" * 162).decode()


@pytest.mark.parametrize(
    ("name", "kind", "records", "severity", "told"),
    [
        ("example.test", "TXT", [], "warning", "has no SPF record"),
        ("example.test", "TXT", ['"v=spf1 +all"'], "warning", "lets everybody send"),
        ("example.test", "TXT", ['"v=spf1 a ~all"', '"v=spf1 mx -all"'], "error", "2 SPF records"),
        ("example.test", "TXT", ['"v=spf1 include:example.test ~all"'], "error", "10 lookups"),
        ("example.test", "MX", ["0 ."], "warning", "takes no mail"),
        ("_dmarc.example.test", "TXT", [], "warning", "has no DMARC record"),
        ("_dmarc.example.test", "TXT", ['"v=DMARC1"'], "error", "says no policy"),
        ("s1._domainkey.example.test", "TXT", [], "warning", "has no DKIM key"),
        ("s1._domainkey.example.test", "TXT", ['"p="'], "warning", "was withdrawn"),
        ("s1._domainkey.example.test", "TXT", ['"p=%"'], "warning", "not Base64"),
        ("s1._domainkey.example.test", "TXT", [f'"p={_SHORT}"'], "warning", "than 2,048 bits"),
        ("example.test", "TXT", None, "warning", "the DNS could not be asked"),
    ],
)
def test_each_fault_of_a_record_is_told_and_cured_by_what_is_printed(
    asked: ShopBuilder, tmp_path: Path, name: str, kind: str, records: list[str] | None,
    severity: str, told: str,
) -> None:  # fmt: skip
    broken = GOOD | {(name, kind): records}

    [(found, what, advice)] = ask_dns(asked, tmp_path, broken)

    assert (found, told in what) == (severity, True), what
    if pasted := re.search(r'(\S+)\. IN (TXT|MX) (".*"|\S+ \S+)', advice):
        text = pasted[3].replace("p=…", f'p={KEY[:180]}" "{KEY[180:]}')
        cured = broken | {(pasted[1], pasted[2]): [text]}
        assert severities(ask_dns(asked, tmp_path, cured)) == ["ok"]


def test_a_record_of_the_domain_above_counts(shop: ShopBuilder, tmp_path: Path) -> None:
    shop.step(shop.segment(), shop.template(sender="shop@news.example.test"))
    below = {
        (name.replace("example.test", "news.example.test"), kind): value
        for (name, kind), value in GOOD.items()
        if not name.startswith("_dmarc")
    }

    found = ask_dns(shop, tmp_path, GOOD | below)

    assert severities(found) == ["ok"]


def test_without_a_selector_the_key_is_not_looked_at(asked: ShopBuilder, tmp_path: Path) -> None:
    with dns_server(GOOD) as port:
        toml = f'[doctor]\nnameserver = "127.0.0.1:{port}"\n'
        [(severity, what, advice)] = doctor(asked, tmp_path, "--dns", toml=toml)

    assert (severity, "no selector is named" in what) == ("note", True)
    assert 'dkim_selectors = ["NAME"]' in advice


def test_bounces_are_looked_for_where_they_go(asked: ShopBuilder, tmp_path: Path) -> None:
    elsewhere = {
        (name, kind): value
        for (name, kind), value in GOOD.items()
        if kind != "MX" and name != "example.test"
    }
    bounces: dict[tuple[str, str], list[str] | None] = {
        ("bounce.test", "TXT"): ['"v=spf1 mx ~all"'],
        ("bounce.test", "MX"): ["10 mx.bounce.test."],
    }
    with dns_server(elsewhere | bounces) as port:
        toml = f'[doctor]\nnameserver = "127.0.0.1:{port}"\ndkim_selectors = ["s1"]\n'
        found = doctor(
            asked, tmp_path, "--dns", toml=toml, smtp_url="file:///mails?sender=b@bounce.test"
        )

    assert severities(found) == ["ok"]


def test_dnspython_is_loaded_for_nobody_else() -> None:
    code = "import sys, segmail.commands.doctor; print('dns' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "False\n"
