"""Runs `process-emails` on a test shop and tells what came of it."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

from segmail.clock import Clock
from segmail.delivery.job import Job, Options
from segmail.delivery.process import process_emails
from segmail.delivery.rows.outcome import Outcome, Status
from segmail.delivery.summary import Summary
from segmail.maho.config.store_config import StoreConfig
from segmail.settings import (
    DeliverySettings,
    MessageSettings,
    SendingRuleSettings,
    Settings,
    TemplateSettings,
)
from tests.shop_builder import ShopBuilder

FOLDER = "a folder of .eml files"


@dataclass(frozen=True)
class Ran:
    """What a run did: its summary, every outcome, and the messages in its folder."""

    summary: Summary
    outcomes: list[Outcome]
    messages: list[bytes]

    @cached_property
    def mails(self) -> list[EmailMessage]:
        """The messages, parsed for tests that look into them: that takes longer than sending."""
        return [read_mail(message) for message in self.messages]

    @property
    def recipients(self) -> list[str]:
        return sorted(str(mail["To"].addresses[0].addr_spec) for mail in self.mails)

    def count(self, status: Status) -> int:
        return self.summary.counts[status]


class StillClock(Clock):
    """Stands still, so that what a slow machine takes long for happens at the same second."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(moment)
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


class JumpingClock(Clock):
    """Goes ten seconds ahead each time somebody looks at it."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._looks = 0

    def now(self) -> datetime:
        self._looks += 1
        return super().now() + timedelta(seconds=10 * self._looks)


@dataclass
class Runner:
    """Runs jobs on one shop; mails go into a folder, to `smtp_url`, or (None) where Maho says."""

    shop: ShopBuilder
    folder: Path
    state: str = "state"
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    message: MessageSettings = field(default_factory=MessageSettings)
    templates: TemplateSettings = field(default_factory=TemplateSettings)
    rules: SendingRuleSettings = field(default_factory=SendingRuleSettings)

    def job(
        self,
        *,
        smtp_url: str | None = FOLDER,
        now: datetime | None = None,
        clock: Clock | None = None,
    ) -> Job:
        with self.shop.read() as tx:
            config = StoreConfig.load(tx)
        settings = Settings(
            state_dir=self.folder / self.state,
            smtp_url=f"file://{self.folder}/mails" if smtp_url == FOLDER else smtp_url,
            delivery=self.delivery,
            message=self.message,
            templates=self.templates,
            sending_rules=self.rules,
        )
        return Job(self.shop.shop, config, settings, clock or StillClock(now or self.shop.now))

    def __call__(
        self,
        *,
        smtp_url: str | None = FOLDER,
        now: datetime | None = None,
        clock: Clock | None = None,
        during: Callable[[Job], None] = lambda _job: None,
        **options: Any,
    ) -> Ran:
        job = self.job(smtp_url=smtp_url, now=now, clock=clock)
        during(job)
        outcomes: list[Outcome] = []
        before = set(self._files())
        summary = process_emails(job, Options(**options), on_outcomes=outcomes.extend)
        new = sorted(set(self._files()) - before)
        return Ran(summary, outcomes, [file.read_bytes() for file in new])

    def _files(self) -> list[Path]:
        return list((self.folder / "mails").glob("*.eml"))


def read_mail(data: bytes) -> EmailMessage:
    """Parse a message as a mail reader does."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def shown(mail: EmailMessage) -> str:
    """Return what most mail readers show: the HTML where there is one, else the text."""
    part = mail.get_body(("html", "plain"))
    assert isinstance(part, EmailMessage)
    content: str = part.get_content()
    return content
