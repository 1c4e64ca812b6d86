"""Encryption and login: what is insisted on, and what never leaves this machine."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from segmail.delivery.mail_url import Encryption, SmtpSettings
from segmail.delivery.open_mailer import mailer_factory
from segmail.errors import ConfigError, MailServerUnavailable
from tests.sending import mailer_for, send
from tests.smtp_certificate import Certificate, make_certificate
from tests.smtp_server import Fault, Script, recording_server, scripted_server

PATIENCE = "timeout=0.5"
PASSWORD = "s3cr3t p@ss/wörd#"
IN_URL = "s3cr3t%20p%40ss%2Fw%C3%B6rd%23"
TIM, TIMS = "tim", "tanstaaftanstaaf"  # RFC 2195's example
CHALLENGE = "<1896.697170952@postoffice.reston.mci.net>"
DIGEST = "b913a602c7eda7a495b4e6e7334d3890"
NOT_LOOPBACK = "127.1"  # it is, but does not look so
OFFERS_LOGIN: Script = {"EHLO": "250-mail.test\n250 AUTH PLAIN"}
OFFERS_TLS: Script = {"EHLO": "250-mail.test\n250 STARTTLS"}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


def test_a_message_goes_out_over_starttls(certificate: Certificate) -> None:
    options = f"starttls=always&cafile={certificate.certificate}"

    with (
        recording_server(certificate=certificate) as server,
        mailer_for(server.url(options)) as mailer,
    ):
        send(mailer)

    assert len(server.messages) == 1


def test_a_message_goes_out_over_smtps(certificate: Certificate) -> None:
    options = f"cafile={certificate.certificate}"

    with (
        recording_server(certificate=certificate, encrypted=True) as server,
        mailer_for(server.url(options, scheme="smtps")) as mailer,
    ):
        send(mailer)
        send(mailer)

    assert len(server.messages) == 2
    assert server.connections == 1


def test_a_large_message_goes_out_encrypted(certificate: Certificate) -> None:
    data = b"Subject: x\r\n\r\n" + b"0123456789ABCDE\r\n" * 10_000

    with (
        recording_server(certificate=certificate) as server,
        mailer_for(server.url(f"cafile={certificate.certificate}")) as mailer,
    ):
        send(mailer, data=data)

    assert server.messages[0].data == data


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    scheme: str, certificate: Certificate
) -> None:
    with (
        recording_server(certificate=certificate, encrypted=scheme == "smtps") as server,
        mailer_for(server.url(PATIENCE, scheme=scheme)) as mailer,
        pytest.raises(ConfigError, match=r"not trusted: self-signed certificate.*cafile=FILE"),
    ):
        send(mailer)

    assert server.messages == []


def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    other = make_certificate(tmp_path, "mail.example.com")

    with (
        recording_server(certificate=other) as server,
        mailer_for(server.url(f"cafile={other.certificate}")) as mailer,
        pytest.raises(ConfigError, match=r"not trusted: IP address mismatch"),
    ):
        send(mailer)


def test_a_certificate_that_is_over_is_not_trusted(tmp_path: Path) -> None:
    expired = make_certificate(tmp_path, days=-1)

    with (
        recording_server(certificate=expired) as server,
        mailer_for(server.url(f"cafile={expired.certificate}")) as mailer,
        pytest.raises(ConfigError, match=r"not trusted: certificate has expired"),
    ):
        send(mailer)


def test_only_an_explicit_option_takes_any_certificate(certificate: Certificate) -> None:
    with (
        recording_server(certificate=certificate) as server,
        mailer_for(server.url("verify=off&starttls=always")) as mailer,
    ):
        send(mailer)

    assert len(server.messages) == 1


def test_a_ca_file_that_cannot_be_used_is_told_before_any_message(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.pem cannot be used: .*No such file"):
        mailer_factory(SmtpSettings("127.0.0.1", cafile=tmp_path / "none.pem"))


def test_starttls_always_insists() -> None:
    with (
        scripted_server() as server,
        mailer_for(server.url("starttls=always")) as mailer,
        pytest.raises(ConfigError, match=r"offers no encryption \(STARTTLS\)"),
    ):
        send(mailer)

    assert server.received == []


def test_starttls_never_does_not_ask(certificate: Certificate) -> None:
    with (
        scripted_server(OFFERS_TLS) as server,
        mailer_for(server.url("starttls=never")) as mailer,
    ):
        send(mailer)

    assert "STARTTLS" not in server.commands
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"STARTTLS": "454 4.7.0 TLS not available"}, MailServerUnavailable),
        ({"STARTTLS": "421 4.7.0 Closing"}, MailServerUnavailable),
        ({"STARTTLS": "501 5.5.4 No"}, ConfigError),
        ({"STARTTLS": Fault.DROP}, MailServerUnavailable),
        ({"handshake": Fault.DROP}, MailServerUnavailable),
        ({"handshake": Fault.RESET}, MailServerUnavailable),
        ({"handshake": Fault.HANG}, MailServerUnavailable),
        ({"handshake": b"220 plain words\r\n"}, ConfigError),
    ],
)
def test_encryption_that_fails_sends_nothing(
    script: Script, error: type[ConfigError | MailServerUnavailable]
) -> None:
    with (
        scripted_server({**OFFERS_TLS, **script}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
        pytest.raises(error, match=rf"127\.0\.0\.1:{server.port}"),
    ):
        send(mailer)

    assert server.received == []


def test_words_slipped_in_before_the_handshake_are_not_believed(certificate: Certificate) -> None:
    script = {**OFFERS_TLS, "STARTTLS": "220 Go on\n250-mail.test\n250 AUTH PLAIN"}

    with (
        scripted_server(script, certificate=certificate) as server,
        mailer_for(server.url(f"{PATIENCE}&cafile={certificate.certificate}")) as mailer,
        pytest.raises(MailServerUnavailable, match="before the encryption"),
    ):
        send(mailer)


def test_smtps_at_a_port_that_speaks_plainly_says_what_to_mend() -> None:
    with (
        scripted_server() as server,
        mailer_for(server.url(PATIENCE, scheme="smtps")) as mailer,
        pytest.raises(ConfigError, match=r"is the port right\? smtps:// is encrypted"),
    ):
        send(mailer)


def test_a_login_opens_the_server(certificate: Certificate) -> None:
    options = f"starttls=always&cafile={certificate.certificate}"

    with (
        recording_server(login=("shop", PASSWORD), certificate=certificate) as server,
        mailer_for(server.url(options, login=f"shop:{IN_URL}")) as mailer,
    ):
        send(mailer)
        send(mailer)

    assert len(server.messages) == 2


@pytest.mark.parametrize(
    ("offered", "challenges", "said"),
    [
        ("PLAIN LOGIN CRAM-MD5", [], [f"AUTH PLAIN {_base64(chr(0) + TIM + chr(0) + TIMS)}"]),
        ("LOGIN CRAM-MD5", ["Username:", "Password:"], ["AUTH LOGIN", _base64(TIM), _base64(TIMS)]),
        ("XOAUTH2 cram-md5", [CHALLENGE], ["AUTH CRAM-MD5", _base64(f"{TIM} {DIGEST}")]),
    ],
)
def test_the_login_is_the_first_known_one_offered(
    offered: str, challenges: list[str], said: list[str]
) -> None:
    answers = [*(f"334 {_base64(challenge)}" for challenge in challenges), "235 Welcome"]
    script = {
        "EHLO": f"250-mail.test\n250 AUTH {offered}",
        "AUTH": answers[0],
        "response": answers[1:] or "500",
    }

    with scripted_server(script) as server, mailer_for(server.url(login=f"{TIM}:{TIMS}")) as mailer:
        send(mailer)

    assert server.commands[1:-4] == said


@pytest.mark.parametrize(
    "answer",
    [
        "535 5.7.8 Username and password not accepted",
        "535 Wrong: s3cr3t p@ss/wörd#",
        "501 Bad argument AHNob3AAczNjcjN0IHBAc3Mvd8O2cmQj",
        "334 more",
        "504 5.5.4 Unknown mechanism",
    ],
)
def test_a_wrong_password_is_told_without_the_password(answer: str) -> None:
    script = {"EHLO": "250-mail.test\n250 AUTH PLAIN", "AUTH": answer, "response": answer}

    with (
        scripted_server(script) as server,
        mailer_for(server.url(login=f"shop:{IN_URL}")) as mailer,
        pytest.raises(ConfigError, match=r"SEGMAIL_SMTP_URL.*refuses the user name") as refused,
    ):
        send(mailer)

    assert list(_secrets_in(str(refused.value))) == []


def test_a_server_without_a_known_login_is_misconfigured() -> None:
    with (
        scripted_server({"EHLO": "250-mail.test\n250 AUTH XOAUTH2 NTLM"}) as server,
        mailer_for(server.url(login="shop:secret")) as mailer,
        pytest.raises(ConfigError, match="offers no login that segmail knows"),
    ):
        send(mailer)


@pytest.mark.parametrize("encryption", ["auto", "always"])
def test_a_password_does_not_leave_unencrypted(encryption: Encryption) -> None:
    with scripted_server(OFFERS_LOGIN) as server:
        settings = SmtpSettings(NOT_LOOPBACK, server.port, "shop", PASSWORD, encryption)
        with pytest.raises(ConfigError, match="offers no encryption"):
            send(mailer_factory(settings)())

    assert [command.split()[0] for command in server.commands] == ["EHLO"]


def test_a_password_leaves_unencrypted_only_on_demand() -> None:
    with scripted_server(OFFERS_LOGIN) as server:
        settings = SmtpSettings(NOT_LOOPBACK, server.port, "shop", PASSWORD, "never")
        with closing(mailer_factory(settings)()) as mailer:
            send(mailer)

    assert len(server.messages) == 1


def test_nothing_shows_a_password() -> None:
    settings = SmtpSettings("mail.example.com", 587, "shop", PASSWORD)

    assert list(_secrets_in(repr(settings))) == []


def _secrets_in(text: str) -> Iterator[str]:
    encoded = _base64(f"\0shop\0{PASSWORD}")
    yield from (secret for secret in (PASSWORD, IN_URL, encoded) if secret in text)
