"""Encryption: what is insisted on, and which certificates are trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmail.errors import ConfigError, MailServerUnavailable
from segmail.transport.mail_url import SmtpSettings
from segmail.transport.opener import opener_for
from tests.sending import mailer_for, patience, send
from tests.smtp_certificate import Certificate, make_certificate
from tests.smtp_server import Answer, Fault, Script, recording_server, scripted_server

OFFERS_TLS: Script = {"EHLO": "250-mail.test\n250 STARTTLS"}


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
        mailer_for(server.url(patience(), scheme=scheme)) as mailer,
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
        opener_for(SmtpSettings("127.0.0.1", cafile=tmp_path / "none.pem"))


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
        ({"handshake": b"220 plain words\r\n"}, MailServerUnavailable),
        ({"handshake": b"250 " + b"plain words " * 2000 + b"\r\n"}, MailServerUnavailable),
    ],
)
def test_encryption_that_fails_sends_nothing(
    script: Script, error: type[ConfigError | MailServerUnavailable]
) -> None:
    with (
        scripted_server({**OFFERS_TLS, **script}) as server,
        mailer_for(server.url(patience(*script.values()))) as mailer,
        pytest.raises(error, match=rf"127\.0\.0\.1:{server.port}"),
    ):
        send(mailer)

    assert server.received == []


def test_words_slipped_in_before_the_handshake_are_not_believed(certificate: Certificate) -> None:
    script = {**OFFERS_TLS, "STARTTLS": "220 Go on\n250-mail.test\n250 AUTH PLAIN"}

    with (
        scripted_server(script, certificate=certificate) as server,
        mailer_for(server.url(f"{patience()}&cafile={certificate.certificate}")) as mailer,
        pytest.raises(MailServerUnavailable, match="before the encryption"),
    ):
        send(mailer)


def test_smtps_at_a_port_that_speaks_plainly_says_what_to_mend() -> None:
    with (
        scripted_server() as server,
        mailer_for(server.url(patience(), scheme="smtps")) as mailer,
        pytest.raises(ConfigError, match=r"is the port right\? smtps:// is encrypted"),
    ):
        send(mailer)


@pytest.mark.parametrize(
    ("scheme", "greeting", "right"),
    [
        ("smtp", Fault.DROP, "smtps"),
        ("smtp", b"\x15\x03\x01\0\x02\x02\x0a", "smtps"),  # a TLS alert: unexpected message
        ("smtps", Fault.DROP, "smtp"),
    ],
)
def test_a_port_that_begins_in_the_other_way_without_saying_so_is_told(
    scheme: str, greeting: Answer, right: str
) -> None:
    with (
        scripted_server({"greeting": greeting}) as server,
        mailer_for(server.url(patience(), scheme=scheme)) as mailer,
        pytest.raises(MailServerUnavailable, match=f"write {right}:// instead of {scheme}://"),
    ):
        send(mailer)
