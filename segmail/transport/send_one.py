"""Sends one message over a connection of its own, and waits for it."""

from __future__ import annotations

from contextlib import closing

from segmail.mail.envelope import Envelope
from segmail.transport.connections import Connections, NotOpened, Opener
from segmail.transport.mailer import Accepted, Answered, GoAhead

_LOOK = 60.0  # seconds; every wait for a server has a time-out of its own


def send_one(opener: Opener, envelope: Envelope) -> Accepted:
    """Send one message; raises MessageError or what became of it (`segmail.transport.mailer`)."""
    with closing(Connections(opener)) as connections:
        connections.open_one()
        while True:
            for event in connections.poll(_LOOK):
                match event:
                    case NotOpened(error):
                        raise error
                    case GoAhead():
                        connections.open[0].hand_over()
                    case Answered():
                        return event.accepted()
            if (connection := connections.idle()) is not None:
                connection.introduce(envelope)
