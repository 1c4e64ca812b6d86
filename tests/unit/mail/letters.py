"""The letter that the tests of messages change."""

from __future__ import annotations

from datetime import UTC, datetime

from segmail.mail.message import Mail

LETTER = Mail(
    sender_name="Bench Shop",
    sender_email="shop@example.com",
    recipient_name="Ada Lovelace",
    recipient_email="ada@example.com",
    subject="Welcome, Ada!",
    body=b"<p>Hello</p>\r\n",
    html=True,
    message_id="<17.4@example.com>",
    date=datetime(2026, 3, 10, 12, 0, tzinfo=UTC),
)
