"""Logging in: by what, and that the password never leaves unencrypted or shows in an error."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import spnego

from segmail.errors import ConfigError
from segmail.transport.mail_url import Encryption, SmtpSettings
from segmail.transport.opener import opener_for
from segmail.transport.sasl import Account
from segmail.transport.smtp_login import log_in
from segmail.transport.smtp_wire import ConnectionBroken, Reply
from tests.sending import OneByOne, mailer_for, send
from tests.smtp_certificate import Certificate, make_certificate
from tests.smtp_server import Script, recording_server, scripted_server

PASSWORD = "s3cr3t p@ss/wörd#"
IN_URL = "s3cr3t%20p%40ss%2Fw%C3%B6rd%23"
TIM, TIMS = "tim", "tanstaaftanstaaf"  # RFC 2195's example
CHALLENGE = "<1896.697170952@postoffice.reston.mci.net>"
DIGEST = "b913a602c7eda7a495b4e6e7334d3890"
SHA1 = "8cb10ed0a8b764ab0e05125dd6eaa295f19b5943"  # by OpenSSL
OAUTH = f"{{}}\x01auth=Bearer {TIMS}\x01\x01"
NOT_LOOPBACK = "127.1"  # it is, but does not look so
OFFERS_LOGIN: Script = {"EHLO": "250-mail.test\n250 AUTH PLAIN"}


def _base64(text: str) -> str:
    return _encoded(text.encode())


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


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
        ("DIGEST-MD5 CRAM-SHA1", [CHALLENGE], ["AUTH CRAM-SHA1", _base64(f"{TIM} {SHA1}")]),
        ("GSSAPI XOAUTH2", [], [f"AUTH XOAUTH2 {_base64(OAUTH.format(f'user={TIM}'))}"]),
        ("OAUTHBEARER", [], [f"AUTH OAUTHBEARER {_base64(OAUTH.format(f'n,a={TIM},'))}"]),
        ("PLAIN\n250-AUTH=LOGIN", [], [f"AUTH PLAIN {_base64(chr(0) + TIM + chr(0) + TIMS)}"]),
        ("PLAIN", [""], [
            f"AUTH PLAIN {_base64(chr(0) + TIM + chr(0) + TIMS)}",
            _base64(chr(0) + TIM + chr(0) + TIMS),
        ]),
    ],
)  # fmt: skip
def test_the_login_is_the_first_known_one_offered(
    offered: str, challenges: list[str], said: list[str]
) -> None:
    answers = [*(f"334 {_base64(challenge)}" for challenge in challenges), "235 Welcome"]
    script = {
        "EHLO": f"250-mail.test\n250-AUTH {offered}\n250 HELP",
        "AUTH": answers[0],
        "response": answers[1:] or "500",
    }

    with scripted_server(script) as server, mailer_for(server.url(login=f"{TIM}:{TIMS}")) as mailer:
        send(mailer)

    assert server.commands[1:-4] == said


def test_a_password_longer_than_a_command_is_sent_when_it_is_asked_for() -> None:
    token = "t" * 2_000
    script = {
        "EHLO": "250-mail.test\n250 AUTH PLAIN",
        "AUTH": "334 ",
        "response": ["235 Welcome"],
    }

    with scripted_server(script) as server, mailer_for(server.url(login=f"shop:{token}")) as mailer:
        send(mailer)

    assert server.commands[1:3] == ["AUTH PLAIN", _base64(f"\0shop\0{token}")]


def test_a_login_that_is_announced_and_not_taken_is_followed_by_the_next() -> None:
    script = {
        "EHLO": "250-mail.test\n250 AUTH PLAIN LOGIN",
        "AUTH": ["504 5.5.4 Unrecognized authentication type", f"334 {_base64('Username:')}"],
        "response": [f"334 {_base64('Password:')}", "235 Welcome"],
    }

    with scripted_server(script) as server, mailer_for(server.url(login="tim:secret")) as mailer:
        send(mailer)

    assert server.commands[2:5] == ["AUTH LOGIN", _base64("tim"), _base64("secret")]


def test_scram_is_spoken_as_its_standard_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dialogue of RFC 7677, section 3."""
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _: "rOprNGfwEbeRWgbNEkqO")
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    asked = f"r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    verified = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    said, ask = _challenging(asked, verified)

    reply = log_in(ask, "SCRAM-SHA-256", Account("user", "pencil", "mail.test"))

    assert reply is not None
    assert reply.code == 235
    assert said == [
        f"AUTH SCRAM-SHA-256 {_base64('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')}",
        _base64(f"c=biws,r={nonce},p={proof}"),
        "",
    ]


@pytest.mark.parametrize(
    ("user", "password", "nonce", "response", "proof"),
    [
        (
            "uml@mail.test",
            "pässwörd",
            "+qcVUzzM3sPkuOy8Xh93YPMo7LjdPu2jMSFCA2N+F7Y=",
            "f86d1b709bb5f356cc65b2d5e98024bc",
            "7639e9dd831b6864a18dd93bdbdfd944",
        ),
        (
            "eur@mail.test",
            "€uro\U0001f511",
            "DJearCJTeBxNrO2yb+rKZ5rF2ZY33yFySLwWZ8Mi4PU=",
            "9f30276df88bc508fe43db9e597b4bc3",
            "3569318be55cc4eb2fada8815f3f80a6",
        ),
    ],
)
def test_digest_md5_is_spoken_as_cyrus_sasl_took_it(
    monkeypatch: pytest.MonkeyPatch,
    user: str,
    password: str,
    nonce: str,
    response: str,
    proof: str,
) -> None:
    """Recorded: what is in Latin-1 is hashed so, other passwords as UTF-8."""
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _: "OA6MHXh6VqTrRk")
    said, ask = _challenging(
        f'nonce="{nonce}",realm="other.test",realm="mail.test",qop="auth,auth-int",charset=utf-8,'
        "algorithm=md5-sess",
        f"rspauth={proof}",
    )

    reply = log_in(ask, "DIGEST-MD5", Account(user, password, "127.0.0.1"))

    assert reply is not None
    assert reply.code == 235
    assert [base64.b64decode(line).decode() for line in said[1:]] == [
        f'charset=utf-8,username="{user}",realm="mail.test",nonce="{nonce}",'
        'cnonce="OA6MHXh6VqTrRk",nc=00000001,qop=auth,digest-uri="smtp/127.0.0.1",'
        f"response={response}",
        "",
    ]


@pytest.mark.parametrize("password", ["Pa55w0rd!", "pässwörd€"])
def test_ntlm_is_taken_by_a_server_that_knows_the_password(
    password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Exchange does it: the first challenge is a word, and no Base64."""
    users = tmp_path / "users"
    users.write_text(f"SHOP:maho:{password}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)

    def ask(command: str) -> Reply:
        if command.startswith("AUTH"):
            return Reply(334, ("NTLM supported",))
        try:
            answer = context.step(base64.b64decode(command))
        except spnego.exceptions.SpnegoError:
            return Reply(535, ("5.7.3 Authentication unsuccessful",))
        return Reply(235, ("2.7.0 ok",)) if answer is None else Reply(334, (_encoded(answer),))

    reply = log_in(ask, "GSSAPI NTLM", Account("SHOP\\maho", password, "mail.test"))

    assert reply == Reply(235, ("2.7.0 ok",))


@pytest.mark.parametrize("mechanism", ["DIGEST-MD5", "NTLM", "SCRAM-SHA-1"])
@pytest.mark.parametrize("challenge", ["", _base64("nonsense"), "no base 64", _base64('nonce="\\')])
def test_a_challenge_without_meaning_is_the_servers_fault(mechanism: str, challenge: str) -> None:
    with pytest.raises(ConnectionBroken, match="login challenge that is n"):
        log_in(lambda _: Reply(334, (challenge,)), mechanism, Account("user", "pencil", "h.test"))


def test_a_token_logs_in_by_the_way_of_tokens_and_an_error_comes_to_its_end() -> None:
    token = "eyJ0" + "x" * 300
    said, ask = _challenging('{"status":"401"}', code=535)

    reply = log_in(ask, "LOGIN PLAIN XOAUTH2", Account("shop@example.com", token, "mail.test"))

    assert reply is not None
    assert reply.code == 535
    assert said == [
        f"AUTH XOAUTH2 {_base64(f'user=shop@example.com{chr(1)}auth=Bearer {token}{chr(1) * 2}')}",
        "",
    ]


def test_a_server_that_does_not_know_the_password_itself_is_not_trusted() -> None:
    def ask(command: str) -> Reply:
        if command.startswith("AUTH"):
            first = base64.b64decode(command.rpartition(" ")[2]).decode()
            nonce = first.rpartition("r=")[2]
            return Reply(334, (_base64(f"r={nonce}x,s={_base64('salt')},i=1"),))
        return Reply(334, (_base64("v=nonsense"),))

    with pytest.raises(ConnectionBroken, match="does not prove"):
        log_in(ask, "SCRAM-SHA-256", Account("user", "pencil", "mail.test"))


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


@pytest.mark.parametrize(
    ("offered", "options", "told"),
    [
        ("AUTH GSSAPI EXTERNAL", "", "offers GSSAPI, EXTERNAL to log in, and segmail knows PLAIN"),
        ("AUTH PLAIN LOGIN", "auth=xoauth2", "offers PLAIN, LOGIN to log in, and not XOAUTH2"),
        ("HELP", "", "offers no login; use another port, or leave out the user name"),
        ("STARTTLS", "starttls=never", "offers no login as long as it is not encrypted; leave out"),
    ],
)
def test_a_server_without_a_login_that_can_be_used_is_misconfigured(
    offered: str, options: str, told: str
) -> None:
    with (
        scripted_server({"EHLO": f"250-mail.test\n250 {offered}"}) as server,
        mailer_for(server.url(options, login="shop:secret")) as mailer,
        pytest.raises(ConfigError, match=told),
    ):
        send(mailer)


def test_a_person_may_say_by_what_to_log_in() -> None:
    with (
        scripted_server({"EHLO": "250-mail.test\n250 AUTH PLAIN XOAUTH2"}) as server,
        mailer_for(server.url("auth=xoauth2", login=f"{TIM}:{TIMS}")) as mailer,
    ):
        send(mailer)

    assert server.commands[1] == f"AUTH XOAUTH2 {_base64(OAUTH.format(f'user={TIM}'))}"


@pytest.mark.parametrize("encryption", ["auto", "always"])
def test_a_password_does_not_leave_unencrypted(encryption: Encryption) -> None:
    with scripted_server(OFFERS_LOGIN) as server:
        settings = SmtpSettings(NOT_LOOPBACK, server.port, "shop", PASSWORD, encryption)
        with pytest.raises(ConfigError, match="offers no encryption"):
            send(OneByOne(opener_for(settings)))

    assert [command.split()[0] for command in server.commands] == ["EHLO"]


def test_a_password_leaves_unencrypted_only_on_demand() -> None:
    with scripted_server(OFFERS_LOGIN) as server:
        settings = SmtpSettings(NOT_LOOPBACK, server.port, "shop", PASSWORD, "never")
        with closing(OneByOne(opener_for(settings))) as mailer:
            send(mailer)

    assert len(server.messages) == 1


def test_nothing_shows_a_password() -> None:
    settings = SmtpSettings("mail.example.com", 587, "shop", PASSWORD)

    assert list(_secrets_in(repr(settings))) == []


def _challenging(*challenges: str, code: int = 235) -> tuple[list[str], Callable[[str], Reply]]:
    """Return what a server is told, and how it answers: with the challenges, then with the code."""
    said: list[str] = []

    def ask(command: str) -> Reply:
        said.append(command)
        if len(said) <= len(challenges):
            return Reply(334, (_base64(challenges[len(said) - 1]),))
        return Reply(code, ("So be it",))

    return said, ask


def _secrets_in(text: str) -> Iterator[str]:
    encoded = _base64(f"\0shop\0{PASSWORD}")
    yield from (secret for secret in (PASSWORD, IN_URL, encoded) if secret in text)
