"""Mail servers on loopback for tests: one that takes mail, one that misbehaves on cue.

with recording_server(refuse={"gone@example.com": "550 5.1.1 No such user"}) as server:
    ...  # server.port, server.url(), server.messages

with scripted_server({"RCPT": "451 4.3.0 Later"}, {"end": Fault.DROP}) as server:
    ...  # the first connection answers RCPT so, all later ones drop after the message
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.smtp_certificate import Certificate
from tests.smtp_script import (
    ENDLESS,
    NO_ANSWER,
    STAGES,
    Answer,
    Fault,
    Message,
    Script,
    ScriptedConnection,
    Server,
)

__all__ = [
    "ENDLESS", "NO_ANSWER", "STAGES", "Answer", "Fault", "Message", "Script", "Server",
    "closed_port", "recording_server", "scripted_server",
]  # fmt: skip


FULL: Script = {"greeting": "421 4.7.0 Too many concurrent connections", "EHLO": Fault.DROP}


@contextmanager
def recording_server(
    *,
    login: tuple[str, str] | None = None,
    certificate: Certificate | None = None,
    encrypted: bool = False,
    refuse: Mapping[str, str] | None = None,
    utf8: bool = True,
) -> Iterator[Server]:
    """Run a server that records what it accepts.

    It demands `login` (user, password) before MAIL, offers STARTTLS with a `certificate` (with
    `encrypted`, speaks TLS from the start), and answers MAIL and RCPT for the addresses in `refuse`
    with the reply there. It offers SMTPUTF8 unless `utf8` is False.
    """
    server = Server()
    context = _server_context(certificate)
    handler = _Recorder(server, refuse or {}, needs_login=login is not None)

    def authenticate(*call: Any) -> AuthResult:
        given = call[4]
        is_right = (given.login.decode(), given.password.decode()) == login
        return AuthResult(success=is_right, handled=False)

    def protocol() -> SMTP:
        server.connections += 1
        return SMTP(
            handler,
            hostname="mail.test",
            enable_SMTPUTF8=utf8,
            auth_require_tls=False,
            auth_exclude_mechanism=() if login else ("LOGIN", "PLAIN"),
            authenticator=authenticate,
            tls_context=None if encrypted else context,
        )

    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:
        server.port = listener.getsockname()[1]
        stack.enter_context(_serving(protocol, listener, context if encrypted else None))
        yield server


@contextmanager
def scripted_server(
    script: Script | None = None,
    *more: Script,
    certificate: Certificate | None = None,
    room: int = 1_000,
) -> Iterator[Server]:
    """Run a server that follows a script: what to answer at each of `STAGES`.

    The first connection follows the first script, the last script serves all later ones. A list
    of answers is used up one at a time within a connection; its last one serves all later ones.
    While it serves `room` connections, it greets others with `FULL`.
    """
    server = Server()
    scripts = (script or {}, *more)
    context = _server_context(certificate)
    over = threading.Event()
    opened: list[tuple[ScriptedConnection, threading.Thread]] = []

    def accept() -> None:
        with suppress(OSError):  # the listener is shut down at the end
            while True:
                connection = listener.accept()[0]
                chosen = scripts[min(server.connections, len(scripts) - 1)]
                server.connections += 1
                served = sum(thread.is_alive() for _, thread in opened)
                chosen = chosen if served < room else FULL
                server.at_once = max(server.at_once, min(served + 1, room))
                dialogue = ScriptedConnection(connection, chosen, server, over, context)
                opened.append((dialogue, threading.Thread(target=dialogue.run)))
                opened[-1][1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:
        server.port = listener.getsockname()[1]
        stack.callback(_end_all, over, opened)
        stack.enter_context(_thread(accept))
        stack.callback(listener.shutdown, socket.SHUT_RDWR)
        yield server


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class _Recorder:
    """The hooks that aiosmtpd calls."""

    def __init__(self, server: Server, refuse: Mapping[str, str], *, needs_login: bool) -> None:
        self._server = server
        self._refuse = refuse
        self._needs_login = needs_login

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._needs_login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if address in self._refuse:
            return self._refuse[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if address in self._refuse:
            return self._refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = Message(envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        self._server.received.append(message)
        self._server.messages.append(message)
        self._server.accepted.set()
        return f"250 2.0.0 Ok: queued as {len(self._server.messages):06d}"


def _server_context(certificate: Certificate | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


@contextmanager
def _thread(target: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=target)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _end_all(
    over: threading.Event, opened: list[tuple[ScriptedConnection, threading.Thread]]
) -> None:
    over.set()
    for dialogue, thread in opened:
        dialogue.hang_up()
        thread.join()


@contextmanager
def _serving(
    protocol: Callable[[], SMTP], listener: socket.socket, context: ssl.SSLContext | None
) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    started = threading.Event()

    def run() -> None:
        loop.run_until_complete(loop.create_server(protocol, sock=listener, ssl=context))
        started.set()
        loop.run_forever()
        loop.run_until_complete(_cancel_all())
        loop.close()

    with _thread(run):
        started.wait()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
