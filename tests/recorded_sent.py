"""Nine runs of Maho's own sending job in two releases, and the shop to run segmail on instead.

`golden/sent.json` has the rows of each table before and after a run, and the messages that left.
`newsletter_queue.customer_segment_ids`, always NULL, was left out: segmail does not know it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sqlalchemy import Numeric, Table, delete

from segmail.maho.db.column_types import LocalDateTime, UtcDateTime
from segmail.maho.reasons import SOURCE as REASON
from tests.jobs import read_mail, shown
from tests.shop_builder import ShopBuilder

Row = dict[str, Any]
State = dict[str, list[Row]]  # rows by table; the messages as `mail`, the exit code as `run`

NOW = "during the run"

_RECORDED = json.loads(Path(__file__).with_name("golden").joinpath("sent.json").read_text("utf-8"))
_SHOP: dict[str, Any] = _RECORDED["shop"]
_WRITTEN = (
    "customer_segment_sequence_progress",
    "newsletter_queue",
    "newsletter_queue_link",
    "newsletter_problem",
    "salesrule_coupon",
)
_LONGEST_RUN = timedelta(seconds=30)
_CODES = {
    "segmail": re.compile(r"\bWB(\d+)[BCDFGHJKMNPQRSTVWXYZ]{10}\b"),
    "Maho": re.compile(r"\bWB(\d+)[0-9A-F]{6}\b"),
}
_HEADERS = ("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted")
_CAMPAIGN_HEADERS = ("List-Id", "Feedback-ID", "X-Segmail")


@dataclass(frozen=True)
class Case:
    """A recorded run: of which release, when, and what there was before and after it."""

    release: str
    number: int
    name: str
    now: datetime
    recorded: Mapping[str, Any]

    @property
    def before(self) -> State:
        """The rows before the run."""
        return self.state(self.recorded["before"])

    @property
    def after(self) -> State:
        """What Maho left behind; its job always said that it was successful."""
        mails = [raw.encode() for raw in self.recorded["messages"]]
        return self.state(self.recorded["after"], mails=mails)

    def state(
        self, rows: Mapping[str, list[Row]], *, mails: Sequence[bytes] = (), exit_code: int = 0
    ) -> State:
        """Return rows, messages and exit code in the form in which they are compared."""
        state: State = {name: rows.get(name, []) for name in _WRITTEN}
        state |= {"mail": [_mail(mail) for mail in mails], "run": [{"exit": exit_code}]}
        return {
            name: [{key: self._plain(value) for key, value in row.items()} for row in told]
            for name, told in state.items()
        }

    def _plain(self, value: object) -> object:
        """Return text for times, NOW for those of the run itself, and names for coupon codes."""
        if isinstance(value, datetime):
            value = f"{value:%Y-%m-%d %H:%M:%S}"
        if not isinstance(value, str):
            return value
        if re.fullmatch(r"[-\d]+ [:\d]+", value):
            return NOW if self.now <= _utc(value) <= self.now + _LONGEST_RUN else value
        for maker, code in _CODES.items():
            value = code.sub(rf"[{maker}'s coupon for \1]", value)
        return value


def build(shop: ShopBuilder, case: Case) -> None:
    """Make of an empty test shop the recorded one, as it was before the run."""
    shop.database.transact(lambda c: c.execute(delete(shop.tables.store).filter_by(store_id=2)))
    for path, value in {**_SHOP["config"], **case.recorded.get("config", {})}.items():
        shop.config(path, value)
    for name, rows in [*_SHOP["rows"].items(), *case.recorded["before"].items()]:
        table = shop.tables.metadata.tables[name]
        shop.insert_all(table, [_typed(table, row) for row in rows])
    for customer_id, code, value in case.recorded["attributes"]:
        shop.attribute_value(customer_id, code, value)


def observe(shop: ShopBuilder, case: Case, *, mails: Sequence[bytes], exit_code: int) -> State:
    """Return what a run of segmail left behind, in the form of `Case.after`.

    The queue rows that tell why rows were skipped are left out: they are no mails, and Maho has
    nothing like them.
    """
    tables = shop.tables
    rows = {name: shop.rows(tables.metadata.tables[name]) for name in _WRITTEN}
    queue = rows[tables.queue.name]
    reasons = {row["queue_id"] for row in queue if row["automation_source"] == REASON}
    rows[tables.queue.name] = [row for row in queue if row["queue_id"] not in reasons]
    for row in rows[tables.progress.name]:
        row["queue_id"] = None if row["queue_id"] in reasons else row["queue_id"]
    return case.state(rows, mails=mails, exit_code=exit_code)


def _typed(table: Table, row: Row) -> Row:
    return {name: _value(table.c[name].type, value) for name, value in row.items()}


def _value(type_: object, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(type_, UtcDateTime):
        moment = _utc(value)
        return moment.replace(tzinfo=None) if isinstance(type_, LocalDateTime) else moment
    return Decimal(value) if isinstance(type_, Numeric) else value


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _mail(data: bytes) -> Row:
    """Return what a recipient's mail program shows and follows."""
    message = read_mail(data)
    page = _Page(shown(message))
    names = ("From", "To")
    boxes = {name: message[name].addresses[0] for name in names}
    return {
        **{name: (box.display_name, box.addr_spec) for name, box in boxes.items()},
        "Subject": str(message["Subject"]),
        **{name: message[name] and str(message[name]) for name in _HEADERS},
        "campaign": " ".join(name for name in _CAMPAIGN_HEADERS if name in message),
        "parts": " ".join(part["Content-Type"] for part in _parts(message)),
        "text": " ".join(page.text.split()),
        "links": " ".join(page.links),
    }


def _parts(message: EmailMessage) -> list[EmailMessage]:
    return [part for part in message.walk() if not part.is_multipart()]


class _Page(HTMLParser):
    """The visible text of a mail, and where its links and images lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self._is_style = False
        self.links: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        if not self._is_style:
            self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text += " "
        self._is_style = tag == "style"
        self.links += [value for name, value in attrs if name in ("href", "src") and value]

    def handle_endtag(self, tag: str) -> None:
        self._is_style = False


CASES = [
    Case(release, case["number"], case["case"], _utc(case["now"]), case)
    for release, cases in _RECORDED["releases"].items()
    for case in cases
]
